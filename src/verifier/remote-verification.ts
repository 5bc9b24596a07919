import { narrowToPayload, unverifiedPayload } from '../jwt/payload.js'
import { assertPlain, type AccessToken } from '../model/access-token.js'
import { explain } from '../model/detail/explain.js'
import { MAX_DETAIL_LENGTH } from '../model/detail/format.js'
import {
  createCause,
  isVerificationFailure,
  Refusal,
  type OrRefusal,
  type VerificationFailure,
  isRefusal,
} from '../model/refusal/refusal.js'
import { maskTokenIn } from '../telemetry/mask-token.js'
import type { Clock } from '../util/clock.js'
import { safeLine } from '../util/quote.js'
import { SingleFlight } from '../util/single-flight.js'
import { CachedToken, cachedTokenFrom } from './cached-token.js'
import { narrowToConfirmed } from './confirmation.js'
import { canEverPass } from './freshness.js'
import type { ConnectedIssuer } from './connection/issuer-connection.js'
import type { TokenCache } from './token-cache.js'

/** A token to introspect. */
export interface TokenToVerify {
  readonly token: string
  readonly digest: string
  readonly format: AccessToken['format']
}

/** Dependencies and settings of {@link RemoteVerification}. */
export interface RemoteVerificationSettings {
  readonly cache: TokenCache
  readonly clock: Clock
  /** Maximum clock difference, in seconds. */
  readonly toleranceSeconds: number
}

/** Whether the result of a call in flight may be cached: not if the token was forgotten since the call began. */
type IsCacheable = () => boolean

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

  /** Introspects a token that is not cached. */
  verify(request: TokenToVerify, issuer: ConnectedIssuer): Promise<OrRefusal<CachedToken>> {
    return this.#share(request.digest, (isCacheable) => this.#fetchFacts(request, issuer, isCacheable))
  }

  /** Introspects a cached token again. */
  confirm(token: string, digest: string, cached: CachedToken): Promise<OrRefusal<CachedToken>> {
    const request = { token, digest, format: cached.token.format }
    if (cached.key === undefined) return this.verify(request, cached.issuer)
    return this.#share(digest, (isCacheable) => this.#fetchConfirmation(request, cached, isCacheable))
  }

  /** Prevents caching of a call in flight. Requests that wait for it still get its result. */
  abandon(digest: string): void {
    this.#flights.abandon(digest)
  }

  #share(
    digest: string,
    call: (isCacheable: IsCacheable) => Promise<OrRefusal<CachedToken>>,
  ): Promise<OrRefusal<CachedToken>> {
    return this.#flights.share(digest, call, (result) => {
      if (!isRefusal(result)) this.#store(digest, result)
    })
  }

  /** Caches a result. A token that no route can accept is cached separately, so that it never evicts one that is. */
  #store(digest: string, result: CachedToken): void {
    if (canEverPass(result, this.#clock.now(), this.#toleranceSeconds)) this.#cache.accept(digest, result)
    else this.#cache.acceptUnusable(digest, result)
  }

  /** Fetches the facts of a token from its issuer. */
  async #fetchFacts(
    request: TokenToVerify,
    issuer: ConnectedIssuer,
    isCacheable: IsCacheable,
  ): Promise<OrRefusal<CachedToken>> {
    if (issuer.remote === undefined) return refuseUnconfirmable()
    const { confirmedAt, confirmedElapsed } = this.#readClocks()
    const result = await issuer.remote.introspect(request.token)
    if (isRefusal(result)) return result
    if (!result.active) return this.#refuse(result, request, issuer, isCacheable)
    const { token, format, digest } = request
    assertPlain(result.facts)
    const owner = issuer.assign === undefined ? issuer : issuer.assign(result.facts, format)
    if (isRefusal(owner)) return owner
    if ('reason' in owner) return this.#refuse(owner, request, issuer, isCacheable)
    const payload = unverifiedPayload(token)
    const facts = narrowToPayload(result.facts, payload)
    if (isVerificationFailure(facts)) return this.#refuse(facts, request, issuer, isCacheable)
    return cachedTokenFrom(facts, {
      issuer: owner,
      verifiedAt: Number.NaN,
      key: undefined,
      format,
      digest,
      frozen: undefined,
      payload,
      confirmedAt,
      confirmedElapsed,
    })
  }

  /** Fetches the issuer's confirmation of a locally verified JWT and narrows its facts. */
  async #fetchConfirmation(
    request: TokenToVerify,
    cached: CachedToken,
    isCacheable: IsCacheable,
  ): Promise<OrRefusal<CachedToken>> {
    const { issuer, isBound, verifiedAt, key, proven, claimsWeight } = cached
    if (issuer.remote === undefined) return refuseUnconfirmable()
    const { confirmedAt, confirmedElapsed } = this.#readClocks()
    const result = await issuer.remote.confirm(request.token)
    if (isRefusal(result)) return result
    // Narrows the facts of the JWT itself, not those of an earlier confirmation, so that a scope that the issuer removed
    // and granted again counts.
    const confirmed = result.active ? narrowToConfirmed(proven, result.facts, issuer, confirmedAt) : result
    if (isVerificationFailure(confirmed)) return this.#refuse(confirmed, request, issuer, isCacheable)
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

  /** Reads the clocks before a call, because a result is only as fresh as the time of its request. */
  #readClocks(): { readonly confirmedAt: number; readonly confirmedElapsed: number } {
    return { confirmedAt: this.#clock.now(), confirmedElapsed: this.#clock.elapsed() }
  }

  /** Caches an inactive result, unless the token was forgotten since the call began. */
  #refuse(
    failure: VerificationFailure,
    { token, digest }: TokenToVerify,
    { issuer, remote }: ConnectedIssuer,
    isCacheable: IsCacheable,
  ): Refusal {
    const until = this.#clock.elapsed() + (remote?.lifetimes.inactive ?? 0)
    const { reason } = failure
    // The issuer's response may repeat the token, and a custom reader may quote the response.
    const detail = maskTokenIn(safeLine(failure.detail, MAX_DETAIL_LENGTH), token)
    if (isCacheable()) this.#cache.refuse(digest, { issuerName: issuer.name, reason, detail, until })
    return new Refusal(reason, { detail, cause: createCause(detail) })
  }
}

function refuseUnconfirmable(): Refusal {
  const detail = explain('confirmation_impossible', 'unconfigured', {})
  return new Refusal('confirmation_impossible', { detail })
}
