import type { ConfirmationResult, RemoteResult } from '../model/issuer.js'
import { isRecord, ownMember } from '../util/members.js'
import type { CallOutcome, UnreadableOutcome } from './circuit-breaker.js'

/** What a response says: active with facts, inactive with a reason, or nothing about the token. */
export type Verdict = RemoteResult | ConfirmationResult

export type Failure = Extract<Verdict, { fault: unknown }>

export type Inactive = Extract<Verdict, { active: false }>

/** What a call brought. */
export interface CallResult<T extends Verdict> {
  readonly verdict: T | Failure | Inactive
  readonly status?: number
  /** The issuer's `Retry-After`, in seconds. */
  readonly retryAfter?: number | undefined
  /** The issuer rejects our own credentials. */
  readonly isUnwelcome?: boolean
  /** A response came that is too large or not UTF-8. */
  readonly isUnreadable?: boolean
}

/** What a call says about the issuer. */
export function outcomeOf(result: CallResult<Verdict>): CallOutcome | UnreadableOutcome {
  const { verdict, status, retryAfter, isUnwelcome, isUnreadable } = result
  if (!('fault' in verdict)) return { kind: 'answered' }
  const reason = status === 429 ? 'issuer_overloaded' : 'issuer_unavailable'
  if (retryAfter !== undefined && (status === 429 || status === 503)) {
    return { kind: 'pause', seconds: retryAfter, reason }
  }
  if (isUnwelcome === true) return { kind: 'failed', reason: 'issuer_refused_us' }
  if (status === 429) return { kind: 'failed', reason }
  if (status === 403) return { kind: 'declined' }
  // Counted as failures, an odd token of one caller would stop the calls for all.
  if (isRequestError(verdict, status)) return { kind: 'answered' }
  if (status === undefined && isUnreadable !== true) return { kind: 'failed', reason }
  return { kind: 'unreadable' }
}

/** RFC 6749 section 5.2 lets a server say this with 400 as well as with 401. */
export function isClientError(json: unknown): boolean {
  const error = isRecord(json) ? ownMember(json, 'error') : undefined
  return error === 'invalid_client' || error === 'unauthorized_client'
}

/** An issuer that finds fault with a question is there; 408 and 429 are about how it is doing. */
function isRequestError({ fault }: Failure, status: number | undefined): boolean {
  const isClientError = status !== undefined && status >= 400 && status < 500 && ![408, 429].includes(status)
  return fault === 'confirmation_impossible' || isClientError
}
