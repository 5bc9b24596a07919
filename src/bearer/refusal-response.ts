import type { Refusal } from '../model/refusal.js'

/**
 * Format of the body of a refusal: `oauth` for `error` and `error_description`, `problem` for RFC 9457 problem
 * details.
 */
export type RefusalBody = 'oauth' | 'problem'

/** HTTP response of a refusal. */
export interface RefusalResponse {
  readonly status: number
  /** Headers of the refusal, and `Content-Type`. */
  readonly headers: Readonly<Record<string, string>>
  /** JSON. */
  readonly body: string
}

/** Renders a refusal as an HTTP response. */
export function refusalResponse(refusal: Refusal, form: RefusalBody): RefusalResponse {
  const problem = form === 'problem'
  return {
    status: refusal.status,
    headers: {
      ...refusal.headers,
      'Content-Type': problem ? 'application/problem+json' : 'application/json; charset=utf-8',
    },
    body: JSON.stringify(problem ? problemOf(refusal) : oauthOf(refusal)),
  }
}

/** `error` in the body of `token_missing`. Its challenge has no error code (RFC 6750 section 3.1). */
const NO_OAUTH_ERROR = 'unauthorized'

function oauthOf(refusal: Refusal): Record<string, unknown> {
  return { error: refusal.error ?? NO_OAUTH_ERROR, error_description: refusal.description }
}

/**
 * Status phrases of RFC 9110 section 15. `node:http` is not imported for them, because it takes longer to load than
 * this library.
 */
const STATUS_PHRASES: Readonly<Record<Refusal['status'], string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  503: 'Service Unavailable',
}

/** With the type `about:blank` the title is the status phrase (RFC 9457 section 4.2.1). */
function problemOf(refusal: Refusal): Record<string, unknown> {
  return {
    type: 'about:blank',
    title: STATUS_PHRASES[refusal.status],
    status: refusal.status,
    detail: refusal.description,
    error: refusal.error ?? NO_OAUTH_ERROR,
    ...(refusal.required === undefined ? {} : { scope: refusal.required.join(' ') }),
  }
}
