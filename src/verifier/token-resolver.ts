import type { VerificationSource } from '../model/access-token.js'
import type { Recorder } from '../model/recorder.js'
import { tokenDigest } from '../model/token-digest.js'
import { explain } from '../model/detail/explain.js'
import { Refusal, type OrRefusal, isRefusal } from '../model/refusal/refusal.js'
import { isBearerToken } from '../bearer/b64token.js'
import { refuseMalformedToken } from '../bearer/malformed.js'
import { isOutage } from '../introspection/outage.js'
import { readHeader } from '../jwt/header.js'
import type { SignatureVerifier } from '../jwt/signature.js'
import type { FreshnessNeeds } from '../policy/combine.js'
import { afterwards, type Awaitable } from '../util/awaitable.js'
import type { Clock } from '../util/clock.js'
import { phrase, typeOf } from '../util/quote.js'
import type { CachedToken, ResolvedToken } from './cached-token.js'
import { maxConfirmationAge, shouldRefresh } from './freshness.js'
import type { ConnectedIssuer } from './connection/issuer-connection.js'
import { LocalVerification } from './local-verification.js'
import { RemoteVerification } from './remote-verification.js'
import type { RevocationCheck } from './revocation/check.js'
import type { TokenCache } from './token-cache.js'
import type { Route, Router } from './token-router.js'

/** Dependencies and settings of {@link TokenResolver}. */
export interface TokenResolverParts {
  readonly router: Router<ConnectedIssuer>
  readonly cache: TokenCache
  readonly clock: Clock
  /** Maximum clock difference, in seconds. */
  readonly toleranceSeconds: number
  readonly verifySignature: SignatureVerifier
  /** `undefined` without revocations. */
  readonly revocations: RevocationCheck | undefined
}

/** A token to resolve, and the required freshness of its facts. */
export interface TokenLookup {
  readonly token: string
  /** The token's {@link tokenDigest}. */
  readonly digest: string
  readonly needs: FreshnessNeeds
  /** The wall clock time in seconds since the epoch. */
  readonly now: number
  /** The result of an earlier guard on the same request for the same token. */
  readonly earlier: ResolvedToken | undefined
  /** Records the progress, for an explanation. */
  readonly recorder: Recorder | undefined
}

/** Refuses a token by its type and its length in characters, before any lookup; `undefined` if both are acceptable. */
export function refuseUnreadable(token: unknown, maxLength: number): Refusal | undefined {
  if (typeof token !== 'string') {
    const detail = explain('token_malformed', 'argument', { type: phrase(typeOf(token)) })
    return new Refusal('token_malformed', { detail })
  }
  if (token.length <= maxLength) return undefined
  if (!isBearerToken(token)) return refuseMalformedToken(token)
  const values = { length: token.length, limit: maxLength }
  return new Refusal('token_too_large', { detail: explain('token_too_large', 'length', values) })
}

/**
 * Resolves a token to facts from the cache, the issuer's keys or the introspection endpoint. Evaluates nothing that
 * differs between requests or routes.
 */
export class TokenResolver {
  readonly #router: Router<ConnectedIssuer>
  readonly #cache: TokenCache
  readonly #clock: Clock
  readonly #toleranceSeconds: number
  readonly #revocations: RevocationCheck | undefined
  // Separate single flights: a request that needs the issuer's confirmation must not join a local verification of the
  // same token.
  readonly #local: LocalVerification
  readonly #remote: RemoteVerification

  constructor(parts: TokenResolverParts) {
    const { router, cache, clock, toleranceSeconds, verifySignature, revocations } = parts
    this.#router = router
    this.#revocations = revocations
    this.#cache = cache
    this.#clock = clock
    this.#toleranceSeconds = toleranceSeconds
    this.#local = new LocalVerification({ cache, clock, toleranceSeconds, verifySignature })
    this.#remote = new RemoteVerification({ cache, clock, toleranceSeconds })
  }

