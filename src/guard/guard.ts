import type { AccessToken } from '../model/access-token.js'
import type { Refusal } from '../model/refusal.js'
import type { GuardedRequest } from '../model/request.js'
import type { ScopeDemand } from '../model/scopes.js'
import { ConfigurationError } from '../options/configuration-error.js'
import { refusalResponse, type RefusalResponse } from '../bearer/refusal-response.js'
import { refuseOtherMajor } from '../options/package-major.js'
import type { Table } from '../options/reader.js'
import { compilePolicy } from '../policy/compile.js'
import type { Policy } from '../policy/policy.js'
import { afterwards, type Awaitable } from '../util/awaitable.js'
import { isRecord } from '../util/members.js'
import { FIRST_GUARD, type DecisionResult, type GuardContext } from '../verifier/authorizer.js'
import type { Verifier } from '../verifier/verifier.js'
import { GUARD_OPTIONS, readGuardOptions, type GuardOptions, type GuardSettings } from './options.js'
import { stateOf, storeOnRequest, type RequestState, type StoreState } from './request-state.js'
import { RouteAuthorizer } from './route-authorizer.js'

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
type OuterState = RequestState<GuardSettings<unknown>>

/** A place in an application where requests are authorized. */
interface Checkpoint<OnRefusal> {
  readonly authorizer: RouteAuthorizer
  readonly settings: GuardSettings<OnRefusal>
  /** Whether a request without a token passes. A requirement is never optional. */
  readonly isOptional: boolean
  /** The context of a request that has passed no guard. */
  readonly first: GuardContext
  /** Stores the result for later guards on the same request. */
  readonly store: StoreState
}

/**
 * Guards one place in an application. `Key` is the request object of the framework. If an earlier guard has accepted the
 * request, it evaluates its policy and does not verify the token again.
 */
export class Guard<Key extends object, OnRefusal> implements Checkpoint<OnRefusal> {
  readonly authorizer: RouteAuthorizer
  readonly settings: GuardSettings<OnRefusal>
  readonly isOptional: boolean
  readonly first: GuardContext
  readonly store: StoreState

  /**
   * @param table - readers of the options that the adapter supports.
   * @throws ConfigurationError if the verifier, the policy or an option is invalid.
   */
  constructor(
    verifier: Verifier,
    policy: Policy | undefined,
    options: GuardOptions<OnRefusal> | undefined,
    store: StoreState = storeOnRequest,
    table: Table = GUARD_OPTIONS,
    /** A further policy of the same place, such as that of a route. Both are evaluated in one decision. */
    added?: Policy,
  ) {
    if (!isRecord(verifier) || typeof verifier.authorize !== 'function') {
      throw new ConfigurationError('guard', 'the first argument must be a verifier made by createVerifier()')
    }
    refuseOtherMajor('guard: the verifier', verifier)
    this.settings = readGuardOptions(options, table)
    this.isOptional = this.settings.optional
    this.first = firstContext(this.settings)
    this.authorizer = new RouteAuthorizer(verifier, policy, added)
    this.store = store
  }

  /** Authorizes a request. Synchronous unless a step returns a promise; never rejects. */
  enter(key: Key, request: GuardedRequest): Awaitable<GuardResult<OnRefusal>> {
    return authorizeAt(this, key, request, stateOf(key) as OuterState | undefined)
  }
}

/**
 * Checks the arguments of a `guard(verifier, policy?, options?)`.
 *
 * @throws ConfigurationError if the policy is the last argument and `undefined`. Otherwise a policy that is `undefined` by
 *   accident would have no effect. Before options it may be `undefined`. Also for a fourth argument, such as a second policy.
 */
export function checkGuardArguments<Options>(
  args: readonly [verifier: Verifier, policy?: Policy, options?: Options],
): [verifier: Verifier, policy: Policy | undefined, options: Options | undefined] {
  const [verifier, policy, options] = args
  refuseFurtherArguments('guard', 'at most three arguments: verifier, policy, options', 3, args)
  if (args.length === 2) refuseUndefined('guard: policy', policy)
  return [verifier, policy, options]
}

