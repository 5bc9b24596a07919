import type { VerificationSource } from '../model/access-token.js'
import { tokenDigest } from '../model/token-digest.js'
import type { Awaitable } from '../util/awaitable.js'
import { LocalVerification } from './local-verification.js'
import type { Clock } from '../util/clock.js'
import { isWorthRefreshing, longestAge } from './freshness.js'
import type { ConnectedIssuer } from './issuer-connection.js'
import type { Route, Router } from './token-router.js'
import type { SignatureVerifier } from '../jwt/signature.js'
import { validateHeader } from '../jwt/header.js'
import type { CachedToken, ResolvedToken } from './cached-token.js'
import type { FreshnessNeeds } from '../policy/combine.js'
import { RemoteVerification } from './remote-verification.js'
import { isUndecidable, Refusal } from '../model/refusal.js'
import type { TokenCache } from './token-cache.js'
import { isBearerToken } from '../bearer/b64token.js'

/** What a {@link TokenResolver} is made of. */
export interface TokenResolverParts {
  readonly router: Router<ConnectedIssuer>
  readonly cache: TokenCache
  readonly clock: Clock
  /** By how many seconds clocks may disagree. */
  readonly toleranceSeconds: number
  readonly checkSignature: SignatureVerifier
}

/** Longer tokens are refused unread. */
const LONGEST_TOKEN = 8 * 1024

/**
 * Token in, facts out: routes a token to its issuer and gives what is remembered of it, or what a check
 * now says. Judges nothing that can change from request to request or from route to route.
 */
export class TokenResolver {
  readonly #router: Router<ConnectedIssuer>
  readonly #cache: TokenCache
  readonly #clock: Clock
  readonly #toleranceSeconds: number
  // Two kinds of work, never mixed up: a caller who needs the issuer's word must not be handed the
  // outcome of a local check that happens to be under way for the same token.
  readonly #checks: LocalVerification
  readonly #questions: RemoteVerification

  constructor({ router, cache, clock, toleranceSeconds, checkSignature }: TokenResolverParts) {
    this.#router = router
    this.#cache = cache
    this.#clock = clock
    this.#toleranceSeconds = toleranceSeconds
    this.#checks = new LocalVerification({ cache, clock, toleranceSeconds, checkSignature })
    this.#questions = new RemoteVerification(cache, clock)
  }

  /**
   * The facts of a token, as fresh as is needed: at once where they are remembered.
   *
   * @param now the time of day, in seconds since the epoch.
   * @throws Refusal, thrown or as a rejection, whatever the reason; nothing else.
   */
  resolve(token: string, needs: FreshnessNeeds, now: number): Awaitable<ResolvedToken> {
    assertOfReadableSize(token)
    const digest = tokenDigest(token)
    const recalling = this.#recall(digest, now)
    return recalling instanceof Promise
      ? this.#resolvedLater(token, digest, recalling, needs)
      : this.#resolved(token, digest, recalling, needs)
  }

