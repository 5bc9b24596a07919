import type { AccessToken } from '../model/access-token.js'
import type { Refusal } from '../model/refusal.js'
import type { GuardedRequest } from '../model/request.js'
import type { ScopeDemand } from '../model/scopes.js'
import { ConfigurationError } from '../options/configuration-error.js'
import { refusalResponse, type RefusalResponse } from '../bearer/refusal-response.js'
import { compilePolicy } from '../policy/compile.js'
import type { Policy } from '../policy/policy.js'
import { afterwards, type Awaitable } from '../util/awaitable.js'
import { isRecord } from '../util/members.js'
import { FIRST_GUARD, type DecisionResult, type GuardContext } from '../verifier/authorizer.js'
import type { Verifier } from '../verifier/verifier.js'
import { readGuardOptions, type GuardOptions, type GuardSettings } from './options.js'
import { stateOf, storeOnRequest, type RequestState, type StoreState } from './request-state.js'
import { RouteAuthorizer } from './route-authorizer.js'

/** The result of a guard: the request passes, with its token, or is refused. */
export type GuardResult<OnRefusal> =
  | { readonly passes: true; readonly token: AccessToken | undefined }
  | {
      readonly passes: false
      readonly refusal: Refusal
      readonly response: RefusalResponse
      readonly onRefusal: OnRefusal | undefined
    }

/** State that a guard of any framework stored; only its own adapter knows the type of `onRefusal`. */
type OuterState = RequestState<GuardSettings<unknown>>

/** A place in an application where requests are authorized. */
interface Checkpoint<OnRefusal> {
  readonly authorizer: RouteAuthorizer
  readonly settings: GuardSettings<OnRefusal>
  /** Stores the result for guards after this one. */
  readonly store: StoreState
}

/**
 * Guards one place in an application. `Key` is the framework's own request object. On a request that an earlier guard
 * accepted it evaluates its own policy and does not verify the token again.
 */
export class Guard<Key extends object, OnRefusal> implements Checkpoint<OnRefusal> {
  readonly authorizer: RouteAuthorizer
  readonly settings: GuardSettings<OnRefusal>
  readonly store: StoreState

  /** @throws ConfigurationError */
  constructor(
    verifier: Verifier,
    policy: Policy | undefined,
    options: GuardOptions<OnRefusal> | undefined,
    store: StoreState = storeOnRequest,
  ) {
    if (!isRecord(verifier) || typeof verifier.authorize !== 'function') {
      throw new ConfigurationError('guard', 'the first argument must be a verifier made by createVerifier()')
    }
    this.settings = readGuardOptions(options)
    this.authorizer = new RouteAuthorizer(verifier, policy)
    this.store = store
  }

  /** Authorizes a request. Immediate unless something has to be awaited; never rejects. */
  enter(key: Key, request: GuardedRequest): Awaitable<GuardResult<OnRefusal>> {
    return authorizeAt(this, key, request, stateOf(key) as OuterState | undefined)
  }
}

/**
 * Checks the arguments of a `guard(verifier, policy?, options?)`.
 *
 * @throws ConfigurationError if the policy is the last argument and `undefined`: a policy that a program computed as
 *   `undefined` by accident must not look like one that was left out. Before options it may be `undefined`.
 */
export function guardArguments<Options>(
  given: readonly [verifier: Verifier, policy?: Policy, options?: Options],
): [verifier: Verifier, policy: Policy | undefined, options: Options | undefined] {
  const [verifier, policy, options] = given
  if (given.length === 2) refuseUndefined('guard: policy', policy)
  return [verifier, policy, options]
}

/** @throws ConfigurationError for an argument that is present as `undefined`. */
export function refuseUndefined(argument: string, value: unknown): void {
  if (value === undefined) throw new ConfigurationError(argument, 'is undefined; leave it out instead')
}

/** Adds a policy behind a {@link Guard}, and responds to refusals the way that guard does. */
export class Requirement<Key extends object, OnRefusal> {
  readonly #policy: Policy
  readonly #store: StoreState
  // Nearly all requests come through a guard of one verifier.
  #last: RouteAuthorizer | undefined