/** @throws ConfigurationError for more arguments than a function takes, because a requirement among them would have no effect. */
export function refuseFurtherArguments(
  call: string,
  takes: string,
  most: number,
  args: readonly unknown[],
): void {
  if (args.length > most)
    throw new ConfigurationError(call, `takes ${takes}. Remove argument ${most + 1}, which has no effect`)
}

/** @throws ConfigurationError if the argument is `undefined`. */
export function refuseUndefined(argument: string, value: unknown): void {
  if (value === undefined) throw new ConfigurationError(argument, 'is undefined; leave it out instead')
}

/** Adds a policy behind a {@link Guard}, and responds to refusals as that guard does. */
export class Requirement<Key extends object, OnRefusal> {
  readonly #policy: Policy
  readonly #store: StoreState
  // Caches one entry, because nearly all requests come through guards of one verifier.
  #last: RouteAuthorizer | undefined

  /** @throws ConfigurationError if the policy is invalid. */
  constructor(policy: Policy, store: StoreState = storeOnRequest) {
    refuseUndefined('requirePolicy: policy', policy)
    compilePolicy('policy', policy)
    this.#policy = policy
    this.#store = store
  }

  /** Authorizes a request like {@link Guard.enter}. Rejects with an `Error` if no guard has run before. */
  enter(key: Key, request: GuardedRequest): Awaitable<GuardResult<OnRefusal>> {
    const outer = stateOf(key) as OuterState | undefined
    if (outer === undefined || outer.isRefused) {
      // A mistake in the application, not in the request. Without this error the route would be unprotected.
      return Promise.reject(
        new Error(
          'requirePolicy() and requireScopes() need a guard on the same route. Add guard(verifier) of the same major version of m2m-guard before them',
        ),
      )
    }
    const settings = outer.settings as GuardSettings<OnRefusal>
    const checkpoint = {
      authorizer: this.#authorizerOf(outer.verifier),
      settings,
      isOptional: false,
      first: FIRST_GUARD,
      store: this.#store,
    }
    return authorizeAt(checkpoint, key, request, outer)
  }

  #authorizerOf(verifier: Verifier): RouteAuthorizer {
    if (this.#last?.verifier !== verifier) this.#last = new RouteAuthorizer(verifier, this.#policy)
    return this.#last
  }
}

/**
 * Returns the policy of `requirePolicy(policy)` or `app.guard(policy?)`.
 *
 * @throws ConfigurationError for a further argument, such as a second policy, or for a policy that is `undefined`.
 */
export function policyArgument<Args extends readonly [policy?: Policy]>(call: string, args: Args): Args[0] {
  refuseFurtherArguments(call, 'one argument: policy', 1, args)
  if (args.length > 0) refuseUndefined(`${call}: policy`, args[0])
  return args[0] as Args[0]
}

/**
 * Returns the policy of `requireScopes(...)`.
 *
 * @throws ConfigurationError for an argument that is `undefined`.
 */
export function scopesPolicy(scopes: readonly ScopeDemand[]): Policy {
  for (const scope of scopes) refuseUndefined('requireScopes: scopes', scope)
  const [only] = scopes
  return { scopes: scopes.length === 1 && only !== undefined ? only : (scopes as readonly string[]) }
}

/**
 * Returns the token that a guard accepted on a request.
 *
 * @throws Error if no guard has accepted a token.
 */
export function acceptedToken(key: object): AccessToken {
  const token = stateOf(key)?.token
  if (token === undefined) {
    throw new Error(
      'no access token: the route is not behind a guard, or the guard is optional or in report mode. Add guard(verifier) to the route, or use optionalAccessToken()',
    )
  }
  return token
}

/**
 * Returns the token that a guard accepted on a request; `undefined` if there is none.
 */
export function optionalAcceptedToken(key: object): AccessToken | undefined {
  return stateOf(key)?.token
}

function authorizeAt<OnRefusal>(
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
function firstContext({ mode, header, optional }: GuardSettings<unknown>): GuardContext {
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
