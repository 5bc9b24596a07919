import { createAccessToken, tokenDigest, withConfirmation } from './access-token.js'
import type { Clock } from './clock.js'
import type { TokenSource } from './decision.js'
import type { ConnectedIssuer } from './issuers/connected-issuer.js'
import type { UnverifiedJwt } from './issuers/issuer.js'
import type { Router } from './issuers/routes.js'
import { judgeHeader, verifyJwt } from './jwt/verify-jwt.js'
import type { FreshnessNeeds } from './policy.js'
import { isUndecidable, Refusal } from './refusal.js'
import type { Answered } from './remote/remote-check.js'
import { SingleFlight } from './single-flight.js'
import type { KnownToken, TokenCache } from './token-cache.js'

/** A token's facts and where they came from. */
export interface ResolvedToken {
  readonly known: KnownToken
  readonly source: TokenSource
}

/** Whether an answer under way may still be remembered: not once its token was forgotten. */
type StillCounts = () => boolean

/** Longer tokens are refused unread. */
const LONGEST_TOKEN = 8 * 1024

/** RFC 6750 section 2.1: what may stand after `Bearer`. */
const B64TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/

/**
 * Token in, facts out: routes a token to its issuer and gives what is remembered of it, or what a check
 * now says. Judges nothing that can change from request to request or from route to route.
 */
export class TokenVerifier {
  readonly #router: Router<ConnectedIssuer>
  readonly #cache: TokenCache
  readonly #clock: Clock
  readonly #toleranceSeconds: number
  // Two kinds of work, never mixed up: a caller who needs the issuer's word must not be handed the
  // outcome of a local check that happens to be under way for the same token.
  readonly #checks = new SingleFlight<KnownToken>()
  readonly #questions = new SingleFlight<KnownToken>()

  /** @param toleranceSeconds by how much clocks may disagree. */
  constructor(router: Router<ConnectedIssuer>, cache: TokenCache, clock: Clock, toleranceSeconds: number) {
    this.#router = router
    this.#cache = cache
    this.#clock = clock
    this.#toleranceSeconds = toleranceSeconds
  }

  /**
   * The facts of a token, as fresh as is needed.
   *
   * @throws Refusal whatever the reason; nothing else.
   */
  async resolve(token: string, needs: FreshnessNeeds): Promise<ResolvedToken> {
    assertReadable(token)
    const digest = tokenDigest(token)
    const remembered = await this.#recall(digest)
    const resolved = remembered ?? (await this.#establish(token, digest))
    return this.#confirmed(token, digest, resolved, needs)
  }

  /**
   * Takes up facts found earlier in the same request, and has them confirmed if more freshness is needed
   * now. What the issuer itself said during this request is as fresh as a request can have it.
   */
  async resolveAgain(token: string, earlier: ResolvedToken, needs: FreshnessNeeds): Promise<ResolvedToken> {
    if (earlier.source === 'remote') return earlier
    return this.#confirmed(token, tokenDigest(token), { known: earlier.known, source: 'cache' }, needs)
  }

  /** Drops what is remembered of a token; an answer still under way is not remembered either. */
  forget(token: string): void {
    const digest = tokenDigest(token)
    this.#checks.abandon(digest)
    this.#questions.abandon(digest)
    this.#cache.forget(digest)
  }

  /** What is remembered of a token and may still be believed. */
  async #recall(digest: string): Promise<ResolvedToken | undefined> {
    const refused = this.#cache.refused(digest, this.#clock.elapsed())
    if (refused !== undefined) throw new Refusal(refused.reason, { issuer: refused.issuerName })
    const known = this.#cache.known(digest)
    if (known === undefined) return undefined
    if (known.key === undefined) return { known, source: 'cache' }
    const pending = known.issuer.keys?.assertUsable()
    if (pending !== undefined) await pending
    if (!known.key.withdrawn) return { known, source: 'cache' }
    this.#cache.forget(digest)
    return undefined
  }

