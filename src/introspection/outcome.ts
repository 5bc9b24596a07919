import type { ConfirmationResult, RemoteResponse, RemoteResult } from '../model/issuer/remote-profile.js'
import { isRecord, ownMember } from '../util/members.js'
import type { CallOutcome, UnreadableOutcome } from './circuit-breaker.js'

/** The content of a response: active with facts, inactive with a reason, or a fault without a statement about the token. */
export type Statement = RemoteResult | ConfirmationResult

export type Failure = Extract<Statement, { fault: unknown }>

export type Inactive = Extract<Statement, { active: false }>

/** A statement about the token: active with facts, or inactive with a reason. */
type Definitive<T extends Statement> = Extract<T, { active: boolean }>

/** A statement about a token. */
export type Introspected<T extends Statement> = Definitive<T> & {
  /** Seconds since the request of the process that has called the issuer; absent if this one has. */
  readonly age?: number
}

/** The result of a call, with the parts of the response that matter for the next call. */
export interface CallResult<T extends Statement> {
  readonly statement: T | Failure | Inactive
  readonly status?: number
  /** The response of a definitive statement, without token and credentials. Absent if it is ambiguous. */
  readonly response?: RemoteResponse
  /** The issuer's `Retry-After`, in seconds. */
  readonly retryAfter?: number | undefined
  /** Whether the issuer rejected our credentials. */
  readonly isClientRejected?: boolean
  /** Whether no request was sent, because its credential could not be read. */
  readonly isUnsent?: boolean
  /** Whether the response was too large or not UTF-8. */
  readonly isUnreadable?: boolean
}

/** Returns what the result of a call says about the issuer. */
export function outcomeOf(result: CallResult<Statement>): CallOutcome | UnreadableOutcome {
  const { statement, status, retryAfter, isClientRejected, isUnreadable } = result
  if (!('fault' in statement)) return { kind: 'completed' }
  const reason = status === 429 ? 'issuer_overloaded' : 'issuer_unavailable'
  if (retryAfter !== undefined && (status === 429 || status === 503)) {
    return { kind: 'retry-after', seconds: retryAfter, reason }
  }
  if (isClientRejected === true) return { kind: 'failed', reason: 'issuer_refused_us' }
  if (status === 429) return { kind: 'failed', reason }
  if (status === 403) return { kind: 'declined' }
  // Not a failure, otherwise an unusual token of one caller would stop the calls for all.
  if (isRequestError(statement, status)) return { kind: 'completed' }
  if (status === undefined && isUnreadable !== true) return { kind: 'failed', reason }
  return { kind: 'unreadable' }
}

/** The reason of a failed call; `undefined` if it has a result. */
export function reasonOf(result: CallResult<Statement>): ReturnType<typeof faultOf> | undefined {
  return 'fault' in result.statement ? faultOf(result.statement, result) : undefined
}

/** The reason of a fault. A 429 may be caused by our own load, which is not an outage of the issuer. */
export function faultOf(
  { fault }: Failure,
  { status }: CallResult<Statement>,
): Failure['fault'] | 'issuer_overloaded' {
  return status === 429 ? 'issuer_overloaded' : fault
}

/** Whether an error response rejects our credentials. RFC 6749 section 5.2 allows 400 as well as 401 for it. */
export function isClientError(json: unknown): boolean {
  const error = isRecord(json) ? ownMember(json, 'error') : undefined
  return error === 'invalid_client' || error === 'unauthorized_client'
}

/** Whether the issuer is available and rejects the request; 408 and 429 say that it is slow or overloaded. */
function isRequestError({ fault }: Failure, status: number | undefined): boolean {
  const isClientError = status !== undefined && status >= 400 && status < 500 && ![408, 429].includes(status)
  return fault === 'confirmation_impossible' || isClientError
}
