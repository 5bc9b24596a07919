import type { AccessToken } from '../model/access-token.js'
import type { Decision } from '../model/decision.js'
import { explain } from '../model/detail/explain.js'
import {
  isUndecidable,
  Refusal,
  refusalFor,
  type OrRefusal,
  isRefusal,
  withChangedDetail,
} from '../model/refusal/refusal.js'
import { isStated } from '../model/refusal/stated.js'
import { failedFunctionOf, functionFailure } from '../model/refusal/function-failure.js'
import type { Issuer } from '../model/issuer/issuer.js'
import type { Recorder } from '../model/recorder.js'
import type { GuardedRequest } from '../model/request.js'
import { tokenDigest } from '../model/token-digest.js'
import { readBareToken, readBearer } from '../bearer/bearer-token.js'
import type { PolicySet } from '../policy/combine.js'
import { evaluatePolicies } from '../policy/evaluate.js'
import { eventOf, type VerifiedToken } from '../telemetry/decision-event.js'
import type { WarnOfFunction } from '../telemetry/function-warnings.js'
import type { Observers } from '../telemetry/observers.js'
import { maskTokenIn } from '../telemetry/mask-token.js'
import { afterwards, recovered, type Awaitable } from '../util/awaitable.js'
import type { Clock } from '../util/clock.js'
import { errorName, phrase } from '../util/quote.js'
import type { ResolvedToken } from './cached-token.js'
import { DecisionContext, FIRST_GUARD, type GuardContext, type ResolvedRequest } from './decision-context.js'
import type { RevocationCheck } from './revocation/check.js'
import { refuseUnreadable, type TokenResolver } from './token-resolver.js'
import { validateToken } from './validity.js'

/** Dependencies and settings of {@link Authorizer}. */
export interface AuthorizerSettings {
  readonly resolver: TokenResolver
  readonly clock: Clock
  /** Maximum clock difference, in seconds. */
  readonly toleranceSeconds: number
  /** Maximum token length in characters. Longer tokens are refused without being parsed. */
  readonly maxTokenLength: number
  readonly observers: Observers
  readonly warnOfFunction: WarnOfFunction
  /** `undefined` without revocations. */
  readonly revocations: RevocationCheck | undefined
}

/** A decision, with the resolved token of an accepted request. */
export interface DecisionResult {
  readonly decision: Decision
  readonly resolved: ResolvedRequest | undefined
  /**
   * Whether the request has no token. Not the same as the reason `token_missing`, which a custom rule may state about a
   * request with a token.
   */
  readonly isTokenMissing: boolean
}

/** The start time of a decision that no event reports. */
const NO_EVENT = Number.NaN

/** A decision, with the input and the results of its steps. */
export interface RecordedDecision {
  readonly decision: Decision
  readonly context: DecisionContext
}

/**
 * Runs the steps from request to decision: header, token, facts, validity, policies, decision, event. Synchronous
 * unless a step returns a promise.
 */
export class Authorizer {
  readonly #settings: AuthorizerSettings

  constructor(settings: AuthorizerSettings) {
    this.#settings = settings
  }

