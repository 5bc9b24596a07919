import type { AccessToken } from '../model/access-token.js'
import { ENFORCED, type AuthorizeContext, type DecisionResult } from '../verifier/authorizer.js'
import type { Awaitable } from '../util/awaitable.js'
import { refusalResponse, type RefusalResponse } from '../bearer/refusal-response.js'
import type { GuardedRequest } from '../model/request.js'
import { ConfigurationError } from '../options/configuration-error.js'
import { isRecord } from '../util/members.js'
import { judgeOf, type Judge, type Verifier } from '../verifier/create-verifier.js'
import { storeOnRequest, stateOf, type StoreState, type RequestState } from './request-state.js'
import type { Policy } from '../policy/policy.js'
import { compilePolicy } from '../policy/compile.js'
import type { Refusal } from '../model/refusal.js'
import type { ScopeDemand } from '../model/scopes.js'
import { readGuardOptions, type GuardOptions, type GuardSettings } from './options.js'

/** What became of a request at a guard: it may pass, with its token, or it is to be refused. */
export type GuardResult<OnRefusal> =
  | { readonly passes: true; readonly token: AccessToken | undefined }
  | {
      readonly passes: false
      readonly refusal: Refusal
      readonly answer: RefusalResponse
      readonly onRefusal: OnRefusal | undefined
    }

/**
 * A guard made for one place in an application. `Key` is the framework's own request object. Answers at once
 * where nothing has to be awaited; a promise never rejects but for mistakes of the application.
 */
export type GuardRequest<Key extends object, OnRefusal> = (
  key: Key,
  request: GuardedRequest,
) => Awaitable<GuardResult<OnRefusal>>

/**
 * Makes a guard. Mounted a second time on the same request it judges its own policy and does not verify
 * again.
 *
 * @param leave where it leaves what it found, for guards further in.
 * @throws ConfigurationError
 */
export function createGuard<Key extends object, OnRefusal>(
  verifier: Verifier,
  policy: Policy | undefined,
  options: GuardOptions<OnRefusal> | undefined,
  leave: StoreState = storeOnRequest,
): GuardRequest<Key, OnRefusal> {
  if (!isRecord(verifier) || typeof verifier.authorize !== 'function') {
    throw new ConfigurationError('guard', 'the first argument must be a verifier made by createVerifier()')
  }
  const settings = readGuardOptions(options)
  const post = { verifier, judge: judgeOf(verifier, policy), settings, leave }
  return (key, request) => enter(key, request, stateOf(key) as OuterGuard | undefined, post)
}

/**
 * Makes a further demand for a place behind a guard; it answers refusals the way that guard does.
 *
 * @throws ConfigurationError
 */
export function createRequirement<Key extends object, OnRefusal>(
  policy: Policy,
  leave: StoreState = storeOnRequest,
): GuardRequest<Key, OnRefusal> {
  const judgeFor = judgesOf(policy)
  return (key, request) => {
    const outer = stateOf(key) as OuterGuard | undefined
    if (outer === undefined) {
      // A mistake in the application, not in the request: it must be noticed, and must not open the route.
      return Promise.reject(
        new Error('requirePolicy() and requireScopes() need a guard() before them on the route'),
      )
    }
    const { verifier } = outer
    const settings = outer.settings as GuardSettings<OnRefusal>
    return enter(key, request, outer, { verifier, judge: judgeFor(verifier), settings, leave })
  }
}

/** Holds requests against a policy by whichever verifier guards them, which is nearly always the same one. */
function judgesOf(policy: Policy): (verifier: Verifier) => Judge {
  compilePolicy('policy', policy)
  let last: { readonly verifier: Verifier; readonly judge: Judge } | undefined
  return (verifier) => {
    if (last?.verifier !== verifier) last = { verifier, judge: judgeOf(verifier, policy) }
    return last.judge
  }
}

/** The policy of `requireScopes(...)`. */
export function scopesPolicy(scopes: readonly ScopeDemand[]): Policy {
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

/** What an earlier guard has left. */
type OuterGuard = RequestState<GuardSettings<unknown>>

/** A guard at its post: who decides, and how refusals are answered. */
interface Guard<OnRefusal> {
  readonly verifier: Verifier
  readonly judge: Judge
  readonly settings: GuardSettings<OnRefusal>
  readonly leave: StoreState
}

function enter<OnRefusal>(
  key: object,
  request: GuardedRequest,
  outer: OuterGuard | undefined,
  post: Guard<OnRefusal>,
): Awaitable<GuardResult<OnRefusal>> {
  const judging = post.judge(request, contextOf(post, outer))
  return judging instanceof Promise
    ? entryLater(key, post, outer, judging)
    : entryFor(key, post, outer, judging)
}

async function entryLater<OnRefusal>(
  key: object,
  post: Guard<OnRefusal>,
  outer: OuterGuard | undefined,
  judging: Promise<DecisionResult>,
): Promise<GuardResult<OnRefusal>> {
  return entryFor(key, post, outer, await judging)
}

function contextOf(
  { verifier, settings: { mode } }: Guard<unknown>,
  outer: OuterGuard | undefined,
): AuthorizeContext {
  if (outer === undefined && mode === 'enforce') return ENFORCED
  const known = ofSameVerifier(verifier, outer)
  return { mode, earlier: known?.passage, reported: known?.reported }
}

/** What another verifier found says nothing about what this one would. */
function ofSameVerifier(verifier: Verifier, outer: OuterGuard | undefined): RequestState | undefined {
  return outer?.verifier === verifier ? outer : undefined
}

function entryFor<OnRefusal>(
  key: object,
  { verifier, settings, leave }: Guard<OnRefusal>,
  outer: OuterGuard | undefined,
  { decision, resolved: passage }: DecisionResult,
): GuardResult<OnRefusal> {
  const known = ofSameVerifier(verifier, outer)
  if (decision.outcome === 'accepted') {
    const { token } = decision
    const reported = known?.reported
    return leave(key, { verifier, settings: settingsWithin(outer, settings), token, passage, reported })
  }
  const { refusal } = decision
  if (settings.mode === 'report') {
    // It must not take away what a guard of another verifier has let pass.
    if (known === undefined && outer?.token !== undefined) return leave(key, outer)
    const within = settingsWithin(outer, settings)
    const { token, passage } = known ?? NOTHING_FOUND
    return leave(key, { verifier, settings: within, token, passage, reported: refusal.reason })
  }
  const named = settings.realm === undefined ? refusal : refusal.withRealm(settings.realm)
  return {
    passes: false,
    refusal: named,
    answer: refusalResponse(named, settings.body),
    onRefusal: settings.onRefusal,
  }
}

const NOTHING_FOUND = { token: undefined, passage: undefined } as const

/** What demands further in go by: a guard that only reports, within one that enforces, does not disarm them. */
function settingsWithin<OnRefusal>(
  outer: OuterGuard | undefined,
  settings: GuardSettings<OnRefusal>,
): GuardSettings<OnRefusal> {
  if (outer?.settings.mode !== 'enforce' || settings.mode === 'enforce') return settings
  return { ...settings, mode: 'enforce' }
}
