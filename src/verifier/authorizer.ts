import type { AccessToken } from '../model/access-token.js'
import type { Awaitable } from '../util/awaitable.js'
import { readBearer } from '../bearer/bearer-token.js'
import type { GuardedRequest } from '../model/request.js'
import type { Clock } from '../util/clock.js'
import type { Decision, DecisionObserver, GuardMode } from '../model/decision.js'
import { eventOf, type VerifiedToken } from '../telemetry/decision-event.js'
import type { ResolvedToken } from './cached-token.js'
import { evaluatePolicies } from '../policy/evaluate.js'
import type { PolicySet } from '../policy/combine.js'
import { isUndecidable, Refusal, refusalFor } from '../model/refusal.js'
import type { RefusalReason } from '../model/refusal-reasons.js'
import { validateToken } from './validity.js'
import type { TokenResolver } from './token-resolver.js'

/** What a decision is made with. */
export interface AuthorizerSettings {
  readonly verifier: TokenResolver
  readonly clock: Clock
  readonly clockToleranceSeconds: number
  readonly observer: DecisionObserver | undefined
}

/** How a request comes before the authorizer. */
export interface AuthorizeContext {
  readonly mode: GuardMode
  /** What an earlier guard on the same request found: the token is then not resolved a second time. */
  readonly earlier: ResolvedRequest | undefined
  /** What an earlier guard that only reports has already reported of the same request. */
  readonly reported: RefusalReason | undefined
}

/** How a request comes that no guard has seen before. */
export const ENFORCED: AuthorizeContext = Object.freeze({
  mode: 'enforce',
  // Said, so that what a polluted prototype has to say is not taken for what an earlier guard found.
  earlier: undefined,
  reported: undefined,
})

/** What an accepted request leaves behind for a further guard on it. */
export interface ResolvedRequest {
  readonly bearer: string
  readonly resolved: ResolvedToken
  /** When the first guard on it resolved the token, in seconds since the epoch. */
  readonly at: number
}

/** Guards of one request follow each other sooner than that. */
const SAME_REQUEST_SECONDS = 5

/** A decision, with the passage if it was accepted. */
export interface DecisionResult {
  readonly decision: Decision
  readonly resolved: ResolvedRequest | undefined
}

/**
 * The journey of a request: header, token, facts, standing, policies, decision; and telling the observer.
 * Where nothing has to be awaited, the decision is there at once.
 */
export class Authorizer {
  readonly #settings: AuthorizerSettings

  constructor(settings: AuthorizerSettings) {
    this.#settings = settings
  }

  /** Decides about a request. Never throws and never rejects. */
  authorize(
    request: GuardedRequest,
    policies: PolicySet,
    context: AuthorizeContext,
  ): Awaitable<DecisionResult> {
    return this.#decide(new DecisionContext(bearerOf(request), policies, request, context, this.#startTime()))
  }

  /**
   * Decides about a token alone.
   *
   * @throws Refusal
   */
  async verify(token: string, policies: PolicySet): Promise<AccessToken> {
    const { decision } = await this.#decide(
      new DecisionContext(token, policies, undefined, ENFORCED, this.#startTime()),
    )
    if (decision.outcome === 'accepted') return decision.token
    throw decision.refusal
  }

