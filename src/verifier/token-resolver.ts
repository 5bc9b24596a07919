import type { VerificationSource } from '../model/access-token.js'
import { tokenDigest } from '../model/token-digest.js'
import { Refusal, type OrRefusal, isRefusal } from '../model/refusal.js'
import { isBearerToken } from '../bearer/b64token.js'
import { isOutage } from '../introspection/outage.js'
import { readHeader } from '../jwt/header.js'
import type { SignatureVerifier } from '../jwt/signature.js'
import type { FreshnessNeeds } from '../policy/combine.js'
import { afterwards, type Awaitable } from '../util/awaitable.js'
import type { Clock } from '../util/clock.js'
import type { CachedToken, ResolvedToken } from './cached-token.js'
import { isWorthRefreshing, longestAge } from './freshness.js'
import type { ConnectedIssuer } from './issuer-connection.js'
import { LocalVerification } from './local-verification.js'
import { RemoteVerification } from './remote-verification.js'
import type { TokenCache } from './token-cache.js'
import type { Route, Router } from './token-router.js'

/** What a {@link TokenResolver} is made of. */
export interface TokenResolverParts {
  readonly router: Router<ConnectedIssuer>
  readonly cache: TokenCache
  readonly clock: Clock
  /** Seconds by which clocks may differ. */
  readonly toleranceSeconds: number
  readonly verifySignature: SignatureVerifier
}

/** A token to resolve, and how fresh its facts must be. */
export interface TokenLookup {
  readonly token: string
  /** The token's {@link tokenDigest}. */
  readonly digest: string
  readonly needs: FreshnessNeeds
  /** The wall clock time in seconds since the epoch. */
  readonly now: number
  /** What an earlier guard of the same request resolved the same token to. */
  readonly earlier: ResolvedToken | undefined
}

/** Longer tokens are refused unread. */
const LONGEST_TOKEN = 8 * 1024

/** The refusal of a token that is not even looked up; `undefined` for one of acceptable size and type. */
export function refuseUnreadable(token: unknown): Refusal | undefined {
  if (typeof token !== 'string') return new Refusal('token_malformed')
  if (token.length <= LONGEST_TOKEN) return undefined
  return new Refusal(isBearerToken(token) ? 'token_too_large' : 'token_malformed')
}

/**
 * Token to facts: from the cache, or from its issuer's keys or endpoint. Evaluates nothing that can change from request
 * to request or from route to route.
 */
export class TokenResolver {
  readonly #router: Router<ConnectedIssuer>
  readonly #cache: TokenCache
  readonly #clock: Clock
  readonly #toleranceSeconds: number
  // Two kinds of shared work, kept apart: a caller who needs the issuer's confirmation must not join a local
  // verification of the same token.
  readonly #local: LocalVerification
  readonly #remote: RemoteVerification

  constructor({ router, cache, clock, toleranceSeconds, verifySignature }: TokenResolverParts) {
    this.#router = router
    this.#cache = cache
    this.#clock = clock
    this.#toleranceSeconds = toleranceSeconds
    this.#local = new LocalVerification({ cache, clock, toleranceSeconds, verifySignature })
    this.#remote = new RemoteVerification({ cache, clock, toleranceSeconds })
  }

  /** The facts of a token, as fresh as needed. Immediate if they are cached. */
  resolve(lookup: TokenLookup): Awaitable<OrRefusal<ResolvedToken>> {
    // What the issuer stated during this request is as fresh as a request can have it.
    if (lookup.earlier?.source === 'remote') return lookup.earlier
    const cached = this.#findCached(lookup)
    return cached instanceof Promise
      ? afterwards(cached, this.#confirmOrVerify, lookup)
      : this.#confirmOrVerify(cached, lookup)
  }

  /** Drops everything that is cached of a token; a call in flight is not cached either. */
  forget(token: string): void {
    if (typeof token !== 'string') throw new TypeError('forget() requires a token, which is a string')
    const digest = tokenDigest(token)
    this.#local.abandon(digest)
    this.#remote.abandon(digest)
    this.#cache.forget(digest)
  }

  /** The usable cache entry of a token, or its cached refusal. */
  #findCached({ digest, now, earlier }: TokenLookup): Awaitable<OrRefusal<CachedToken | undefined>> {
    const cached = earlier?.cached ?? this.#cache.accepted(digest)
    if (cached === undefined) return this.#cachedRefusal(digest, now)
    if (earlier === undefined) cached.useCount += 1
    if (cached.key === undefined) return cached
    const unusable = cached.issuer.keys?.ensureUsable(now)
    return unusable instanceof Promise
      ? afterwards(unusable, this.#unlessWithdrawn, cached, digest)
      : this.#unlessWithdrawn(unusable, cached, digest)
  }

  #cachedRefusal(digest: string, now: number): Refusal | undefined {
    const refused = this.#cache.refused(digest, this.#clock.elapsed(now))
    if (refused === undefined) return undefined
    return new Refusal(refused.reason, { issuer: refused.issuerName, source: 'cache' })
  }