  /** Returns the facts of a token as fresh as required. Synchronous if they are cached. */
  resolve(lookup: TokenLookup): Awaitable<OrRefusal<ResolvedToken>> {
    // A result that the issuer returned during this request cannot be fresher.
    if (lookup.earlier?.source === 'remote') return lookup.earlier
    const cached = this.#findCached(lookup)
    return cached instanceof Promise
      ? afterwards(cached, this.#confirmOrVerify, lookup)
      : this.#confirmOrVerify(cached, lookup)
  }

  /** Drops all cached results of a token. The result of a call in flight is not cached. */
  forget(token: string): void {
    if (typeof token !== 'string') throw new TypeError('forget() requires a token string')
    const digest = tokenDigest(token)
    this.#local.abandon(digest)
    this.#remote.abandon(digest)
    this.#cache.forget(digest)
    const route = this.#router.route(token)
    if (!isRefusal(route)) route.to.remote?.forget(token)
  }

  /** Finds the usable cache entry of a token, or its cached refusal. */
  #findCached({ digest, now, earlier }: TokenLookup): Awaitable<OrRefusal<CachedToken | undefined>> {
    const cached = earlier?.cached ?? this.#cache.accepted(digest)
    if (cached === undefined) return this.#cachedRefusal(digest, now)
    const { tenant } = cached.issuer
    if (earlier === undefined) {
      if (tenant !== undefined) {
        const refusal = tenant.refuse()
        if (refusal !== undefined) return refusal
        if (tenant.isEvicted) return this.#drop(digest)
      }
      cached.useCount += 1
    }
    if (cached.key === undefined) return cached
    const unusable = cached.issuer.keys?.ensureUsable(now)
    return unusable instanceof Promise
      ? afterwards(unusable, this.#dropIfWithdrawn, cached, digest)
      : this.#dropIfWithdrawn(unusable, cached, digest)
  }

  #cachedRefusal(digest: string, now: number): Refusal | undefined {
    const refused = this.#cache.refused(digest, this.#clock.elapsed(now))
    if (refused === undefined) return undefined
    const { reason, detail, issuerName } = refused
    return new Refusal(reason, { detail, issuer: issuerName, source: 'cache' })
  }

