import { UnreadableResponseError } from '../../http/exchange-error.js'
import { IssuerCallError, reasonOfResponse, type IssuerCallReason } from '../../http/issuer-call-error.js'

/** The vendor whose API was called. `'oauth'` is any OAuth 2 issuer. */
export type Vendor = 'clerk' | 'stytch' | 'authlete' | 'oauth'

/** Details of a failed call. */
export interface ManagementFailure {
  readonly vendor: Vendor
  /** Why the call failed. By default, what status, code and cause say. */
  readonly reason?: IssuerCallReason | undefined
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
export class ManagementError extends IssuerCallError {
  /** Always `'ManagementError'`, also for errors of another copy of this package, where `instanceof` fails. */
  override readonly name = 'ManagementError'
  /** Why the call failed. */
  override readonly reason: IssuerCallReason
  /** The vendor whose API was called. */
  readonly vendor: Vendor
  /**
   * `true` if it is unknown whether a requested change was made, because the connection failed or the response
   * was unreadable. Check the state before repeating the call.
   */
  readonly isUncertain: boolean

  constructor(failure: ManagementFailure) {
    super(messageOf(failure), failure)
    this.reason = failure.reason ?? reasonOf(failure)
    this.vendor = failure.vendor
    this.isUncertain = failure.isUncertain ?? false
  }
}

function reasonOf({ status, code, cause }: ManagementFailure): IssuerCallReason {
  if (status !== undefined) return reasonOfResponse(status, code)
  // Without a status, the cause is a failed connection, or the response was read and lacks something.
  return cause === undefined || cause instanceof UnreadableResponseError
    ? 'answer_unreadable'
    : 'issuer_unavailable'
}

function messageOf({ operation, problem, advice, requestId, isUncertain }: ManagementFailure): string {
  const sentences = [`${operation}: ${problem}${requestId === undefined ? '' : ` (request ${requestId})`}`]
  if (isUncertain === true)
    sentences.push('It is unknown whether the change was made: check before repeating it')
  if (advice !== undefined) sentences.push(advice)
  return sentences.join('. ')
}
