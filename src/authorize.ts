import { fingerprintOf, tokenDigest, type AccessToken } from './access-token.js'
import { andThen, type Awaitable } from './awaitable.js'
import { pathOf, readBearer, type GuardedRequest } from './bearer.js'
import type { Clock } from './clock.js'
import type { Decision, DecisionEvent, DecisionObserver, GuardMode } from './decision.js'
import { judgePolicies, type PolicySet } from './policy.js'
import { isUndecidable, Refusal, refusalFor, type RefusalReason } from './refusal.js'
import { judgeStanding } from './standing.js'
import type { ResolvedToken, TokenVerifier } from './verifier.js'

/** What a decision is made with. */
export interface AuthorizerSettings {
  readonly verifier: TokenVerifier
  readonly clock: Clock
  readonly clockToleranceSeconds: number
  readonly observer: DecisionObserver | undefined
}

/** How a request comes before the authorizer. */
export interface AuthorizeContext {
  readonly mode: GuardMode
  /** What an earlier guard on the same request found: the token is then not resolved a second time. */
  readonly earlier: Passage | undefined
  /** What an earlier guard that only reports has already reported of the same request. */
  readonly reported: RefusalReason | undefined
}

/** What an accepted request leaves behind for a further guard on it. */
export interface Passage {
  readonly bearer: string
  readonly resolved: ResolvedToken
}

/** A decision, with the passage if it was accepted. */
export interface Judgement {
  readonly decision: Decision
  readonly passage: Passage | undefined
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
  authorize(request: GuardedRequest, policies: PolicySet, context: AuthorizeContext): Awaitable<Judgement> {
    const bearer = bearerOf(request)
    // Headers may have been changed between two guards: only the very same token may pass unresolved.
    const earlier = context.earlier?.bearer === bearer ? context.earlier.resolved : undefined
    return this.#decide(bearer, policies, {
      request,
      mode: context.mode,
      earlier,
      reported: context.reported,
    })
  }

  /**
   * Decides about a token alone.
   *
   * @throws Refusal
   */
  async verify(token: string, policies: PolicySet): Promise<AccessToken> {
    const { decision } = await this.#decide(token, policies, ALONE)
    if (decision.outcome === 'accepted') return decision.token
    throw decision.refusal
  }

  #decide(bearer: string | Refusal, policies: PolicySet, about: Case): Awaitable<Judgement> {
    const started = this.#settings.observer === undefined ? 0 : performance.now()
    const trace: Trace = { bearer, resolved: undefined, started }
    try {
      if (bearer instanceof Refusal) throw bearer
      const { verifier } = this.#settings
      const resolving =
        about.earlier === undefined
          ? verifier.resolve(bearer, policies.needs)
          : verifier.resolveAgain(bearer, about.earlier, policies.needs)
      const deciding = andThen(resolving, (resolved) => {
        trace.resolved = resolved
        return andThen(this.#judge(resolved, policies, about.request), (refusal) =>
          this.#concluded(bearer, resolved, refusal, trace, about),
        )
      })
      return deciding instanceof Promise
        ? deciding.catch((error: unknown) => this.#refused(error, trace, about))
        : deciding
    } catch (error) {
      return this.#refused(error, trace, about)
    }
  }

  #concluded(
    bearer: string,
    resolved: ResolvedToken,
    refusal: Refusal | undefined,
    trace: Trace,
    about: Case,
  ): Judgement {
    if (refusal !== undefined) {
      return this.#refused(refusal.from(resolved.known.issuer.issuer.name, resolved.source), trace, about)
    }
    const decision = { outcome: 'accepted', token: resolved.known.token } as const
    // A second guard that also accepts adds nothing to what was reported, unless it had to ask the issuer.
    const isNews = about.earlier === undefined || (resolved.source === 'remote' && resolved !== about.earlier)
    if (isNews) this.#report(decision, trace, about)
    return { decision, passage: { bearer, resolved } }
  }

  #refused(error: unknown, trace: Trace, about: Case): Judgement {
    // Anything but a refusal is a fault of ours: it opens no door, and says nothing about the token.
    const refusal = error instanceof Refusal ? error : new Refusal('issuer_unavailable', { cause: error })
    const decision: Decision = { outcome: isUndecidable(refusal) ? 'undecidable' : 'refused', refusal }
    const isTold = about.mode === 'report' && refusal.reason === about.reported
    if (!isTold) this.#report(decision, trace, about)
    return { decision, passage: undefined }
  }

  #judge(
    { known }: ResolvedToken,
    policies: PolicySet,
    request: GuardedRequest | undefined,
  ): Awaitable<Refusal | undefined> {
    const { issuer } = known.issuer
    const { clock, clockToleranceSeconds } = this.#settings
    const { token, notBefore } = known
    const now = clock.now()
    const standing = judgeStanding(token, notBefore, issuer.audience, clockToleranceSeconds, now)
    if (standing !== undefined) return standing
    const fault = issuer.judgeToken?.(token)
    if (fault !== undefined) return refusalFor(fault)
    const { name: issuerName, scopeMatcher } = issuer
    return judgePolicies(policies, { token, issuerName, scopeMatcher, now, request })
  }

  #report(decision: Decision, trace: Trace, about: Case): void {
    const { observer } = this.#settings
    if (observer === undefined) return
    try {
      const outcome = observer(eventOf(decision, trace, performance.now() - trace.started, about))
      // An async observer that fails must not end the process either.
      if (outcome instanceof Promise) outcome.catch(() => undefined)
    } catch {
      // Watching changes nothing.
    }
  }
}