  /** Drops a cached token whose key is no longer published. */
  readonly #dropIfWithdrawn = (
    unusable: Refusal | undefined,
    cached: CachedToken,
    digest: string,
  ): OrRefusal<CachedToken | undefined> => {
    if (unusable !== undefined) return unusable
    return cached.key?.withdrawn === true ? this.#drop(digest) : cached
  }

  /** Drops a cached token, so that it is verified again. */
  #drop(digest: string): CachedToken | undefined {
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
    lookup.recorder?.enter('routing')
    const route = this.#router.route(lookup.token)
    if (isRefusal(route)) return route
    const revoked = route.kind === 'opaque' ? this.#revocations?.refuseOpaque(lookup.digest) : undefined
    if (revoked !== undefined) {
      lookup.recorder?.enter('introspection')
      return revoked.withOrigin(route.to.issuer.name, 'local')
    }
    const { jwt } = route.to.issuer
    const source = route.kind === 'jwt' && jwt?.checked === 'local' ? 'local' : 'remote'
    const untracked = this.#verifyRouted(lookup, route)
    const { tenant } = route.to
    const verified = tenant === undefined ? untracked : tenant.track(untracked)
    return verified instanceof Promise
      ? afterwards(verified, this.#confirmVerified, source, route.to, lookup)
      : this.#confirmVerified(verified, source, route.to, lookup)
  }

  #verifyRouted(
    { token, digest, recorder, needs }: TokenLookup,
    route: Route<ConnectedIssuer>,
  ): Awaitable<OrRefusal<CachedToken>> {
    if (route.kind === 'jwt') {
      const { unverified, to } = route
      const { jwt } = to.issuer
      if (jwt?.checked === 'local') return this.#local.verify({ token, digest, unverified, recorder }, to)
      recorder?.enter('jwt_header')
      const header = jwt === undefined ? undefined : readHeader(unverified.header, jwt)
      if (isRefusal(header)) return header
    }
    recorder?.enter('introspection')
    const maxAge = needs.confirmAfter ?? Number.POSITIVE_INFINITY
    return this.#remote.verify({ token, digest, format: route.kind }, route.to, maxAge)
  }

  readonly #confirmVerified = (
    verified: OrRefusal<CachedToken>,
    source: VerificationSource,
    { issuer }: ConnectedIssuer,
    lookup: TokenLookup,
  ): Awaitable<OrRefusal<ResolvedToken>> => {
    if (isRefusal(verified)) return verified.withOrigin(issuer.name, source)
    return this.#confirm({ cached: verified, source: verified.isOfOtherProcess ? 'cache' : source }, lookup)
  }

  /**
   * Ensures that the issuer's confirmation is recent enough. For introspected tokens the limit is the lifetime of a cached
   * result and the policy's `confirmAfter`. For locally verified JWTs it is `confirmAfter` since issue or confirmation.
   */
  #confirm(resolved: ResolvedToken, lookup: TokenLookup): Awaitable<OrRefusal<ResolvedToken>> {
    if (resolved.source === 'remote') return resolved
    const { cached } = resolved
    const { needs, earlier } = lookup
    // An earlier guard has just accepted this result for this request under its own policy. A policy without freshness
    // options makes no second call, and does not forbid the stale result that the earlier policy allows in an outage.
    if (!needs.isStated && earlier?.cached === cached) return resolved
    // Skips reading the clock, which most tokens do not need.
    if (cached.key !== undefined && needs.confirmAfter === undefined) return resolved
    const now = this.#clock.now()
    const maxAge = maxConfirmationAge(cached, needs, now, this.#toleranceSeconds)
    if (maxAge === undefined) return resolved
    const age = this.#ageOf(cached, now)
    if (age < maxAge && !shouldRefresh(cached, age, maxAge)) return resolved
    // The issuer is not called about a token that is refused whatever it returns.
    if (this.#revocations?.isRevoked(cached, lookup.token) === true) return resolved
    if (age < maxAge) {
      this.#refreshInBackground(cached, lookup, { age, maxAge })
      return resolved
    }
    return this.#confirmRemotely(resolved, lookup, { age, maxAge })
  }

  /** Seconds since the issuer has last confirmed a token. */
  #ageOf({ confirmedElapsed }: CachedToken, now = this.#clock.now()): number {
    return this.#clock.elapsed(now) - (confirmedElapsed ?? Number.NEGATIVE_INFINITY)
  }

  async #confirmRemotely(
    resolved: ResolvedToken,
    { token, digest, recorder, needs }: TokenLookup,
    { age, maxAge }: { readonly age: number; readonly maxAge: number },
  ): Promise<OrRefusal<ResolvedToken>> {
    const { cached } = resolved
    recorder?.enter('confirmation')
    let confirmed = await this.#remote.confirm(token, digest, cached, maxAge)
    // This request may have joined one that needs no result as recent.
    if (!isRefusal(confirmed) && confirmed.isOfOtherProcess && this.#ageOf(confirmed) >= maxAge)
      confirmed = await this.#remote.confirm(token, digest, cached, 0)
    if (!isRefusal(confirmed))
      return { cached: confirmed, source: confirmed.isOfOtherProcess ? 'cache' : 'remote' }
    if (age < maxAge + needs.staleIfError && isOutage(confirmed)) return resolved
    return confirmed.withOrigin(cached.issuer.issuer.name, 'remote')
  }

  /** Refreshes a cached result before it expires, so that no request has to wait. */
  #refreshInBackground(
    cached: CachedToken,
    { token, digest }: TokenLookup,
    { age, maxAge }: { readonly age: number; readonly maxAge: number },
  ): void {
    // At most one call per cached result: after any outcome, the next call is made when this result has expired.
    cached.useCount = Number.NEGATIVE_INFINITY
    // A result of another process must be more recent than this one.
    this.#remote.confirm(token, digest, cached, age, maxAge - age).catch(() => undefined)
  }
}
