import type { AccessToken } from '../model/access-token.js'
import type { Decision, DecisionObserver, GuardMode } from '../model/decision.js'
import type { RefusalReason } from '../model/refusal-reasons.js'
import { isUndecidable, Refusal, refusalFor, type OrRefusal, isRefusal } from '../model/refusal.js'
import type { GuardedRequest } from '../model/request.js'
import { tokenDigest } from '../model/token-digest.js'
import { readBearer } from '../bearer/bearer-token.js'
import type { FreshnessNeeds, PolicySet } from '../policy/combine.js'
import { evaluatePolicies } from '../policy/evaluate.js'
import { eventOf, type VerifiedToken } from '../telemetry/decision-event.js'
import { observe } from '../telemetry/observe.js'
import { afterwards, recovered, type Awaitable } from '../util/awaitable.js'
import type { Clock } from '../util/clock.js'
import type { ResolvedToken } from './cached-token.js'
import { refuseUnreadable, type TokenLookup, type TokenResolver } from './token-resolver.js'
import { validateToken } from './validity.js'

/** What decisions are made with. */
export interface AuthorizerSettings {
  readonly resolver: TokenResolver
  readonly clock: Clock
  /** Seconds by which clocks may differ. */
  readonly toleranceSeconds: number
  readonly observer: DecisionObserver | undefined
}

/** The guard that a request is authorized for, and what earlier guards on the same request found. */
export interface GuardContext {
  readonly mode: GuardMode
  /** The token that an earlier guard accepted: it is not resolved a second time. */
  readonly earlier: ResolvedRequest | undefined
  /** What an earlier guard in report mode has already reported about the request. */
  readonly reported: RefusalReason | undefined
}

/** The context of a request that no guard has seen before. */
export const FIRST_GUARD: GuardContext = Object.freeze({
  mode: 'enforce',
  // Own properties, so that a polluted prototype is not taken for the result of an earlier guard.
  earlier: undefined,
  reported: undefined,
})

/** The token of an accepted request, kept for further guards on the same request. */
export interface ResolvedRequest {
  readonly token: string
  readonly digest: string
  readonly resolved: ResolvedToken
  /** When the first guard resolved the token, in seconds since the epoch. */
  readonly at: number
}

/** Guards of one request run within this time. */
const SAME_REQUEST_SECONDS = 5

/** A decision; for an accepted request with its token. */
export interface DecisionResult {
  readonly decision: Decision
  readonly resolved: ResolvedRequest | undefined
}

/**
 * The path of a request: header, token, facts, validity, policies, decision, event. Synchronous unless something has
 * to be awaited.
 */
export class Authorizer {
  readonly #settings: AuthorizerSettings

  constructor(settings: AuthorizerSettings) {
    this.#settings = settings
  }

  /** Decides about a request. Never throws and never rejects. */
  authorize(request: GuardedRequest, policies: PolicySet, guard: GuardContext): Awaitable<DecisionResult> {
    return this.#decide(readToken(request), new DecisionContext(policies, request, guard, this.#startTime()))
  }

  /**
   * Decides about a token alone.
   *
   * @throws Refusal, as a rejection.
   */
  async verify(token: string, policies: PolicySet): Promise<AccessToken> {
    const context = new DecisionContext(policies, undefined, FIRST_GUARD, this.#startTime())
    const { decision } = await this.#decide(token, context)
    if (decision.outcome === 'accepted') return decision.token
    throw decision.refusal
  }

  /** Read only if somebody observes: the duration appears in events alone. */
  #startTime(): number {
    return this.#settings.observer === undefined ? 0 : performance.now()
  }

  #decide(token: OrRefusal<string>, context: DecisionContext): Awaitable<DecisionResult> {
    try {
      const resolved = this.#resolve(token, context)
      const result =
        resolved instanceof Promise
          ? afterwards(resolved, this.#evaluateLater, context)
          : this.#evaluate(resolved, context)
      return result instanceof Promise ? recovered(result, this.#fail, context) : result
    } catch (error) {
      return this.#fail(error, context)
    }
  }

  #resolve(token: OrRefusal<string>, context: DecisionContext): Awaitable<OrRefusal<ResolvedToken>> {
    if (isRefusal(token)) return token
    context.token = token
    const unreadable = refuseUnreadable(token)
    if (unreadable !== undefined) return unreadable
    context.now = this.#settings.clock.now()
    // Headers may change between two guards: only the very same token needs no second verification.
    if (context.guard.earlier?.token === token) context.continue(context.guard.earlier)
    else context.digest = tokenDigest(token)
    return this.#settings.resolver.resolve(context)
  }