/** Never throws: a request that is none is as undecidable as any other fault of ours. */
function bearerOf(request: GuardedRequest): string | Refusal {
  try {
    return readBearer(request)
  } catch (cause) {
    return new Refusal('issuer_unavailable', { cause })
  }
}

/** What is decided about. */
interface Case {
  readonly request: GuardedRequest | undefined
  readonly mode: GuardMode
  readonly earlier: ResolvedToken | undefined
  readonly reported: RefusalReason | undefined
}

const ALONE: Case = { request: undefined, mode: 'enforce', earlier: undefined, reported: undefined }

/** What came to light on the way, for the report. */
interface Trace {
  readonly bearer: string | Refusal
  resolved: ResolvedToken | undefined
  readonly started: number
}

function eventOf(
  decision: Decision,
  { bearer, resolved }: Trace,
  durationMs: number,
  { mode, request }: Case,
): DecisionEvent {
  const refusal = decision.outcome === 'accepted' ? undefined : decision.refusal
  const path = request === undefined ? undefined : pathOf(request)
  const issuerName = resolved?.known.issuer.issuer.name ?? refusal?.issuer
  const source = resolved?.source ?? refusal?.source
  const isToken = typeof bearer === 'string' && refusal?.reason !== 'token_malformed'
  return {
    outcome: decision.outcome,
    ...(refusal === undefined ? {} : { reason: refusal.reason }),
    ...(issuerName === undefined ? {} : { issuer: issuerName }),
    ...(resolved === undefined ? {} : vouchedFor(resolved)),
    ...(source === undefined ? {} : { source }),
    ...(isToken ? { fingerprint: fingerprintOf(tokenDigest(bearer)) } : {}),
    durationMs,
    ...(request?.method === undefined ? {} : { method: request.method }),
    ...(path === undefined ? {} : { path }),
    mode,
  }
}

function vouchedFor({ known }: ResolvedToken): Partial<DecisionEvent> {
  const { provider, format, clientId, subject, tokenId } = known.token
  return {
    provider,
    format,
    subject,
    ...(clientId === undefined ? {} : { clientId }),
    ...(tokenId === undefined ? {} : { tokenId }),
  }
}
