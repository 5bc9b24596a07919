/**
 * Why no token came, or why a request was not sent:
 *
 * - `credentials_refused`: the issuer does not know our client id, secret or key (`invalid_client`, any 401).
 * - `credentials_unavailable`: our own function or promise gave no secret or key.
 * - `request_refused`: the issuer will not give this client such a token (`invalid_scope`, `invalid_target`, …).
 * - `issuer_unavailable`: no answer, a time-out, 429, 5xx.
 * - `answer_unreadable`: an answer that is none of a token endpoint: HTML, a redirect, another `token_type`.
 * - `request_not_sent`: `source.fetch` would not send this request with a token: its origin is not allowed, its
 *   redirects lead nowhere.
 * - `source_closed`: the source was closed.
 */
export type TokenSourceReason =
  | 'credentials_refused'
  | 'credentials_unavailable'
  | 'request_refused'
  | 'issuer_unavailable'
  | 'answer_unreadable'
  | 'request_not_sent'
  | 'source_closed'

/** What is known of a failure. */
export interface TokenSourceFailure {
  readonly reason: TokenSourceReason
  /** What went wrong, without any secret, without a full stop. */
  readonly problem: string
  /** What to do about it, without a full stop. */
  readonly advice?: string | undefined
  readonly status?: number | undefined
  readonly code?: string | undefined
  readonly retryAfter?: number | undefined
  readonly cause?: Error | undefined
}

/** A token source has no token to give. The message says what to do; it never holds a secret, a key or a token. */
export class TokenSourceError extends Error {
  override readonly name = 'TokenSourceError'
  readonly reason: TokenSourceReason
  /** The HTTP status of the issuer's answer; undefined if none came. */
  readonly status: number | undefined
  /** The issuer's code: OAuth's `error`, Stytch's `error`, Clerk's `code`. */
  readonly code: string | undefined
  /** Seconds until the issuer is asked again: until then this error is the answer at once. */
  readonly retryAfter: number | undefined

  constructor(failure: TokenSourceFailure) {
    const { problem, advice, cause } = failure
    super(advice === undefined ? problem : `${problem}. ${advice}`, cause && { cause })
    this.reason = failure.reason
    this.status = failure.status
    this.code = failure.code
    this.retryAfter = failure.retryAfter
  }

  /** The same failure, told at another time. */
  withRetryAfter(seconds: number): TokenSourceError {
    const { reason, message: problem, status, code } = this
    return new TokenSourceError({ reason, problem, status, code, retryAfter: seconds })
  }
}
