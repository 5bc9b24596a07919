import type { AccessToken } from './access-token.js'
import type { Judgement, Passage } from './authorize.js'
import type { Awaitable } from './awaitable.js'
import { answerOf, type GuardedRequest, type RefusalAnswer, type RefusalBody } from './bearer.js'
import { ConfigurationError, isRecord, optionalFunction, ownOptions } from './configuration.js'
import { judge, type Verifier } from './create-verifier.js'
import type { GuardMode } from './decision.js'
import { compilePolicy, type Policy } from './policy.js'
import type { Refusal, RefusalReason } from './refusal.js'
import type { ScopeDemand } from './scopes.js'

/** What every adapter's guard takes beside verifier and policy. */
export interface GuardOptions<OnRefusal> {
  /** The protection space named in challenges (RFC 9110 section 11.5). Default `'api'`. */
  readonly realm?: string
  /** The form of refusals: `'oauth'` for `{ error, error_description }`, `'problem'` for RFC 9457. Default `'oauth'`. */
  readonly body?: RefusalBody
  /** `'report'` lets refused requests through and only reports them to `onDecision`: for a roll-out. Default `'enforce'`. */
  readonly mode?: GuardMode
  /** Answers refusals in place of the guard, or hands them to the framework's own error handling. */
  readonly onRefusal?: OnRefusal
}

/** {@link GuardOptions} checked, with defaults. */
interface GuardSettings<OnRefusal> {
  readonly realm: string | undefined
  readonly body: RefusalBody
  readonly mode: GuardMode
  readonly onRefusal: OnRefusal | undefined
}

/** Visible ASCII and space: what a realm may hold without needing more than quoting. */
const REALM = /^[\x20-\x7e]+$/

/** Checks what a guard is made with, when it is made. */
function readGuardOptions<OnRefusal>(options: GuardOptions<OnRefusal> | undefined): GuardSettings<OnRefusal> {
  const own = ownOptions<GuardOptions<OnRefusal>>('guard', options ?? {}, {
    realm: true,
    body: true,
    mode: true,
    onRefusal: true,
  })
  const { realm, body = 'oauth', mode = 'enforce' } = own
  if (realm !== undefined && (typeof realm !== 'string' || !REALM.test(realm))) {
    throw new ConfigurationError('guard.realm', 'must be a non-empty string of visible ASCII')
  }
  if (body !== 'oauth' && body !== 'problem')
    throw new ConfigurationError('guard.body', "must be 'oauth' or 'problem'")
  if (mode !== 'enforce' && mode !== 'report') {
    throw new ConfigurationError('guard.mode', "must be 'enforce' or 'report'")
  }
  return { realm, body, mode, onRefusal: optionalFunction('guard.onRefusal', own.onRefusal) }
}

/** What became of a request at a guard: it may pass, with its token, or it is to be refused. */
export type Entry<OnRefusal> =
  | { readonly passes: true; readonly token: AccessToken | undefined }
  | {
      readonly passes: false
      readonly refusal: Refusal
      readonly answer: RefusalAnswer
      readonly onRefusal: OnRefusal | undefined
    }

/** What a guard leaves behind on a request for the guards and demands further in. */
interface Left {
  readonly verifier: Verifier
  readonly settings: GuardSettings<unknown>
  readonly token: AccessToken | undefined
  readonly passage: Passage | undefined
  /** What a guard that only reports would have refused the request for. */
  readonly reported: RefusalReason | undefined
}

/** Holds it in a private member, so that a logged request shows nothing of the token, and for one request only. */
class Guarded {
  readonly #left: Left & { readonly key: object }

  constructor(left: Left & { readonly key: object }) {
    this.#left = left
  }

  /** Nothing for a copy of the request, whose headers may say something else. */
  leftOn(key: object): Left | undefined {
    return this.#left.key === key ? this.#left : undefined
  }
}

const GUARDED = Symbol('m2m-guard')
/** For requests that take no further members. */
const sealed = new WeakMap<object, Guarded>()

/** What an earlier guard has left on a request. An own member of it: a map would cost as much as the rest of the way. */
function guardedBy(key: object): Left | undefined {
  const guarded = (key as { readonly [GUARDED]?: unknown })[GUARDED] ?? sealed.get(key)
  return guarded instanceof Guarded ? guarded.leftOn(key) : undefined
}

function leave(key: object, left: Left & { readonly key: object }): void {
  const guarded = new Guarded(left)
  if (Object.isExtensible(key)) (key as { [GUARDED]?: Guarded })[GUARDED] = guarded
  else sealed.set(key, guarded)
}