  /** An issuer may take long: validity and age are evaluated at the time of its response. */
  readonly #evaluateLater = (
    resolved: OrRefusal<ResolvedToken>,
    context: DecisionContext,
  ): Awaitable<DecisionResult> => {
    context.now = this.#settings.clock.now()
    return this.#evaluate(resolved, context)
  }

  #evaluate(resolved: OrRefusal<ResolvedToken>, context: DecisionContext): Awaitable<DecisionResult> {
    if (isRefusal(resolved)) return this.#refuse(resolved, context)
    context.resolved = resolved
    context.resolvedAt ??= context.now
    const { cached } = resolved
    const { issuer } = cached.issuer
    const invalid = validateToken(cached, this.#settings.toleranceSeconds, context.now)
    if (invalid !== undefined) return this.#conclude(invalid, resolved, context)
    const failure = issuer.validateToken?.(cached.token)
    if (failure !== undefined) return this.#conclude(refusalFor(failure), resolved, context)
    const refusal = evaluatePolicies(context.policies, cached, issuer, context.now, context.request)
    return refusal instanceof Promise
      ? afterwards(refusal, this.#conclude, resolved, context)
      : this.#conclude(refusal, resolved, context)
  }

  readonly #conclude = (
    refusal: Refusal | undefined,
    resolved: ResolvedToken,
    context: DecisionContext,
  ): DecisionResult => {
    const { cached, source } = resolved
    if (refusal !== undefined) {
      return this.#refuse(refusal.withOrigin(cached.issuer.issuer.name, source), context)
    }
    const decision = cached.acceptedDecision
    const { token, digest, previous } = context
    // A further guard that accepts as well adds nothing to what was reported, unless it had to ask the issuer.
    const isNews = previous === undefined || (source === 'remote' && resolved !== previous.resolved)
    if (isNews) this.#report(decision, context)
    return { decision, resolved: { token, digest, resolved, at: context.resolvedAt ?? Number.NaN } }
  }

  /** Any error that is not a refusal is an internal bug: respond 503, because it says nothing about the token. */
  readonly #fail = (error: unknown, context: DecisionContext): DecisionResult => {
    const refusal = error instanceof Refusal ? error : new Refusal('issuer_unavailable', { cause: error })
    return this.#refuse(refusal, context)
  }

  #refuse(refusal: Refusal, context: DecisionContext): DecisionResult {
    const outcome = isUndecidable(refusal) ? 'undecidable' : 'refused'
    const decision: Decision = Object.freeze({ outcome, refusal })
    const { mode, reported } = context.guard
    if (!(mode === 'report' && refusal.reason === reported)) this.#report(decision, context)
    return { decision, resolved: undefined }
  }

  #report(decision: Decision, context: DecisionContext): void {
    const { observer } = this.#settings
    if (observer === undefined) return
    const { token, digest, request, guard, resolved, started } = context
    observe(observer, () =>
      eventOf(decision, {
        token,
        digest,
        verified: resolved === undefined ? undefined : verifiedToken(resolved),
        request,
        mode: guard.mode,
        durationMs: performance.now() - started,
      }),
    )
  }
}

function verifiedToken({ cached, source }: ResolvedToken): VerifiedToken {
  return { token: cached.token, issuer: cached.issuer.issuer.name, source }
}

/** Never throws: an unreadable request yields a 503 like any other internal error. */
function readToken(request: GuardedRequest): OrRefusal<string> {
  try {
    return readBearer(request)
  } catch (cause) {
    return new Refusal('issuer_unavailable', { cause })
  }
}

/** A decision in progress: its input, and what is found out step by step. */
class DecisionContext implements TokenLookup {
  readonly policies: PolicySet
  readonly needs: FreshnessNeeds
  readonly request: GuardedRequest | undefined
  readonly guard: GuardContext
  readonly started: number
  /** Empty if the request has no readable token. */
  token: string
  /** Empty until the token was found to be readable. */
  digest: string
  /** The wall clock in seconds since the epoch, read once before and once after waiting. */
  now: number
  /** What an earlier guard on this request found out about the same token. */
  previous: ResolvedRequest | undefined
  /** The same, if it is recent enough to be used again. */
  earlier: ResolvedToken | undefined
  resolved: ResolvedToken | undefined
  /** When the first guard of the request resolved the token. */
  resolvedAt: number | undefined

  constructor(
    policies: PolicySet,
    request: GuardedRequest | undefined,
    guard: GuardContext,
    started: number,
  ) {
    this.policies = policies
    this.needs = policies.needs
    this.request = request
    this.guard = guard
    this.started = started
    // Assigned here, because V8 initializes declared fields in a function of their own.
    this.token = ''
    this.digest = ''
    this.now = Number.NaN
    this.previous = undefined
    this.earlier = undefined
    this.resolved = undefined
    this.resolvedAt = undefined
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
 * Whether a guard follows an earlier one on the way to the handler. A request that lasts longer, such as a stream that
 * is authorized again from time to time, is resolved like a new one: a token that was forgotten or refused meanwhile
 * must not pass.
 */
function isSameRequest({ at }: ResolvedRequest, now: number): boolean {
  const seconds = now - at
  // If the wall clock was set back, nothing is known about the time in between.
  return seconds >= 0 && seconds < SAME_REQUEST_SECONDS
}
