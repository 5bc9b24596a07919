import type { Refusal } from '../model/refusal.js'

/** The form of a refused request's body: the OAuth members, or RFC 9457 problem details. */
export type RefusalBody = 'oauth' | 'problem'

/** A refusal as it goes over the wire. */
export interface RefusalResponse {
  readonly status: number
  /** The refusal's headers and the `Content-Type`. */
  readonly headers: Readonly<Record<string, string>>
  /** JSON text. */
  readonly body: string
}

/** Renders a refusal as an HTTP answer. */
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

/** The body of `token_missing` names no OAuth error either (RFC 6750 section 3.1), but is never without a code. */
const NO_OAUTH_ERROR = 'unauthorized'
function oauthOf(refusal: Refusal): Record<string, unknown> {
  return { error: refusal.error ?? NO_OAUTH_ERROR, error_description: refusal.description }
}

/** RFC 9110 section 15. Not from `node:http`, which takes longer to load than all of the library, also where no server of Node's runs. */
const STATUS_PHRASES: Readonly<Record<Refusal['status'], string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  503: 'Service Unavailable',
}

/** `about:blank`, so the title is the status phrase (RFC 9457 section 4.2.1). */
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
