import type { AccessToken } from '../model/access-token.js'
import type { Refusal } from '../model/refusal/refusal.js'
import type { GuardedRequest } from '../model/request.js'
import { refusalResponse, type RefusalResponse } from '../bearer/refusal-response.js'
import { afterwards, type Awaitable } from '../util/awaitable.js'
import type { DecisionResult } from '../verifier/authorizer.js'
import { FIRST_GUARD, type GuardContext } from '../verifier/decision-context.js'
import type { Verifier } from '../verifier/verifier.js'
import type { GuardSettings } from './options.js'
import type { RequestState, StoreState } from './request-state.js'
import type { RouteAuthorizer } from './route-authorizer.js'

/** The result of a guard: the request passes, with its token, or is refused. */
export type GuardResult<OnRefusal> =
  | {
      readonly passes: true
      readonly token: AccessToken | undefined
      /** The token of the guard before, which the request may have as a property. */
      readonly replaced: AccessToken | undefined
      /** The property of the request to set; `false` for none. */
      readonly property: string | false
    }
  | {
      readonly passes: false
      readonly refusal: Refusal
      readonly response: RefusalResponse
      readonly onRefusal: OnRefusal | undefined
    }

/** State that a guard of any framework stored. Only the adapter that stored it knows the type of `onRefusal`. */
export type OuterState = RequestState<GuardSettings<unknown>>

/** A place in an application where requests are authorized. */
export interface Checkpoint<OnRefusal> {
  readonly authorizer: RouteAuthorizer
  readonly settings: GuardSettings<OnRefusal>
  /** Whether a request without a token passes. A requirement is never optional. */
  readonly isOptional: boolean
  /** The context of a request that has passed no guard. */
  readonly first: GuardContext
  /** Stores the result for later guards on the same request. */
  readonly store: StoreState
}

/** Authorizes a request at one place, and stores the result for later guards on the request. */
export function authorizeAt<OnRefusal>(
  checkpoint: Checkpoint<OnRefusal>,
  key: object,
  request: GuardedRequest,
  outer: OuterState | undefined,
): Awaitable<GuardResult<OnRefusal>> {
  const decided = checkpoint.authorizer.authorize(request, contextOf(checkpoint, outer))
  return decided instanceof Promise
    ? afterwards(decided, conclude<OnRefusal>, checkpoint, key, outer)
    : conclude(decided, checkpoint, key, outer)
}

function contextOf(
  { authorizer: { verifier }, settings: { mode, header }, isOptional, first }: Checkpoint<unknown>,
  outer: OuterState | undefined,
): GuardContext {
  if (outer === undefined) return first
  const state = ofSameVerifier(verifier, outer)
  const stage = hasDecided(verifier, outer) ? 'route' : 'guard'
  // A refusal that was reported for the token of another header is not the same one.
  const reported = outer.settings.header === header ? state?.reported : undefined
  return { mode, stage, earlier: state?.resolved, reported, header, isOptional }
}

/** Whether a guard of the verifier has decided on the request before, whatever the decision was. */
function hasDecided(verifier: Verifier, outer: OuterState | undefined): boolean {
  return outer !== undefined && (outer.verifier === verifier || outer.others?.includes(verifier) === true)
}

/** The other verifiers that have decided on the request, for the state of `verifier`. */
function othersOf(verifier: Verifier, outer: OuterState | undefined): readonly Verifier[] | undefined {
  if (outer === undefined || outer.verifier === verifier) return outer?.others
  return [...(outer.others ?? []).filter((other) => other !== verifier), outer.verifier]
}

/** The context of requests that have passed no guard, created once per guard. */
export function firstContext({ mode, header, optional }: GuardSettings<unknown>): GuardContext {
  if (mode === 'enforce' && header === undefined && !optional) return FIRST_GUARD
  return Object.freeze({ ...FIRST_GUARD, mode, header, isOptional: optional })
}