  // Closures stand in methods of their own: where they stand, whatever they hold is put on the heap with every call.
  async #resolvedLater(
    token: string,
    digest: string,
    recalling: Promise<ResolvedToken | undefined>,
    needs: FreshnessNeeds,
  ): Promise<ResolvedToken> {
    return this.#resolved(token, digest, await recalling, needs)
  }

  #resolved(
    token: string,
    digest: string,
    remembered: ResolvedToken | undefined,
    needs: FreshnessNeeds,
  ): Awaitable<ResolvedToken> {
    return remembered === undefined
      ? this.#find(token, digest, needs)
      : this.#confirmed(token, digest, remembered, needs)
  }

  /**
   * Takes up facts found earlier in the same request (what that is, the caller says), and has them confirmed if more
   * freshness is needed now. What the issuer itself has just said during this request is as fresh as a request can have it.
   *
   * @throws Refusal, as {@link TokenResolver.resolve} does.
   */
  resolveAgain(
    token: string,
    earlier: ResolvedToken,
    needs: FreshnessNeeds,
    now: number,
  ): Awaitable<ResolvedToken> {
    const { cached: known, source } = earlier
    if (source === 'remote') return earlier
    const digest = tokenDigest(token)
    const believing = this.#believed(digest, known, now)
    return believing instanceof Promise
      ? this.#resolvedLater(token, digest, believing, needs)
      : this.#resolved(token, digest, believing, needs)
  }

  /** Drops what is remembered of a token; an answer still under way is not remembered either. */
  forget(token: string): void {
    if (typeof token !== 'string') throw new TypeError('forget() takes a token, which is a text')
    const digest = tokenDigest(token)
    this.#checks.abandon(digest)
    this.#questions.abandon(digest)
    this.#cache.forget(digest)
  }

  /** What is remembered of a token and may still be believed. */
  #recall(digest: string, now: number): Awaitable<ResolvedToken | undefined> {
    const known = this.#cache.accepted(digest)
    if (known === undefined) {
      this.#assertNotRefused(digest)
      return undefined
    }
    known.useCount += 1
    return this.#believed(digest, known, now)
  }

  /** Whether what was once found may still be believed: its key must still be listed, as far as anyone can know. */
  #believed(digest: string, known: CachedToken, now: number): Awaitable<ResolvedToken | undefined> {
    if (known.key === undefined) return known.cachedResult
    const pending = known.issuer.keys?.assertUsable(now)
    return pending === undefined
      ? this.#ifKeyStands(digest, known)
      : this.#ifKeyStandsThen(digest, known, pending)
  }

  #assertNotRefused(digest: string): void {
    const refused = this.#cache.refused(digest, this.#clock.elapsed())
    if (refused !== undefined) {
      throw new Refusal(refused.reason, { issuer: refused.issuerName, source: 'cache' })
    }
  }

  async #ifKeyStandsThen(
    digest: string,
    known: CachedToken,
    usable: Promise<void>,
  ): Promise<ResolvedToken | undefined> {
    await usable
    return this.#ifKeyStands(digest, known)
  }

  #ifKeyStands(digest: string, known: CachedToken): ResolvedToken | undefined {
    if (known.key?.withdrawn !== true) return known.cachedResult
    this.#cache.forget(digest)
    return undefined
  }

  /** Finds out about a token nothing is remembered of: with its issuer's keys or by asking its issuer. */
  #find(token: string, digest: string, needs: FreshnessNeeds): Awaitable<ResolvedToken> {
    const route = this.#router.route(token)
    const { jwt, name } = route.to.issuer
    const source = route.kind === 'jwt' && jwt?.checked === 'local' ? 'local' : 'remote'
    let finding: Awaitable<CachedToken>
    try {
      finding = this.#inquire(token, digest, route)
    } catch (error) {
      throw blaming(error, name, source)
    }
    return finding instanceof Promise
      ? this.#foundLater(token, digest, finding, { name, source }, needs)
      : this.#confirmed(token, digest, { cached: finding, source }, needs)
  }

  #inquire(token: string, digest: string, route: Route<ConnectedIssuer>): Awaitable<CachedToken> {
    if (route.kind === 'jwt') {
      const { unverified, to } = route
      const { jwt } = to.issuer
      if (jwt?.checked === 'local') return this.#checks.verify({ token, digest, unverified }, to)
      if (jwt !== undefined) validateHeader(unverified.header, jwt)
    }
    return this.#questions.verify({ token, digest, format: route.kind }, route.to)
  }

  async #foundLater(
    token: string,
    digest: string,
    finding: Promise<CachedToken>,
    { name, source }: { readonly name: string; readonly source: VerificationSource },
    needs: FreshnessNeeds,
  ): Promise<ResolvedToken> {
    let known: CachedToken
    try {
      known = await finding
    } catch (error) {
      throw blaming(error, name, source)
    }
    return this.#confirmed(token, digest, { cached: known, source }, needs)
  }

  /**
   * Makes sure the issuer has vouched for the token as recently as is needed: within the lifetime of a
   * remembered answer and the policy's `confirmAfter` for tokens it answered for, within `confirmAfter`
   * from issue or confirmation for JWTs checked with keys.
   */
  #confirmed(
    token: string,
    digest: string,
    resolved: ResolvedToken,
    needs: FreshnessNeeds,
  ): Awaitable<ResolvedToken> {
    if (resolved.source === 'remote') return resolved
    const { cached: known } = resolved
    const longest = this.#longestAge(known, needs)
    if (longest === undefined) return resolved
    const age = this.#ageOfAnswer(known)
    if (age < longest) {
      if (isWorthRefreshing(known, age, longest)) this.#refreshAhead(token, digest, known)
      return resolved
    }
    return this.#askAgain(token, digest, resolved, age < longest + needs.staleIfError)
  }

  #longestAge(known: CachedToken, needs: FreshnessNeeds): number | undefined {
    // The way of most tokens, which need no clock here.
    if (known.key !== undefined && needs.confirmAfter === undefined) return undefined
    return longestAge(known, needs, this.#clock.now(), this.#toleranceSeconds)
  }

  /** How many seconds ago the issuer vouched for a token. */
  #ageOfAnswer({ confirmedElapsed: answeredAt }: CachedToken): number {
    return this.#clock.elapsed() - (answeredAt ?? Number.NEGATIVE_INFINITY)
  }

  async #askAgain(
    token: string,
    digest: string,
    resolved: ResolvedToken,
    mayBeStale: boolean,
  ): Promise<ResolvedToken> {
    const { cached: known } = resolved
    try {
      return { cached: await this.#questions.confirm(token, digest, known), source: 'remote' }
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      // A flood of our own callers' is no outage: the issuer is well, and might say no.
      if (mayBeStale && isUndecidable(error) && error.reason !== 'issuer_overloaded') return resolved
      throw error.withOrigin(known.issuer.issuer.name, 'remote')
    }
  }

  /** Asks early about a token in use, so that none of its requests has to wait for the answer. */
  #refreshAhead(token: string, digest: string, known: CachedToken): void {
    // One question per answer: whatever comes of it, the next is due when this answer has run out.
    known.useCount = Number.NEGATIVE_INFINITY
    this.#questions.confirm(token, digest, known).catch(() => undefined)
  }
}

/** What was wrong, and with whose token. */
function blaming(error: unknown, issuerName: string, source: VerificationSource): unknown {
  return error instanceof Refusal ? error.withOrigin(issuerName, source) : error
}

function assertOfReadableSize(token: unknown): asserts token is string {
  if (typeof token !== 'string') throw new Refusal('token_malformed')
  if (token.length <= LONGEST_TOKEN) return
  assertBearerSyntax(token)
  throw new Refusal('token_too_large')
}

function assertBearerSyntax(token: string): void {
  if (!isBearerToken(token)) throw new Refusal('token_malformed')
}
