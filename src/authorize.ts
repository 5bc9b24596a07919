import { fingerprintOf, tokenDigest, type AccessToken } from './access-token.js'
import { pathOf, readBearer, type GuardedRequest } from './bearer.js'
import type { Clock } from './clock.js'
import type { Decision, DecisionEvent, DecisionObserver, GuardMode } from './decision.js'
import { freshnessOf, judgePolicies, type CompiledPolicy } from './policy.js'
import { isUndecidable, Refusal, refusalFor } from './refusal.js'
import { judgeStanding } from './standing.js'
import type { ResolvedToken, TokenVerifier } from './verifier.js'

/** What a decision is made with. */
export interface AuthorizerSettings {
  readonly verifier: TokenVerifier
  /** The verifier's own policy, which holds for every request. */
  readonly policies: readonly CompiledPolicy[]
  readonly clock: Clock
  readonly clockToleranceSeconds: number
  readonly observer: DecisionObserver | undefined
}

/** How a request comes before the authorizer. */
export interface AuthorizeContext {
  readonly mode: GuardMode
  /** What an earlier guard on the same request found: the token is then not resolved a second time. */
  readonly earlier?: Passage | undefined
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

/** The journey of a request: header, token, facts, standing, policies, decision; and telling the observer. */
export class Authorizer {
  readonly #settings: AuthorizerSettings

  constructor(settings: AuthorizerSettings) {
    this.#settings = settings
  }

  /** Decides about a request. Never rejects. */
  async authorize(
    request: GuardedRequest,
    policies: readonly CompiledPolicy[],
    context: AuthorizeContext,
  ): Promise<Judgement> {
    const started = performance.now()
    const trace: Trace = { bearer: undefined, resolved: undefined }
    const decision = await this.#decide(trace, policies, request, () => bearerOf(request, context.earlier))
    const passage = passageOf(decision, trace)
    // A second guard that also accepts adds nothing to what was reported of this request.
    if (context.earlier === undefined || decision.outcome !== 'accepted') {
      this.#report(decision, trace, started, { mode: context.mode, request })
    }
    return { decision, passage }
  }

  /**
   * Decides about a token alone.
   *
   * @throws Refusal
   */
  async verify(token: string, policies: readonly CompiledPolicy[]): Promise<AccessToken> {
    const started = performance.now()
    const trace: Trace = { bearer: undefined, resolved: undefined }
    const decision = await this.#decide(trace, policies, undefined, () => ({
      bearer: token,
      earlier: undefined,
    }))
    this.#report(decision, trace, started, { mode: 'enforce' })
    if (decision.outcome === 'accepted') return decision.token
    throw decision.refusal
  }

  async #decide(
    trace: Trace,
    routePolicies: readonly CompiledPolicy[],
    request: GuardedRequest | undefined,
    read: () => Credentials,
  ): Promise<Decision> {
    const policies = [...this.#settings.policies, ...routePolicies]
    try {
      const { bearer, earlier } = read()
      trace.bearer = bearer
      const { verifier } = this.#settings
      const needs = freshnessOf(policies)
      trace.resolved =
        earlier === undefined
          ? await verifier.resolve(bearer, needs)
          : await verifier.resolveAgain(bearer, earlier, needs)
      const refusal = await this.#judge(trace.resolved, policies, request)
      if (refusal === undefined) return { outcome: 'accepted', token: trace.resolved.known.token }
      return refused(refusal.ofIssuer(trace.resolved.known.issuer.issuer.name))
    } catch (error) {
      // Anything but a refusal is a fault of ours: it opens no door, and says nothing about the token.
      return refused(error instanceof Refusal ? error : new Refusal('issuer_unavailable', { cause: error }))
    }
  }

  async #judge(
    { known }: ResolvedToken,
    policies: readonly CompiledPolicy[],
    request: GuardedRequest | undefined,
  ): Promise<Refusal | undefined> {
    const { issuer } = known.issuer
    const { clock, clockToleranceSeconds } = this.#settings
    const { token } = known
    const now = clock.now()
    const { audience, issuedAt, expiresAt } = token
    const standing = judgeStanding(
      { audience, issuedAt, expiresAt, notBefore: known.notBefore },
      { audience: issuer.audience, clockToleranceSeconds },
      now,
    )
    if (standing !== undefined) return standing
    const fault = issuer.judgeToken?.(token)
    if (fault !== undefined) return refusalFor(fault)
    return judgePolicies(policies, {
      token,
      issuerName: issuer.name,
      scopeMatcher: issuer.scopeMatcher,
      now,
      request,
    })
  }

  #report(
    decision: Decision,
    trace: Trace,
    started: number,
    about: { readonly mode: GuardMode; readonly request?: GuardedRequest },
  ): void {
    const { observer } = this.#settings
    if (observer === undefined) return
    try {
      const outcome = observer(eventOf(decision, trace, performance.now() - started, about))
      // An async observer that fails must not end the process either.
      if (outcome instanceof Promise) outcome.catch(() => undefined)
    } catch {
      // Watching changes nothing.
    }
  }
}

/** What came to light on the way, for the report. */
interface Trace {
  bearer: string | undefined
  resolved: ResolvedToken | undefined
}

interface Credentials {
  readonly bearer: string
  readonly earlier: ResolvedToken | undefined
}

function bearerOf(request: GuardedRequest, earlier: Passage | undefined): Credentials {
  const bearer = readBearer(request)
  if (bearer instanceof Refusal) throw bearer
  // Headers may have been changed between two guards: only the very same token may pass unresolved.
  return { bearer, earlier: earlier?.bearer === bearer ? earlier.resolved : undefined }
}

function refused(refusal: Refusal): Decision {
  return { outcome: isUndecidable(refusal) ? 'undecidable' : 'refused', refusal }
}

function passageOf(decision: Decision, { bearer, resolved }: Trace): Passage | undefined {
  if (decision.outcome !== 'accepted' || bearer === undefined || resolved === undefined) return undefined
  return { bearer, resolved }
}

function eventOf(
  decision: Decision,
  { bearer, resolved }: Trace,
  durationMs: number,
  { mode, request }: { readonly mode: GuardMode; readonly request?: GuardedRequest },
): DecisionEvent {
  const refusal = decision.outcome === 'accepted' ? undefined : decision.refusal
  const path = request === undefined ? undefined : pathOf(request)
  const issuerName = resolved?.known.issuer.issuer.name ?? refusal?.issuer
  return {
    outcome: decision.outcome,
    ...(refusal === undefined ? {} : { reason: refusal.reason }),
    ...(issuerName === undefined ? {} : { issuer: issuerName }),
    ...(resolved === undefined ? {} : vouchedFor(resolved)),
    ...(bearer === undefined ? {} : { fingerprint: fingerprintOf(tokenDigest(bearer)) }),
    durationMs,
    ...(request?.method === undefined ? {} : { method: request.method }),
    ...(path === undefined ? {} : { path }),
    mode,
  }
}

function vouchedFor({ known, source }: ResolvedToken): Partial<DecisionEvent> {
  const { provider, format, clientId, subject, tokenId } = known.token
  return {
    provider,
    format,
    subject,
    ...(clientId === undefined ? {} : { clientId }),
    ...(tokenId === undefined ? {} : { tokenId }),
    source,
  }
}