  /** Decides on a request. Never throws and never rejects. */
  authorize(request: GuardedRequest, policies: PolicySet, guard: GuardContext): Awaitable<DecisionResult> {
    const context = new DecisionContext(policies, request, guard, this.#startTime())
    return this.#decide(readToken(request, guard.header), context)
  }

  /**
   * Decides on a token without a request.
   *
   * @throws Refusal as a rejection.
   */
  async verify(token: string, policies: PolicySet): Promise<AccessToken> {
    const context = new DecisionContext(policies, undefined, FIRST_GUARD, this.#startTime())
    const { decision } = await this.#decide(token, context)
    if (decision.outcome === 'accepted') return decision.token
    throw decision.refusal
  }

  /**
   * Decides on a token or a request as {@link verify} and {@link authorize} do, and records the progress. Emits no event.
   * Never throws and never rejects.
   */
  async record(
    input: unknown,
    policies: PolicySet,
    recorder: Recorder,
    header: string | undefined,
  ): Promise<RecordedDecision> {
    const request = typeof input === 'object' && input !== null ? (input as GuardedRequest) : undefined
    const guard = { ...FIRST_GUARD, header }
    const context = new DecisionContext(policies, request, guard, NO_EVENT, recorder)
    recorder.enter('header')
    const token = request === undefined ? (input as string) : readToken(request, header)
    const { decision } = await this.#decide(token, context)
    return { decision, context }
  }

  /** The start time; `NaN` without an observer, because only events contain the duration. */
  #startTime(): number {
    return this.#settings.observers.areDecisionsObserved ? performance.now() : NO_EVENT
  }

  #decide(token: OrRefusal<string>, context: DecisionContext): Awaitable<DecisionResult> {
    try {
      const resolved = this.#resolve(token, context)
      const result =
        resolved instanceof Promise
          ? afterwards(resolved, this.#evaluateAwaited, context)
          : this.#evaluate(resolved, context)
      return result instanceof Promise ? recovered(result, this.#fail, context) : result
    } catch (error) {
      return this.#fail(error, context)
    }
  }

  #resolve(token: OrRefusal<string>, context: DecisionContext): Awaitable<OrRefusal<ResolvedToken>> {
    if (isRefusal(token)) {
      context.isTokenMissing = token.reason === 'token_missing'
      return token
    }
    context.token = token
    context.recorder?.enter('length')
    const unreadable = refuseUnreadable(token, this.#settings.maxTokenLength)
    if (unreadable !== undefined) return unreadable
    context.now = this.#settings.clock.now()
    // Middleware may change headers between two guards, so only an equal token needs no second verification.
    if (context.guard.earlier?.token === token) context.continue(context.guard.earlier)
    else context.digest = tokenDigest(token)
    context.recorder?.enter('cache')
    return this.#settings.resolver.resolve(context)
  }

  /** Evaluates validity and age at the time of the issuer's response, which may arrive seconds after the request. */
  readonly #evaluateAwaited = (
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
    const { recorder } = context
    recorder?.enter('validity')
    const invalid = validateToken(cached, this.#settings.toleranceSeconds, context.now)
    if (invalid !== undefined) return this.#conclude(invalid, resolved, context)
    recorder?.enter('revocation')
    const revoked = this.#settings.revocations?.refuse(cached, context.token, context.now)
    if (revoked !== undefined) return this.#conclude(revoked, resolved, context)
    recorder?.enter('issuer_rule')
    const broken = applyIssuerRule(issuer, cached.token)
    if (broken !== undefined) return this.#conclude(broken, resolved, context)
    recorder?.enter('policy')
    const refusal = evaluatePolicies(context.policies, cached, issuer, context.now, context.request, recorder)
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
      const { name } = cached.issuer.issuer
      return this.#refuse(isStated(refusal) ? refusal : refusal.withOrigin(name, source), context)
    }
    const decision = cached.acceptedDecision
    const { token, digest, previous } = context
    // A second acceptance of the same request is not reported, unless it needed a call to the issuer.
    const shouldReport = previous === undefined || (source === 'remote' && resolved !== previous.resolved)
    if (shouldReport) this.#report(decision, context)
    return {
      decision,
      resolved: { token, digest, resolved, at: context.resolvedAt ?? Number.NaN },
      isTokenMissing: false,
    }
  }

  /** Responds 503 to an error that is not a refusal: it is an internal bug and says nothing about the token. */
  readonly #fail = (error: unknown, context: DecisionContext): DecisionResult => {
    return this.#refuse(error instanceof Refusal ? error : internalError(error), context)
  }

  #refuse(stated: Refusal, context: DecisionContext): DecisionResult {
    const refusal = withoutToken(stated, context.token)
    const outcome = isUndecidable(refusal) ? 'undecidable' : 'refused'
    const decision: Decision = Object.freeze({ outcome, refusal })
    const failed = failedFunctionOf(refusal)
    if (failed !== undefined && context.recorder === undefined)
      this.#settings.warnOfFunction(failed, refusal.issuer)
    const { mode, reported } = context.guard
    if (!(mode === 'report' && refusal.reason === reported)) this.#report(decision, context)
    return { decision, resolved: undefined, isTokenMissing: context.isTokenMissing }
  }

  #report(decision: Decision, context: DecisionContext): void {
    const { token, digest, request, guard, policies, resolved, started } = context
    // An observer that was added during the decision is not called, because the start time is unknown.
    if (Number.isNaN(started)) return
    this.#settings.observers.reportDecision(() =>
      eventOf(decision, {
        token,
        digest,
        verified: resolved === undefined ? undefined : verifiedToken(resolved),
        request,
        mode: guard.mode,
        stage: guard.stage,
        required: policies.mentionedScopes,
        header: guard.header,
        passesWithoutToken: guard.isOptional && context.isTokenMissing,
        durationMs: performance.now() - started,
      }),
    )
  }
}

function applyIssuerRule(issuer: Issuer, token: AccessToken): Refusal | undefined {
  try {
    const failure = issuer.validateToken?.(token)
    return failure === undefined ? undefined : refusalFor(failure)
  } catch (error) {
    return functionFailure('validateToken', error)
  }
}

/** Masks the token in a detail that a response about it may have caused, because the response may repeat it in part. */
function withoutToken(refusal: Refusal, token: string): Refusal {
  const { source } = refusal
  if (isStated(refusal)) {
    const { detail } = refusal
    const isClean = detail === undefined || maskTokenIn(detail, token) === detail
    return isClean ? refusal : withChangedDetail(refusal, (quoting) => maskTokenIn(quoting, token))
  }
  if (source !== 'remote' && source !== 'cache') return refusal
  return withChangedDetail(refusal, (detail) => maskTokenIn(detail, token))
}

function verifiedToken({ cached, source }: ResolvedToken): VerifiedToken {
  return { token: cached.token, issuer: cached.issuer.issuer.name, source }
}

/** Reads the token. Never throws: an unreadable request is a 503 like any other internal error. */
export function readToken(request: GuardedRequest, header: string | undefined): OrRefusal<string> {
  try {
    return header === undefined ? readBearer(request) : readBareToken(request, header)
  } catch (cause) {
    return internalError(cause)
  }
}

/** The refusal for an error that is not a refusal. Its message may quote the request, so only the cause has it. */
function internalError(cause: unknown): Refusal {
  const detail = explain('issuer_unavailable', 'internal', { error: phrase(errorName(cause)) })
  return new Refusal('issuer_unavailable', { cause, detail })
}
