/** Whose management API is meant. */
export type Vendor = 'clerk' | 'stytch' | 'authlete' | 'oauth'

/** What is known of a call that failed. */
export interface ManagementFailure {
  readonly vendor: Vendor
  /** `clerkTokens.revoke` */
  readonly operation: string
  /** What went wrong, without any secret. */
  readonly problem: string
  /** What whoever called can do about it. */
  readonly advice?: string | undefined
  readonly status?: number | undefined
  readonly code?: string | undefined
  readonly requestId?: string | undefined
  readonly retryAfter?: number | undefined
  readonly isUncertain?: boolean | undefined
  readonly cause?: Error | undefined
}

/**
 * A management call did not do what it was asked to. The message names the operation, what the vendor said and
 * what to do; it never holds a key, a client secret or a token.
 */
export class ManagementError extends Error {
  override readonly name = 'ManagementError'
  /** Whose API was called. */
  readonly vendor: Vendor
  /** The operation, as it is called here: `clerkTokens.revoke`. */
  readonly operation: string
  /** The HTTP status of the response; undefined if none came. */
  readonly status: number | undefined
  /** The vendor's code: Clerk's `code`, Stytch's `error_type`, Authlete's `resultCode`, OAuth's `error`. */
  readonly code: string | undefined
  /** The vendor's id of the call, for its support. */
  readonly requestId: string | undefined
  /** How many seconds the vendor asks to be left alone (`Retry-After`, RFC 9110 section 10.2.3). */
  readonly retryAfter: number | undefined
  /**
   * `true` if a change was asked for and nobody knows whether it was made: the connection broke, or the response
   * could not be read. Look before repeating it.
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
    sentences.push('Whether the change was made is not known: look before repeating it')
  if (advice !== undefined) sentences.push(advice)
  return sentences.join('. ')
}