  /** @throws ConfigurationError if the policy is wrong. */
  constructor(policy: Policy, store: StoreState = storeOnRequest) {
    refuseUndefined('requirePolicy: policy', policy)
    compilePolicy('policy', policy)
    this.#policy = policy
    this.#store = store
  }

  /** Authorizes a request, as {@link Guard.enter}. Rejects with an `Error` if no guard ran before. */
  enter(key: Key, request: GuardedRequest): Awaitable<GuardResult<OnRefusal>> {
    const outer = stateOf(key) as OuterState | undefined
    if (outer === undefined) {
      // A mistake in the application, not in the request: it must be noticed, and must not open the route.
      return Promise.reject(
        new Error('requirePolicy() and requireScopes() need a guard() before them on the route'),
      )
    }
    const settings = outer.settings as GuardSettings<OnRefusal>
    const checkpoint = { authorizer: this.#authorizerOf(outer.verifier), settings, store: this.#store }
    return authorizeAt(checkpoint, key, request, outer)
  }

  #authorizerOf(verifier: Verifier): RouteAuthorizer {
    if (this.#last?.verifier !== verifier) this.#last = new RouteAuthorizer(verifier, this.#policy)
    return this.#last
  }
}

/**
 * The policy of `requireScopes(...)`.
 *
 * @throws ConfigurationError for an argument that is `undefined`.
 */
export function scopesPolicy(scopes: readonly ScopeDemand[]): Policy {
  for (const scope of scopes) refuseUndefined('requireScopes: scopes', scope)
  const [only] = scopes
  return { scopes: scopes.length === 1 && only !== undefined ? only : (scopes as readonly string[]) }
}

/** The token a guard accepted on this request. */
export function acceptedToken(key: object): AccessToken {
  const token = stateOf(key)?.token
  if (token === undefined) {
    throw new Error('no access token: the route is not behind a guard(), or the guard only reports')
  }
  return token
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
  { authorizer: { verifier }, settings: { mode } }: Checkpoint<unknown>,
  outer: OuterState | undefined,
): GuardContext {
  if (outer === undefined && mode === 'enforce') return FIRST_GUARD
  const same = ofSameVerifier(verifier, outer)
  return { mode, earlier: same?.resolved, reported: same?.reported }
}

/** The result of another verifier says nothing about this one's. */
function ofSameVerifier(verifier: Verifier, outer: OuterState | undefined): OuterState | undefined {
  return outer?.verifier === verifier ? outer : undefined
}

function conclude<OnRefusal>(
  { decision, resolved }: DecisionResult,
  { authorizer: { verifier }, settings, store }: Checkpoint<OnRefusal>,
  key: object,
  outer: OuterState | undefined,
): GuardResult<OnRefusal> {
  const same = ofSameVerifier(verifier, outer)
  if (decision.outcome === 'accepted') {
    const { token } = decision
    const reported = same?.reported
    return store(key, { verifier, settings: settingsBehind(outer, settings), token, resolved, reported })
  }
  const { refusal } = decision
  if (settings.mode === 'report') {
    // The report must not replace what a guard of another verifier has accepted.
    if (same === undefined && outer?.token !== undefined) return store(key, outer)
    return store(key, {
      verifier,
      settings: settingsBehind(outer, settings),
      token: same?.token,
      resolved: same?.resolved,
      reported: refusal.reason,
    })
  }
  const named = settings.realm === undefined ? refusal : refusal.withRealm(settings.realm)
  return {
    passes: false,
    refusal: named,
    response: refusalResponse(named, settings.body),
    onRefusal: settings.onRefusal,
  }
}

/** The settings of requirements behind a guard: a reporting guard inside an enforcing one does not disable them. */
function settingsBehind<OnRefusal>(
  outer: OuterState | undefined,
  settings: GuardSettings<OnRefusal>,
): GuardSettings<OnRefusal> {
  if (outer?.settings.mode !== 'enforce' || settings.mode === 'enforce') return settings
  return { ...settings, mode: 'enforce' }
}
