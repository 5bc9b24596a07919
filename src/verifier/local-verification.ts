import type { JwtProfile, UnverifiedJwt } from '../model/issuer.js'
import type { KeySet } from '../model/verification-key.js'
import { Refusal, type OrRefusal } from '../model/refusal.js'
import type { SignatureVerifier } from '../jwt/signature.js'
import { verifyJwt, type VerifiedJwt } from '../jwt/verify.js'
import { afterwards, type Awaitable } from '../util/awaitable.js'
import type { Clock } from '../util/clock.js'
import { SingleFlight } from '../util/single-flight.js'
import { cachedTokenFrom, type CachedToken } from './cached-token.js'
import { canEverPass } from './freshness.js'
import type { ConnectedIssuer } from './issuer-connection.js'
import type { TokenCache } from './token-cache.js'

/** What JWTs are verified with. */
export interface LocalVerificationSettings {
  readonly cache: TokenCache
  readonly clock: Clock
  /** Seconds by which clocks may differ. */
  readonly toleranceSeconds: number
  readonly verifySignature: SignatureVerifier
}

/** A JWT that is verified with the keys of its issuer. */
export interface UnverifiedToken {
  readonly token: string
  readonly digest: string
  readonly unverified: UnverifiedJwt
}

/** Verifies JWTs locally. Concurrent requests for one token share the verification; results are cached. */
export class LocalVerification {
  readonly #settings: LocalVerificationSettings
  readonly #flights = new SingleFlight<OrRefusal<CachedToken>>()

  constructor(settings: LocalVerificationSettings) {
    this.#settings = settings
  }

  /** Verifies a token that is not cached. Immediate unless keys or the thread pool have to be awaited. */
  verify(unverified: UnverifiedToken, issuer: ConnectedIssuer): Awaitable<OrRefusal<CachedToken>> {
    const { digest } = unverified
    const inFlight = this.#flights.inFlight(digest)
    if (inFlight !== undefined) return inFlight
    const { jwt } = issuer.issuer
    if (jwt === undefined || issuer.keys === undefined) return new Refusal('issuer_unknown')
    const verified = this.#verifyWith(jwt, issuer.keys, unverified)
    return verified instanceof Promise
      ? this.#share(verified, unverified, issuer)
      : this.#store(toCachedToken(verified, unverified, issuer), unverified)
  }

  /** A verification in flight still serves its waiting callers, and its result is not cached. */
  abandon(digest: string): void {
    this.#flights.abandon(digest)
  }

  #verifyWith(
    jwt: JwtProfile,
    keys: KeySet,
    { token, unverified }: UnverifiedToken,
  ): Awaitable<OrRefusal<VerifiedJwt>> {
    return verifyJwt(token, unverified, jwt, keys, this.#settings.verifySignature)
  }

  #share(
    verifying: Promise<OrRefusal<VerifiedJwt>>,
    unverified: UnverifiedToken,
    issuer: ConnectedIssuer,
  ): Promise<OrRefusal<CachedToken>> {
    const inFlight = this.#flights.inFlight(unverified.digest)
    if (inFlight !== undefined) {
      // Re-entrant call: a custom issuer function verified the same token.
      verifying.catch(() => undefined)
      return inFlight
    }
    return this.#flights.share(
      unverified.digest,
      () => afterwards(verifying, toCachedToken, unverified, issuer),
      (result) => {
        this.#store(result, unverified)
      },
    )
  }

  #store(result: OrRefusal<CachedToken>, { digest }: UnverifiedToken): OrRefusal<CachedToken> {
    const { cache, clock, toleranceSeconds } = this.#settings
    if (!(result instanceof Refusal) && canEverPass(result, clock.now(), toleranceSeconds)) {
      cache.accept(digest, result)
    }
    return result
  }
}

function toCachedToken(
  verified: OrRefusal<VerifiedJwt>,
  { digest, unverified: { claims } }: UnverifiedToken,
  issuer: ConnectedIssuer,
): OrRefusal<CachedToken> {
  if (verified instanceof Refusal) return verified
  const { facts, key } = verified
  return cachedTokenFrom(facts, {
    issuer,
    key,
    format: 'jwt',
    digest,
    frozen: claims,
    confirmedAt: undefined,
    confirmedElapsed: undefined,
  })
}
