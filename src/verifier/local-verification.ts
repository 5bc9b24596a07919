import type { JwtProfile, UnverifiedJwt } from '../model/issuer.js'
import type { KeySet } from '../model/verification-key.js'
import type { TokenFacts } from '../model/access-token.js'
import { readTimes, type Claims } from '../model/claims.js'
import {
  isVerificationFailure,
  Refusal,
  refusalFor,
  type OrRefusal,
  type VerificationFailure,
  isRefusal,
} from '../model/refusal.js'
import type { SignatureVerifier } from '../jwt/signature.js'
import { verifyJwt, type VerifiedJwt } from '../jwt/verify.js'
import { afterwards, type Awaitable } from '../util/awaitable.js'
import type { Clock } from '../util/clock.js'
import { ownMember } from '../util/members.js'
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
    if (!isRefusal(result) && canEverPass(result, clock.now(), toleranceSeconds)) {
      cache.accept(digest, result)
    }
    return result
  }
}

/** Times that the reader of a custom issuer leaves out hold as the JWT states them (RFC 7519 section 4.1). */
function withSignedTimes(facts: TokenFacts, claims: Claims): TokenFacts | VerificationFailure {
  const isComplete =
    isStated(facts, 'expiresAt', claims, 'exp') &&
    isStated(facts, 'notBefore', claims, 'nbf') &&
    isStated(facts, 'issuedAt', claims, 'iat')
  if (isComplete) return facts
  const signed = readTimes(claims)
  if (isVerificationFailure(signed)) return signed
  return {
    ...facts,
    expiresAt: stated(facts, 'expiresAt', signed),
    notBefore: stated(facts, 'notBefore', signed),
    issuedAt: stated(facts, 'issuedAt', signed),
  }
}

/** Whatever a reader returns but `undefined` is its own word: facts of a wrong type are refused where they are stored. */
function stated(
  facts: TokenFacts,
  name: 'expiresAt' | 'notBefore' | 'issuedAt',
  signed: Pick<TokenFacts, typeof name>,
): number | undefined {
  return ownMember(facts, name) !== undefined ? facts[name] : signed[name]
}

function isStated(facts: TokenFacts, name: keyof TokenFacts, claims: Claims, claim: string): boolean {
  return ownMember(facts, name) !== undefined || ownMember(claims, claim) === undefined
}

function toCachedToken(
  verified: OrRefusal<VerifiedJwt>,
  { digest, unverified: { claims } }: UnverifiedToken,
  issuer: ConnectedIssuer,
): OrRefusal<CachedToken> {
  if (isRefusal(verified)) return verified
  const { key } = verified
  const facts = withSignedTimes(verified.facts, claims)
  if (isVerificationFailure(facts)) return refusalFor(facts)
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
