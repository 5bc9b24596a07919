import { IssuerCallError } from '../http/issuer-call-error.js'
import type { TokenSourceReason } from '../model/token-source-event.js'

/** Details of a failure. */
export interface TokenSourceFailure {
  readonly reason: TokenSourceReason
  /** The problem, without secrets and without a full stop. */
  readonly problem: string
  /** What to do about it, without a full stop. */
  readonly advice?: string | undefined
  /** Name of the public function that failed. By default `getToken`; `fetch` for `request_not_sent`. */
  readonly operation?: string | undefined
  readonly requestId?: string | undefined
  readonly status?: number | undefined
  readonly code?: string | undefined
  readonly retryAfter?: number | undefined
  readonly cause?: Error | undefined
}

/** Error of a token source. The message says what to do and never contains a secret, a key or a token. */
export class TokenSourceError extends IssuerCallError {
  /** Always `'TokenSourceError'`, also for errors of another copy of this package, where `instanceof` fails. */
  override readonly name = 'TokenSourceError'
  /** Why no token was obtained, or why a request was not sent. */
  override readonly reason: TokenSourceReason

  constructor(failure: TokenSourceFailure) {
    const { problem, advice, reason } = failure
    const operation = failure.operation ?? (reason === 'request_not_sent' ? 'fetch' : 'getToken')
    super(advice === undefined ? problem : `${problem}. ${advice}`, { ...failure, operation })
    this.reason = reason
  }

  /**
   * Returns the same failure with another `retryAfter`, in seconds.
   *
   * @example
   * ```ts
   * throw error.withRetryAfter(30)
   * ```
   */
  withRetryAfter(seconds: number): TokenSourceError {
    const { reason, operation, message: problem, status, code, requestId, cause } = this
    return new TokenSourceError({
      reason,
      operation,
      problem,
      status,
      code,
      requestId,
      retryAfter: seconds,
      cause: cause instanceof Error ? cause : undefined,
    })
  }
}