/**
 * A guard made for one place in an application. `Key` is the framework's own request object. Answers at once
 * where nothing has to be awaited; a promise never rejects but for mistakes of the application.
 */
export type Enter<Key extends object, OnRefusal> = (
  key: Key,
  request: GuardedRequest,
) => Awaitable<Entry<OnRefusal>>

/**
 * Makes a guard. Mounted a second time on the same request it judges its own policy and does not verify
 * again.
 *
 * @throws ConfigurationError
 */
export function createGuard<Key extends object, OnRefusal>(
  verifier: Verifier,
  policy: Policy | undefined,
  options: GuardOptions<OnRefusal> | undefined,
): Enter<Key, OnRefusal> {
  if (!isRecord(verifier) || typeof verifier.authorize !== 'function') {
    throw new ConfigurationError('guard', 'the first argument must be a verifier made by createVerifier()')
  }
  const settings = readGuardOptions(options)
  if (policy !== undefined) compilePolicy('policy', policy)
  return (key, request) => enter(key, request, verifier, policy, settings)
}

/**
 * Makes a further demand for a place behind a guard; it answers refusals the way that guard does.
 *
 * @throws ConfigurationError
 */
export function createDemand<Key extends object, OnRefusal>(policy: Policy): Enter<Key, OnRefusal> {
  compilePolicy('policy', policy)
  return (key, request) => {
    const outer = guardedBy(key)
    if (outer === undefined) {
      // A mistake in the application, not in the request: it must be noticed, and must not open the route.
      return Promise.reject(
        new Error('requirePolicy() and requireScopes() need a guard() before them on the route'),
      )
    }
    return enter(key, request, outer.verifier, policy, outer.settings as GuardSettings<OnRefusal>)
  }
}

/** The policy of `requireScopes(...)`. */
export function scopesPolicy(scopes: readonly ScopeDemand[]): Policy {
  const [only] = scopes
  return { scopes: scopes.length === 1 && only !== undefined ? only : (scopes as readonly string[]) }
}

/** The token a guard accepted on this request. */
export function acceptedToken(key: object): AccessToken {
  const token = guardedBy(key)?.token
  if (token === undefined) {
    throw new Error('no access token: the route is not behind a guard(), or the guard only reports')
  }
  return token
}

function enter<OnRefusal>(
  key: object,
  request: GuardedRequest,
  verifier: Verifier,
  policy: Policy | undefined,
  settings: GuardSettings<OnRefusal>,
): Awaitable<Entry<OnRefusal>> {
  const outer = guardedBy(key)
  const known = outer?.verifier === verifier ? outer : undefined
  const kept = outer?.settings.mode === 'enforce' ? enforcing(settings) : settings
  const context = { mode: settings.mode, earlier: known?.passage, reported: known?.reported }
  const passing = { verifier, settings, kept, known }
  const judging = judge(verifier, request, policy, context)
  return judging instanceof Promise
    ? judging.then((judgement) => entryFor(key, passing, judgement))
    : entryFor(key, passing, judging)
}

/** What further demands go by: a guard that only reports, within one that enforces, does not disarm them. */
function enforcing<OnRefusal>(settings: GuardSettings<OnRefusal>): GuardSettings<OnRefusal> {
  return settings.mode === 'enforce' ? settings : { ...settings, mode: 'enforce' }
}

/** A guard at work on a request. */
interface Passing<OnRefusal> {
  readonly verifier: Verifier
  readonly settings: GuardSettings<OnRefusal>
  /** The settings that demands behind it go by. */
  readonly kept: GuardSettings<OnRefusal>
  /** What an earlier guard of the same verifier has left behind. */
  readonly known: Left | undefined
}

function entryFor<OnRefusal>(
  key: object,
  passing: Passing<OnRefusal>,
  { decision, passage }: Judgement,
): Entry<OnRefusal> {
  const { verifier, settings, kept, known } = passing
  if (decision.outcome === 'accepted') {
    const { token } = decision
    leave(key, { key, verifier, settings: kept, token, passage, reported: known?.reported })
    return { passes: true, token }
  }
  if (settings.mode === 'report') {
    const token = known?.token
    const { reason } = decision.refusal
    leave(key, { key, verifier, settings: kept, token, passage: known?.passage, reported: reason })
    return { passes: true, token }
  }
  const refusal = settings.realm === undefined ? decision.refusal : decision.refusal.inRealm(settings.realm)
  return { passes: false, refusal, answer: answerOf(refusal, settings.body), onRefusal: settings.onRefusal }
}