  /** Only who is told of it needs to know how long a decision took. */
  #startTime(): number {
    return this.#settings.observer === undefined ? 0 : performance.now()
  }

  #decide(inquiry: DecisionContext): Awaitable<DecisionResult> {
    try {
      const now = this.#settings.clock.now()
      const resolving = this.#resolve(inquiry, now)
      if (resolving instanceof Promise) return this.#decideLater(inquiry, resolving)
      const judging = this.#judge(inquiry, resolving, now)
      return judging instanceof Promise ? this.#orRefused(judging, inquiry) : judging
    } catch (error) {
      return this.#refused(error, inquiry)
    }
  }

  async #decideLater(inquiry: DecisionContext, resolving: Promise<ResolvedToken>): Promise<DecisionResult> {
    try {
      const judging = this.#judge(inquiry, await resolving, this.#settings.clock.now())
      return judging instanceof Promise ? await judging : judging
    } catch (error) {
      return this.#refused(error, inquiry)
    }
  }

  async #orRefused(judging: Promise<DecisionResult>, inquiry: DecisionContext): Promise<DecisionResult> {
    try {
      return await judging
    } catch (error) {
      return this.#refused(error, inquiry)
    }
  }

  #resolve(inquiry: DecisionContext, now: number): Awaitable<ResolvedToken> {
    const { bearer, earlier, policies } = inquiry
    if (bearer instanceof Refusal) throw bearer
    const { verifier } = this.#settings
    if (earlier !== undefined && isSameRequest(earlier, now)) {
      inquiry.resolvedAt = earlier.at
      return verifier.resolveAgain(bearer, earlier.resolved, policies.needs, now)
    }
    return verifier.resolve(bearer, policies.needs, now)
  }

  #judge(inquiry: DecisionContext, resolved: ResolvedToken, now: number): Awaitable<DecisionResult> {
    inquiry.resolved = resolved
    // When it is known and not when it was asked about: an issuer may take long.
    inquiry.resolvedAt ??= now
    const { clockToleranceSeconds } = this.#settings
    const { cached: known } = resolved
    const { issuer } = known.issuer
    const standing = validateToken(known, clockToleranceSeconds, now)
    if (standing !== undefined) return this.#concluded(inquiry, resolved, standing)
    const fault = issuer.validateToken?.(known.token)
    if (fault !== undefined) return this.#concluded(inquiry, resolved, refusalFor(fault))
    const judging = evaluatePolicies(inquiry.policies, known, issuer, now, inquiry.request)
    return judging instanceof Promise
      ? this.#concludedLater(inquiry, resolved, judging)
      : this.#concluded(inquiry, resolved, judging)
  }

  async #concludedLater(
    inquiry: DecisionContext,
    resolved: ResolvedToken,
    judging: Promise<Refusal | undefined>,
  ): Promise<DecisionResult> {
    return this.#concluded(inquiry, resolved, await judging)
  }

  #concluded(
    inquiry: DecisionContext,
    resolved: ResolvedToken,
    refusal: Refusal | undefined,
  ): DecisionResult {
    if (refusal !== undefined) {
      return this.#refused(refusal.withOrigin(resolved.cached.issuer.issuer.name, resolved.source), inquiry)
    }
    const { earlier, bearer } = inquiry
    const decision = resolved.cached.acceptedDecision
    // A second guard that also accepts adds nothing to what was reported, unless it had to ask the issuer.
    const isNews = earlier === undefined || (resolved.source === 'remote' && resolved !== earlier.resolved)
    if (isNews) this.#report(decision, inquiry)
    // Only a token is ever resolved: a refusal in its place has been thrown before.
    return {
      decision,
      resolved: { bearer: bearer as string, resolved, at: inquiry.resolvedAt ?? Number.NaN },
    }
  }

  #refused(error: unknown, inquiry: DecisionContext): DecisionResult {
    // Anything but a refusal is a fault of ours: it opens no door, and says nothing about the token.
    const refusal = error instanceof Refusal ? error : new Refusal('issuer_unavailable', { cause: error })
    const outcome = isUndecidable(refusal) ? 'undecidable' : 'refused'
    const decision: Decision = Object.freeze({ outcome, refusal })
    const { mode, reported } = inquiry.context
    if (!(mode === 'report' && refusal.reason === reported)) this.#report(decision, inquiry)
    return { decision, resolved: undefined }
  }

  #report(decision: Decision, inquiry: DecisionContext): void {
    const { observer } = this.#settings
    if (observer === undefined) return
    try {
      const { bearer, resolved, request, started, context } = inquiry
      const durationMs = performance.now() - started
      const verified = resolved === undefined ? undefined : verifiedToken(resolved)
      const outcome = observer(
        eventOf(decision, { bearer, verified, request, mode: context.mode, durationMs }),
      )
      // An async observer that fails must not end the process either.
      if (outcome instanceof Promise) outcome.catch(() => undefined)
    } catch {
      // Watching changes nothing.
    }
  }
}

function verifiedToken({ cached: known, source }: ResolvedToken): VerifiedToken {
  return { token: known.token, issuer: known.issuer.issuer.name, source }
}

/** Never throws: a request that is none is as undecidable as any other fault of ours. */
function bearerOf(request: GuardedRequest): string | Refusal {
  try {
    return readBearer(request)
  } catch (cause) {
    return new Refusal('issuer_unavailable', { cause })
  }
}

/** A decision in the making: what is decided about, and what came to light on the way. */
class DecisionContext {
  readonly bearer: string | Refusal
  readonly policies: PolicySet
  readonly request: GuardedRequest | undefined
  readonly context: AuthorizeContext
  readonly started: number
  /** What an earlier guard found out about the very same token. */
  readonly earlier: ResolvedRequest | undefined
  resolved: ResolvedToken | undefined
  /** When it was resolved by the first guard of the request. */
  resolvedAt: number | undefined

  constructor(
    bearer: string | Refusal,
    policies: PolicySet,
    request: GuardedRequest | undefined,
    context: AuthorizeContext,
    started: number,
  ) {
    this.bearer = bearer
    this.policies = policies
    this.request = request
    this.context = context
    this.started = started
    // Headers may have been changed between two guards: only the very same token may pass unresolved.
    this.earlier = earlierOf(context, bearer)
    this.resolved = undefined
    this.resolvedAt = undefined
  }
}

function earlierOf({ earlier }: AuthorizeContext, bearer: string | Refusal): ResolvedRequest | undefined {
  return earlier?.bearer === bearer ? earlier : undefined
}

/**
 * Whether a guard follows an earlier one on the way in. A request that goes on for longer, such as a stream that is
 * guarded anew from time to time, is like a new one: what was forgotten or refused meanwhile must not pass.
 */
function isSameRequest({ at }: ResolvedRequest, now: number): boolean {
  const passed = now - at
  // A time of day that was set back says nothing of how long it went on.
  return passed >= 0 && passed < SAME_REQUEST_SECONDS
}
