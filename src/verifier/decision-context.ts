import type { DecisionStage, GuardMode } from '../model/decision.js'
import type { Recorder } from '../model/recorder.js'
import type { RefusalReason } from '../model/refusal/reasons.js'
import type { GuardedRequest } from '../model/request.js'
import type { FreshnessNeeds, PolicySet } from '../policy/combine.js'
import type { ResolvedToken } from './cached-token.js'
import type { TokenLookup } from './token-resolver.js'

/** The guard that authorizes a request, and the results of earlier guards on the same request. */
export interface GuardContext {
  readonly mode: GuardMode
  /** `route` if an earlier guard of the verifier has decided on the request. */
  readonly stage: DecisionStage
  /** The token that an earlier guard accepted. It is not resolved a second time. */
  readonly earlier: ResolvedRequest | undefined
  /** The refusal reason that an earlier guard in report mode has already reported for the request. */
  readonly reported: RefusalReason | undefined
  /** Lower-case name of the header with the bare token; `undefined` for `Authorization: Bearer`. */
  readonly header: string | undefined
  /** Whether a request without a token passes. */
  readonly isOptional: boolean
}

/** The context of a request that has not passed a guard yet. */
export const FIRST_GUARD: GuardContext = Object.freeze({
  mode: 'enforce',
  stage: 'guard',
  // Set as own properties, so that a polluted prototype is not read as the result of an earlier guard.
  earlier: undefined,
  reported: undefined,
  header: undefined,
  isOptional: false,
})

/** The token of an accepted request, kept for further guards on the same request. */
export interface ResolvedRequest {
  readonly token: string
  readonly digest: string
  readonly resolved: ResolvedToken
  /** Time at which the first guard resolved the token, in seconds since the epoch. */
  readonly at: number
}

/** Maximum seconds between the first and the last guard of one request. */
const SAME_REQUEST_SECONDS = 5

/** The input of a decision in progress and the results of its steps. */
export class DecisionContext implements TokenLookup {
  readonly policies: PolicySet
  readonly needs: FreshnessNeeds
  readonly request: GuardedRequest | undefined
  readonly guard: GuardContext
  /** Start of the decision in milliseconds, on the monotonic clock; `NaN` if it is not observed. */
  readonly started: number
  /** Records the progress, for an explanation; `undefined` for a decision about a request. */
  readonly recorder: Recorder | undefined
  /** The token; empty if the request has no readable one. */
  token: string
  /** The digest of the token; empty until the token was found to be readable. */
  digest: string
  /** The wall clock time in seconds since the epoch, read before and after waiting. */
  now: number
  /** The result of an earlier guard on this request for the same token. */
  previous: ResolvedRequest | undefined
  /** The resolved token of `previous`, if that result is recent enough to be reused. */
  earlier: ResolvedToken | undefined
  resolved: ResolvedToken | undefined
  /** Time at which the first guard of the request resolved the token, in seconds since the epoch. */
  resolvedAt: number | undefined
  /** Whether the request has no token, so that an optional guard lets it pass. */
  isTokenMissing: boolean

  constructor(
    policies: PolicySet,
    request: GuardedRequest | undefined,
    guard: GuardContext,
    started: number,
    recorder?: Recorder,
  ) {
    this.policies = policies
    this.needs = policies.needs
    this.request = request
    this.guard = guard
    this.started = started
    this.recorder = recorder
    // Assigned in the constructor, because V8 initializes declared fields in a separate function.
    this.token = ''
    this.digest = ''
    this.now = Number.NaN
    this.previous = undefined
    this.earlier = undefined
    this.resolved = undefined
    this.resolvedAt = undefined
    this.isTokenMissing = false
  }

  /** Continues a request that an earlier guard accepted with the same token. */
  continue(previous: ResolvedRequest): void {
    this.previous = previous
    this.digest = previous.digest
    if (!isSameRequest(previous, this.now)) return
    this.earlier = previous.resolved
    this.resolvedAt = previous.at
  }
}

/**
 * Whether the earlier guard ran shortly before, on the same path to the handler. A longer request, such as a stream that
 * is authorized repeatedly, is resolved like a new one. Otherwise a token that was forgotten or refused in between would
 * pass.
 */
function isSameRequest({ at }: ResolvedRequest, now: number): boolean {
  const seconds = now - at
  // If the wall clock was set back, the elapsed time is unknown.
  return seconds >= 0 && seconds < SAME_REQUEST_SECONDS
}
