import type { AccessToken } from '../model/access-token.js'
import type { GuardedRequest } from '../model/request.js'
import { ConfigurationError } from '../options/configuration-error.js'
import { refuseOtherMajor } from '../options/package-major.js'
import type { Table } from '../options/reader.js'
import { compilePolicy } from '../policy/compile.js'
import type { Policy } from '../policy/policy.js'
import type { Awaitable } from '../util/awaitable.js'
import { isRecord } from '../util/members.js'
import { FIRST_GUARD, type GuardContext } from '../verifier/decision-context.js'
import type { Verifier } from '../verifier/verifier.js'
import { refuseUndefined } from './arguments.js'
import {
  authorizeAt,
  firstContext,
  type Checkpoint,
  type GuardResult,
  type OuterState,
} from './checkpoint.js'
import { GUARD_OPTIONS, readGuardOptions, type GuardOptions, type GuardSettings } from './options.js'
import { stateOf, storeOnRequest, type StoreState } from './request-state.js'
import { RouteAuthorizer } from './route-authorizer.js'

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
    /** Further policies of the same place, such as those of a route. All are evaluated in one decision. */
    added: readonly Policy[] = [],
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