/** The stored state if it is of the same verifier. The result of another verifier does not apply to this one. */
function ofSameVerifier(verifier: Verifier, outer: OuterState | undefined): OuterState | undefined {
  return outer?.verifier === verifier ? outer : undefined
}

function conclude<OnRefusal>(
  { decision, resolved, isTokenMissing }: DecisionResult,
  { authorizer: { verifier }, settings, isOptional, store }: Checkpoint<OnRefusal>,
  key: object,
  earlier: OuterState | undefined,
): GuardResult<OnRefusal> {
  // A guard that has refused the request is not around this one.
  const outer = earlier?.isRefused === true ? undefined : earlier
  const state = ofSameVerifier(verifier, outer)
  const others = othersOf(verifier, earlier)
  if (decision.outcome === 'accepted') {
    const { token } = decision
    const reported = state?.reported
    return store(key, {
      verifier,
      settings: settingsBehind(outer, settings),
      token,
      replaced: outer?.token,
      resolved,
      reported,
      others,
      isRefused: false,
    })
  }
  const { refusal } = decision
  if (isOptional && isTokenMissing && refusal.reason === 'token_missing') {
    // Without the token of an earlier guard, because requirements behind this guard are about the token that it reads.
    return store(key, {
      verifier,
      settings: settingsBehind(outer, settings),
      token: undefined,
      replaced: outer?.token,
      resolved: undefined,
      reported: undefined,
      others,
      isRefused: false,
    })
  }
  if (settings.mode === 'report') {
    // A report must not replace the token that a guard of another verifier has accepted.
    if (state === undefined && outer?.token !== undefined)
      return store(key, { ...outer, others: [...(outer.others ?? []), verifier] })
    return store(key, {
      verifier,
      settings: settingsOfKept(state, settingsBehind(outer, settings)),
      token: state?.token,
      replaced: state?.replaced,
      resolved: state?.resolved,
      reported: refusal.reason,
      others,
      isRefused: false,
    })
  }
  storeRefused(verifier, settings, store, key, earlier)
  const refusalWithRealm = settings.realm === undefined ? refusal : refusal.withRealm(settings.realm)
  return {
    passes: false,
    refusal: refusalWithRealm,
    response: refusalResponse(refusalWithRealm, settings.body),
    onRefusal: settings.onRefusal,
  }
}

/**
 * Stores that a guard has refused the request, so that another attempt on the same request, such as with an alternative guard,
 * is not counted as a second request. What an earlier guard has stored is kept.
 */
function storeRefused(
  verifier: Verifier,
  settings: GuardSettings<unknown>,
  store: StoreState,
  key: object,
  earlier: OuterState | undefined,
): void {
  if (hasDecided(verifier, earlier)) return
  if (earlier !== undefined) {
    store(key, { ...earlier, others: [...(earlier.others ?? []), verifier] })
    return
  }
  store(key, {
    verifier,
    settings,
    token: undefined,
    replaced: undefined,
    resolved: undefined,
    reported: undefined,
    others: undefined,
    isRefused: true,
  })
}

/**
 * The settings after a guard in report mode that would have refused the request. The token of an earlier guard stays, and
 * requirements must read the header of that token.
 */
function settingsOfKept<OnRefusal>(
  kept: OuterState | undefined,
  settings: GuardSettings<OnRefusal>,
): GuardSettings<OnRefusal> {
  if (kept?.token === undefined || kept.settings.header === settings.header) return settings
  return { ...settings, header: kept.settings.header }
}

/** The settings of requirements behind a guard. A guard in report mode inside an enforcing one does not disable them. */
function settingsBehind<OnRefusal>(
  outer: OuterState | undefined,
  settings: GuardSettings<OnRefusal>,
): GuardSettings<OnRefusal> {
  if (outer?.settings.mode !== 'enforce' || settings.mode === 'enforce') return settings
  return { ...settings, mode: 'enforce' }
}
