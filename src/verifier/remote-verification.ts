import { narrowToPayload } from '../jwt/payload.js'
import { assertPlain, type AccessToken } from '../model/access-token.js'
import {
  isVerificationFailure,
  Refusal,
  type OrRefusal,
  type VerificationFailure,
  isRefusal,
} from '../model/refusal.js'
import type { Clock } from '../util/clock.js'
import { SingleFlight } from '../util/single-flight.js'
import { CachedToken, cachedTokenFrom } from './cached-token.js'
import { narrowToConfirmed } from './confirmation.js'
import { canEverPass } from './freshness.js'
import type { ConnectedIssuer } from './issuer-connection.js'
import type { TokenCache } from './token-cache.js'

/** A token that its issuer verifies. */
export interface TokenToVerify {
  readonly token: string
  readonly digest: string
  readonly format: AccessToken['format']
}

/** What tokens are verified remotely with. */
export interface RemoteVerificationSettings {
  readonly cache: TokenCache
  readonly clock: Clock
  /** Seconds by which clocks may differ. */
  readonly toleranceSeconds: number
}

/** Whether the result of a call in flight may still be cached: not after the token was forgotten. */
type MayCache = () => boolean

/** Verifies tokens remotely. Concurrent requests for one token share a call; results are cached. */
export class RemoteVerification {
  readonly #cache: TokenCache
  readonly #clock: Clock
  readonly #toleranceSeconds: number
  readonly #flights = new SingleFlight<OrRefusal<CachedToken>>()

  constructor({ cache, clock, toleranceSeconds }: RemoteVerificationSettings) {
    this.#cache = cache
    this.#clock = clock
    this.#toleranceSeconds = toleranceSeconds
  }

  /** Asks the issuer about a token that is not cached. */
  verify(request: TokenToVerify, issuer: ConnectedIssuer): Promise<OrRefusal<CachedToken>> {
    return this.#share(request.digest, (mayCache) => this.#fetchFacts(request, issuer, mayCache))
  }

  /** Asks the issuer again about a cached token. */
  confirm(token: string, digest: string, cached: CachedToken): Promise<OrRefusal<CachedToken>> {
    const request = { token, digest, format: cached.token.format }
    if (cached.key === undefined) return this.verify(request, cached.issuer)
    return this.#share(digest, (mayCache) => this.#fetchConfirmation(request, cached, mayCache))
  }

  /** A call in flight still serves its waiting callers, and its result is not cached. */
  abandon(digest: string): void {
    this.#flights.abandon(digest)
  }

  #share(
    digest: string,
    call: (mayCache: MayCache) => Promise<OrRefusal<CachedToken>>,
  ): Promise<OrRefusal<CachedToken>> {
    return this.#flights.share(digest, call, (result) => {
      if (!isRefusal(result)) this.#store(digest, result)
    })
  }

  /** What no route can accept must not take the place of a token that one does. */
  #store(digest: string, result: CachedToken): void {
    if (canEverPass(result, this.#clock.now(), this.#toleranceSeconds)) this.#cache.accept(digest, result)
    else this.#cache.acceptUnusable(digest, result)
  }

  /** The facts of a token as its issuer states them. */
  async #fetchFacts(
    request: TokenToVerify,
    issuer: ConnectedIssuer,
    mayCache: MayCache,
  ): Promise<OrRefusal<CachedToken>> {
    if (issuer.remote === undefined) return new Refusal('confirmation_impossible')
    const { confirmedAt, confirmedElapsed } = this.#readClocks()
    const result = await issuer.remote.introspect(request.token)
    if (isRefusal(result)) return result
    if (!result.active) return this.#refuse(result, request, issuer, mayCache)
    const { token, format, digest } = request
    assertPlain(result.facts)
    const facts = narrowToPayload(result.facts, token)
    if (isVerificationFailure(facts)) return this.#refuse(facts, request, issuer, mayCache)
    return cachedTokenFrom(facts, {
      issuer,
      verifiedAt: Number.NaN,
      key: undefined,
      format,
      digest,
      frozen: undefined,
      confirmedAt,
      confirmedElapsed,
    })
  }

  /** The facts of a token that a signature has proved, narrowed to what its issuer confirms. */
  async #fetchConfirmation(
    request: TokenToVerify,
    cached: CachedToken,
    mayCache: MayCache,
  ): Promise<OrRefusal<CachedToken>> {
    const { issuer, isBound, verifiedAt, key, proven, claimsWeight } = cached
    if (issuer.remote === undefined) return new Refusal('confirmation_impossible')
    const { confirmedAt, confirmedElapsed } = this.#readClocks()
    const result = await issuer.remote.confirm(request.token)
    if (isRefusal(result)) return result
    // From the JWT's own facts, and not from those an earlier confirmation has narrowed: a scope that was taken away
    // and given back counts again.
    const confirmed = result.active ? narrowToConfirmed(proven, result.facts, issuer, confirmedAt) : result
    if (isVerificationFailure(confirmed)) return this.#refuse(confirmed, request, issuer, mayCache)
    return new CachedToken({
      ...confirmed,
      issuer,
      isBound,
      verifiedAt,
      key,
      confirmedElapsed,
      proven,
      claimsWeight,
    })
  }

  /** Read before the call: a result is no fresher than the moment of its request. */
  #readClocks(): { readonly confirmedAt: number; readonly confirmedElapsed: number } {
    return { confirmedAt: this.#clock.now(), confirmedElapsed: this.#clock.elapsed() }
  }

  /** An inactive result is cached, unless the token was forgotten meanwhile. */
  #refuse(
    { reason, detail }: VerificationFailure,
    { digest }: TokenToVerify,
    { issuer, remote }: ConnectedIssuer,
    mayCache: MayCache,
  ): Refusal {
    const until = this.#clock.elapsed() + (remote?.lifetimes.no ?? 0)
    if (mayCache()) this.#cache.refuse(digest, { issuerName: issuer.name, reason, until })
    return new Refusal(reason, { cause: new Error(detail) })
  }
}