  /** The key that verified a cached token must still be published. */
  readonly #unlessWithdrawn = (
    unusable: Refusal | undefined,
    cached: CachedToken,
    digest: string,
  ): OrRefusal<CachedToken | undefined> => {
    if (unusable !== undefined) return unusable
    if (cached.key?.withdrawn !== true) return cached
    this.#cache.forget(digest)
    return undefined
  }

  readonly #confirmOrVerify = (
    cached: OrRefusal<CachedToken | undefined>,
    lookup: TokenLookup,
  ): Awaitable<OrRefusal<ResolvedToken>> => {
    if (isRefusal(cached)) return cached
    return cached === undefined ? this.#verify(lookup) : this.#confirm(cached.cachedResult, lookup)
  }

  /** Verifies a token that is not cached, with its issuer's keys or by introspection. */
  #verify(lookup: TokenLookup): Awaitable<OrRefusal<ResolvedToken>> {
    const route = this.#router.route(lookup.token)
    if (isRefusal(route)) return route
    const { jwt } = route.to.issuer
    const source = route.kind === 'jwt' && jwt?.checked === 'local' ? 'local' : 'remote'
    const verified = this.#verifyRouted(lookup, route)
    return verified instanceof Promise
      ? afterwards(verified, this.#confirmVerified, source, route.to, lookup)
      : this.#confirmVerified(verified, source, route.to, lookup)
  }

  #verifyRouted(
    { token, digest }: TokenLookup,
    route: Route<ConnectedIssuer>,
  ): Awaitable<OrRefusal<CachedToken>> {
    if (route.kind === 'jwt') {
      const { unverified, to } = route
      const { jwt } = to.issuer
      if (jwt?.checked === 'local') return this.#local.verify({ token, digest, unverified }, to)
      const header = jwt === undefined ? undefined : readHeader(unverified.header, jwt)
      if (isRefusal(header)) return header
    }
    return this.#remote.verify({ token, digest, format: route.kind }, route.to)
  }

  readonly #confirmVerified = (
    verified: OrRefusal<CachedToken>,
    source: VerificationSource,
    { issuer }: ConnectedIssuer,
    lookup: TokenLookup,
  ): Awaitable<OrRefusal<ResolvedToken>> => {
    if (isRefusal(verified)) return verified.withOrigin(issuer.name, source)
    return this.#confirm({ cached: verified, source }, lookup)
  }

  /**
   * Ensures that the issuer has confirmed the token recently enough: within the lifetime of a cached result and the
   * policy's `confirmAfter` for introspected tokens, within `confirmAfter` from issue or confirmation for JWTs that
   * were verified locally.
   */
  #confirm(resolved: ResolvedToken, lookup: TokenLookup): Awaitable<OrRefusal<ResolvedToken>> {
    if (resolved.source === 'remote') return resolved
    const { cached } = resolved
    const { needs, earlier } = lookup
    // A guard has just accepted this result for this request, under its own policy. One that says nothing about freshness
    // neither asks again nor withdraws what that policy allows in an outage.
    if (!needs.isStated && earlier?.cached === cached) return resolved
    // Most tokens: no clock has to be read.
    if (cached.key !== undefined && needs.confirmAfter === undefined) return resolved
    const now = this.#clock.now()
    const longest = longestAge(cached, needs, now, this.#toleranceSeconds)
    if (longest === undefined) return resolved
    const age = this.#clock.elapsed(now) - (cached.confirmedElapsed ?? Number.NEGATIVE_INFINITY)
    if (age < longest) {
      if (isWorthRefreshing(cached, age, longest)) this.#refreshInBackground(cached, lookup)
      return resolved
    }
    return this.#confirmRemotely(resolved, lookup, age < longest + needs.staleIfError)
  }

  async #confirmRemotely(
    resolved: ResolvedToken,
    { token, digest }: TokenLookup,
    mayBeStale: boolean,
  ): Promise<OrRefusal<ResolvedToken>> {
    const { cached } = resolved
    const confirmed = await this.#remote.confirm(token, digest, cached)
    if (!isRefusal(confirmed)) return { cached: confirmed, source: 'remote' }
    if (mayBeStale && isOutage(confirmed)) return resolved
    return confirmed.withOrigin(cached.issuer.issuer.name, 'remote')
  }

  /** Refreshes the cached result of a token in use before it expires, so that no request has to wait. */
  #refreshInBackground(cached: CachedToken, { token, digest }: TokenLookup): void {
    // One call per cached result: whatever its outcome, the next is due when this result has expired.
    cached.useCount = Number.NEGATIVE_INFINITY
    this.#remote.confirm(token, digest, cached).catch(() => undefined)
  }
}
