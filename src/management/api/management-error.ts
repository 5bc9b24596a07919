/** The vendor whose API was called. `'oauth'` is any OAuth 2 issuer. */
export type Vendor = 'clerk' | 'stytch' | 'authlete' | 'oauth'

/** Details of a failed call. */
export interface ManagementFailure {
  readonly vendor: Vendor
  /** Name of the public function: `clerkTokens.revoke`. */
  readonly operation: string
  /** The problem, without secrets. */
  readonly problem: string
  /** What the caller can do about it. */
  readonly advice?: string | undefined
  readonly status?: number | undefined
  readonly code?: string | undefined
  readonly requestId?: string | undefined
  readonly retryAfter?: number | undefined
  readonly isUncertain?: boolean | undefined
  readonly cause?: Error | undefined
}

/**
 * Error of a management operation. The message names the operation, the vendor's problem and what to do. It never
 * contains a key, a client secret or a token.
 */
export class ManagementError extends Error {
  /** Always `'ManagementError'`, also for errors of another copy of this package, where `instanceof` fails. */
  override readonly name = 'ManagementError'
  /** The vendor whose API was called. */
  readonly vendor: Vendor
  /** Name of the public function: `clerkTokens.revoke`. */
  readonly operation: string
  /** HTTP status of the response; `undefined` if there was no response. */
  readonly status: number | undefined
  /** Error code of the vendor: Clerk's `code`, Stytch's `error_type`, Authlete's `resultCode`, OAuth's `error`. */
  readonly code: string | undefined
  /** Request id of the vendor, for its support. */
  readonly requestId: string | undefined
  /** Seconds to wait before the next call (`Retry-After`, RFC 9110 section 10.2.3). */
  readonly retryAfter: number | undefined
  /**
   * `true` if it is unknown whether a requested change was made, because the connection failed or the response
   * was unreadable. Check the state before repeating the call.
   */
  readonly isUncertain: boolean

  constructor(failure: ManagementFailure) {
    super(messageOf(failure), failure.cause && { cause: failure.cause })
    this.vendor = failure.vendor
    this.operation = failure.operation
    this.status = failure.status
    this.code = failure.code
    this.requestId = failure.requestId
    this.retryAfter = failure.retryAfter
    this.isUncertain = failure.isUncertain ?? false
  }
}

function messageOf({ operation, problem, advice, requestId, isUncertain }: ManagementFailure): string {
  const sentences = [`${operation}: ${problem}${requestId === undefined ? '' : ` (request ${requestId})`}`]
  if (isUncertain === true)
    sentences.push('It is unknown whether the change was made: check before repeating it')
  if (advice !== undefined) sentences.push(advice)
  return sentences.join('. ')
}