  /** Finds out about a token nothing is remembered of. */
  async #establish(token: string, digest: string): Promise<ResolvedToken> {
    const route = this.#router.route(token)
    const unverified = route.kind === 'jwt' ? route.unverified : undefined
    try {
      if (unverified !== undefined && route.to.issuer.jwt?.checked === 'local') {
        const check = (): Promise<KnownToken> => verifyLocally(token, digest, route.to, unverified)
        return { known: await this.#once(this.#checks, digest, check), source: 'local' }
      }
      const ask = (counts: StillCounts): Promise<KnownToken> =>
        this.#askAbout(token, digest, route.to, unverified, counts)
      return { known: await this.#once(this.#questions, digest, ask), source: 'remote' }
    } catch (error) {
      throw error instanceof Refusal ? error.ofIssuer(route.to.issuer.name) : error
    }
  }

  /**
   * Makes sure the issuer has vouched for the token as recently as is needed: within the lifetime of a
   * remembered answer and the policy's `confirmAfter` for tokens it answered for, within `confirmAfter`
   * from issue or confirmation for JWTs checked with keys.
   */
  async #confirmed(
    token: string,
    digest: string,
    resolved: ResolvedToken,
    needs: FreshnessNeeds,
  ): Promise<ResolvedToken> {
    if (resolved.source === 'remote') return resolved
    const { known } = resolved
    const longest = longestAge(known, needs, {
      now: this.#clock.now(),
      toleranceSeconds: this.#toleranceSeconds,
    })
    if (longest === undefined) return resolved
    const age = this.#clock.elapsed() - (known.answeredAt ?? Number.NEGATIVE_INFINITY)
    if (age < longest) return resolved
    try {
      const ask = (counts: StillCounts): Promise<KnownToken> => this.#askAgain(token, digest, known, counts)
      return { known: await this.#once(this.#questions, digest, ask), source: 'remote' }
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      if (isUndecidable(error) && age < longest + needs.staleIfError) return resolved
      throw error.ofIssuer(known.issuer.issuer.name)
    }
  }

  async #askAbout(
    token: string,
    digest: string,
    issuer: ConnectedIssuer,
    unverified: UnverifiedJwt | undefined,
    counts: StillCounts,
  ): Promise<KnownToken> {
    const { jwt, name, provider } = issuer.issuer
    if (unverified !== undefined && jwt !== undefined) judgeHeader(unverified.header, jwt)
    const asked = this.#moment()
    const { facts } = await this.#ask(token, digest, issuer, counts)
    const origin = {
      format: unverified === undefined ? ('opaque' as const) : ('jwt' as const),
      issuerName: name,
      provider,
      digest,
      confirmedAt: asked.now,
    }
    const accessToken = createAccessToken(facts, origin)
    return {
      issuer,
      token: accessToken,
      notBefore: facts.notBefore,
      key: undefined,
      answeredAt: asked.elapsed,
    }
  }

  async #askAgain(
    token: string,
    digest: string,
    known: KnownToken,
    counts: StillCounts,
  ): Promise<KnownToken> {
    if (known.key === undefined) {
      const route = this.#router.route(token)
      const unverified = route.kind === 'jwt' ? route.unverified : undefined
      return this.#askAbout(token, digest, known.issuer, unverified, counts)
    }
    const asked = this.#moment()
    await this.#ask(token, digest, known.issuer, counts)
    return { ...known, token: withConfirmation(known.token, asked.now), answeredAt: asked.elapsed }
  }

  /** When a question was put: an answer is no fresher than that. */
  #moment(): { readonly now: number; readonly elapsed: number } {
    return { now: this.#clock.now(), elapsed: this.#clock.elapsed() }
  }

  /** Asks the issuer; a no is remembered, unless forgotten meanwhile, and refused; a yes comes back. */
  async #ask(
    token: string,
    digest: string,
    { issuer, remote }: ConnectedIssuer,
    counts: StillCounts,
  ): Promise<Extract<Answered, { active: true }>> {
    if (remote === undefined) throw new Refusal('confirmation_impossible')
    const answer = await remote.ask(token)
    if (answer.active) return answer
    const { reason, because } = answer
    const until = this.#clock.elapsed() + remote.lifetimes.no
    if (counts()) this.#cache.refuse(digest, { issuerName: issuer.name, reason, until })
    throw new Refusal(reason, { cause: new Error(because) })
  }

  /** Callers at the same time share one piece of work; what it finds is remembered, unless forgotten meanwhile. */
  #once(
    flights: SingleFlight<KnownToken>,
    digest: string,
    work: (counts: StillCounts) => Promise<KnownToken>,
  ): Promise<KnownToken> {
    return flights.share(digest, work, (known) => {
      this.#cache.remember(digest, known)
    })
  }
}

async function verifyLocally(
  token: string,
  digest: string,
  issuer: ConnectedIssuer,
  unverified: UnverifiedJwt,
): Promise<KnownToken> {
  const { jwt, name, provider } = issuer.issuer
  if (jwt === undefined || issuer.keys === undefined) throw new Refusal('issuer_unknown')
  const { facts, key } = await verifyJwt(token, unverified, jwt, issuer.keys)
  const accessToken = createAccessToken(facts, { format: 'jwt', issuerName: name, provider, digest })
  return { issuer, token: accessToken, notBefore: facts.notBefore, key, answeredAt: undefined }
}

/** How old the issuer's last word on a token may be, in seconds; undefined where its word is not needed. */
function longestAge(
  { key, token, issuer }: KnownToken,
  { confirmAfter }: FreshnessNeeds,
  { now, toleranceSeconds }: { readonly now: number; readonly toleranceSeconds: number },
): number | undefined {
  if (key === undefined) {
    // An answer does not outlive its token. Whether the tolerance applies then is the issuer's to say, who
    // knows what it meant; past the tolerance nobody needs to be asked.
    if (token.expiresAt !== undefined && now >= token.expiresAt) {
      return now >= token.expiresAt + toleranceSeconds ? undefined : 0
    }
    return Math.min(issuer.remote?.lifetimes.yes ?? 0, confirmAfter ?? Number.POSITIVE_INFINITY)
  }
  const isYoung = token.issuedAt !== undefined && now - token.issuedAt < (confirmAfter ?? 0)
  return confirmAfter === undefined || isYoung ? undefined : confirmAfter
}

function assertReadable(token: unknown): asserts token is string {
  if (typeof token !== 'string') throw new Refusal('token_malformed')
  if (token.length > LONGEST_TOKEN) throw new Refusal('token_too_large')
  if (!B64TOKEN.test(token)) throw new Refusal('token_malformed')
}
