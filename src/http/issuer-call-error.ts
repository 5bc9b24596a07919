/**
 * Why a call to an issuer failed:
 *
 * - `credentials_refused`: the issuer rejects the client id, secret or key (`invalid_client`, any 401).
 * - `credentials_unavailable`: the custom function or promise did not return a secret or key.
 * - `request_refused`: the issuer refuses the request itself (any other 4xx).
 * - `issuer_unavailable`: no response, a timeout, 408, 429 or 5xx.
 * - `answer_unreadable`: the response is not that of the API: HTML, a redirect, a missing member.
 */
export type IssuerCallReason =
  | 'credentials_refused'
  | 'credentials_unavailable'
  | 'request_refused'
  | 'issuer_unavailable'
  | 'answer_unreadable'

/** Properties of an {@link IssuerCallError}. */
export interface IssuerCallFailure {
  /** Name of the public function that failed. */
  readonly operation: string
  /** HTTP status of the response. */
  readonly status?: number | undefined
  /** Error code of the issuer. */
  readonly code?: string | undefined
  /** Request id of the issuer. */
  readonly requestId?: string | undefined
  /** Seconds to wait before the next call. */
  readonly retryAfter?: number | undefined
  /** Error of the connection. */
  readonly cause?: Error | undefined
}

/**
 * Base of the errors of `m2m-guard/client` and `m2m-guard/management`: a call to an issuer failed. The message says what to do
 * and never contains a secret, a key or a token.
 *
 * @example
 * ```ts
 * if (error instanceof IssuerCallError) console.error(error.operation, error.reason, error.requestId)
 * ```
 */
export abstract class IssuerCallError extends Error {
  /** Why the call failed: an {@link IssuerCallReason}, or a reason that only token sources have. */
  abstract readonly reason: string
  /** Name of the public function that failed, such as `clerkTokens.revoke`. Of a token source: `getToken` or `fetch`. */
  readonly operation: string
  /** HTTP status of the response; `undefined` if there was no response. */
  readonly status: number | undefined
  /** Error code of the issuer: `error` of OAuth, Clerk's `code`, Stytch's `error_type`, Authlete's `resultCode`. */
  readonly code: string | undefined
  /** Request id of the issuer, for its support. */
  readonly requestId: string | undefined
  /** Seconds to wait before the next call (`Retry-After`, RFC 9110 section 10.2.3). */
  readonly retryAfter: number | undefined

  constructor(message: string, failure: IssuerCallFailure) {
    super(message, failure.cause && { cause: failure.cause })
    this.operation = failure.operation
    this.status = failure.status
    this.code = failure.code
    this.requestId = failure.requestId
    this.retryAfter = failure.retryAfter
  }
}

/** OAuth error codes of temporary failures, although the status is 4xx (RFC 6749 section 4.1.2.1, RFC 8628 section 3.5). */
export const PASSING_CODES: readonly string[] = ['temporarily_unavailable', 'server_error', 'slow_down']

/** Returns the reason that the status and the error code of a response state. A status of `undefined`: there was no response. */
export function reasonOfResponse(status: number | undefined, code: string | undefined): IssuerCallReason {
  if (status === undefined || status >= 500 || status === 429 || status === 408) return 'issuer_unavailable'
  if (status < 400) return 'answer_unreadable'
  if (code !== undefined && PASSING_CODES.includes(code)) return 'issuer_unavailable'
  return status === 401 || code === 'invalid_client' ? 'credentials_refused' : 'request_refused'
}
