import { oneOf, string } from '../../options/readers.js'
import { optional, type TableOf } from '../../options/reader.js'
import type { RefusalError } from './reasons.js'

/**
 * Format of the body of a refusal: `oauth` for `error` and `error_description`, `problem` for RFC 9457 problem
 * details.
 */
export type RefusalBody = 'oauth' | 'problem'

/** Options of `Refusal.toResponse()`. */
export interface RefusalResponseOptions {
  /**
   * Format of the body.
   *
   * @defaultValue `'oauth'`
   */
  readonly body?: RefusalBody
  /**
   * Protection space in the challenge (RFC 9110 section 11.5). Visible ASCII without spaces at its ends.
   *
   * @defaultValue the realm of the refusal, which is `'api'` unless a guard sets it
   */
  readonly realm?: string
}

/** Readers of {@link RefusalResponseOptions}. `withRealm()` checks the realm. */
export const RESPONSE_OPTIONS = {
  body: oneOf<RefusalBody>(['oauth', 'problem'], 'oauth'),
  realm: optional(string()),
} satisfies TableOf<RefusalResponseOptions>

/** The properties of a refusal that its body contains. */
interface Rendered {
  readonly status: 400 | 401 | 403 | 503
  readonly error: RefusalError | undefined
  readonly description: string
  readonly required: readonly string[] | undefined
}

/** Returns the body of a refusal, before JSON. */
export function bodyOf(refusal: Rendered, form: RefusalBody): object {
  return form === 'problem' ? problemOf(refusal) : oauthOf(refusal)
}

/** Returns the media type of a body. */
export function contentTypeOf(form: RefusalBody): string {
  return form === 'problem' ? 'application/problem+json' : 'application/json; charset=utf-8'
}

/** `error` in the body of `token_missing`. Its challenge has no error code (RFC 6750 section 3.1). */
const NO_OAUTH_ERROR = 'unauthorized'

/** What a caller may see of a refusal: the body of RFC 6749 section 5.2. */
export interface RefusalJson {
  /** OAuth error code (RFC 6750 section 3.1); `unauthorized` for a request without a token. */
  readonly error: string
  /** Sentence that is safe to send to the caller. */
  readonly error_description: string
}

/** Returns the body of RFC 6749 section 5.2. */
export function oauthOf(refusal: Rendered): RefusalJson {
  return { error: refusal.error ?? NO_OAUTH_ERROR, error_description: refusal.description }
}

/**
 * Status phrases of RFC 9110 section 15. `node:http` is not imported for them, because it takes longer to load than
 * this library.
 */
const STATUS_PHRASES: Readonly<Record<Rendered['status'], string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  503: 'Service Unavailable',
}

/** With the type `about:blank` the title is the status phrase (RFC 9457 section 4.2.1). */
function problemOf(refusal: Rendered): Record<string, unknown> {
  return {
    type: 'about:blank',
    title: STATUS_PHRASES[refusal.status],
    status: refusal.status,
    detail: refusal.description,
    error: refusal.error ?? NO_OAUTH_ERROR,
    ...(refusal.required === undefined ? {} : { scope: refusal.required.join(' ') }),
  }
}
