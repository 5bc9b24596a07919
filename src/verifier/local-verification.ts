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
      : this.#store(toCachedToken(verified, unverified, issuer, this.#settings.clock), unverified)
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
      () => afterwards(verifying, toCachedToken, unverified, issuer, this.#settings.clock),
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

/**
 * The times that a JWT states hold (RFC 7519 section 4.1). The reader of a custom issuer can only narrow them: the earlier
 * expiry and the later `nbf` hold, and `iat` is the JWT's own.
 */
function withSignedTimes(facts: TokenFacts, claims: Claims): TokenFacts | VerificationFailure {
  const expiresAt = ownMember(facts, 'expiresAt')
  const notBefore = ownMember(facts, 'notBefore')
  const issuedAt = ownMember(facts, 'issuedAt')
  const areSigned =
    expiresAt === ownMember(claims, 'exp') &&
    notBefore === ownMember(claims, 'nbf') &&
    issuedAt === ownMember(claims, 'iat')
  if (areSigned) return facts
  const signed = readTimes(claims)
  if (isVerificationFailure(signed)) return signed
  return {
    ...facts,
    expiresAt: narrower(Math.min, expiresAt, signed.expiresAt),
    notBefore: narrower(Math.max, notBefore, signed.notBefore),
    issuedAt: narrower(ownOne, issuedAt, signed.issuedAt),
  }
}

/** A time of a wrong type is kept: it is refused where facts are stored. */
function narrower(
  choose: (a: number, b: number) => number,
  stated: number | undefined,
  signed: number | undefined,
): number | undefined {
  if (stated === undefined) return signed
  return signed === undefined || typeof stated !== 'number' ? stated : choose(stated, signed)
}

function ownOne(_stated: number, signed: number): number {
  return signed
}

function toCachedToken(
  verified: OrRefusal<VerifiedJwt>,
  { digest, unverified: { claims } }: UnverifiedToken,
  issuer: ConnectedIssuer,
  clock: Clock,
): OrRefusal<CachedToken> {
  if (isRefusal(verified)) return verified
  const { key } = verified
  const facts = withSignedTimes(verified.facts, claims)
  if (isVerificationFailure(facts)) return refusalFor(facts)
  return cachedTokenFrom(facts, {
    issuer,
    verifiedAt: clock.now(),
    key,
    format: 'jwt',
    digest,
    frozen: claims,
    confirmedAt: undefined,
    confirmedElapsed: undefined,
  })
}
