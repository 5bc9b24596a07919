import type { JwtProfile, UnverifiedJwt } from '../model/issuer/issuer.js'
import type { Recorder } from '../model/recorder.js'
import type { KeySet } from '../model/key/verification-key.js'
import type { TokenFacts } from '../model/access-token.js'
import { readTimes, type Claims } from '../model/claims.js'
import { explain } from '../model/detail/explain.js'
import {
  isVerificationFailure,
  Refusal,
  refusalFor,
  type OrRefusal,
  type VerificationFailure,
  isRefusal,
} from '../model/refusal/refusal.js'
import type { SignatureVerifier } from '../jwt/signature.js'
import { verifyJwt, type VerifiedJwt } from '../jwt/verify.js'
import { afterwards, type Awaitable } from '../util/awaitable.js'
import type { Clock } from '../util/clock.js'
import { ownMember } from '../util/members.js'
import { SingleFlight } from '../util/single-flight.js'
import { cachedTokenFrom, type CachedToken } from './cached-token.js'
import { canEverPass } from './freshness.js'
import type { ConnectedIssuer } from './connection/issuer-connection.js'
import type { TokenCache } from './token-cache.js'

/** Dependencies and settings of {@link LocalVerification}. */
export interface LocalVerificationSettings {
  readonly cache: TokenCache
  readonly clock: Clock
  /** Maximum clock difference, in seconds. */
  readonly toleranceSeconds: number
  readonly verifySignature: SignatureVerifier
}

/** A decoded JWT to verify with the keys of its issuer. */
export interface UnverifiedToken {
  readonly token: string
  readonly digest: string
  readonly unverified: UnverifiedJwt
  readonly recorder: Recorder | undefined
}

/** Verifies JWTs locally. Concurrent requests for one token share the verification; results are cached. */
export class LocalVerification {
  readonly #settings: LocalVerificationSettings
  readonly #flights = new SingleFlight<OrRefusal<CachedToken>>()

  constructor(settings: LocalVerificationSettings) {
    this.#settings = settings
  }

  /** Verifies a token that is not cached. Synchronous unless keys are fetched or the thread pool is used. */
  verify(unverified: UnverifiedToken, issuer: ConnectedIssuer): Awaitable<OrRefusal<CachedToken>> {
    const { digest, recorder } = unverified
    const inFlight = this.#flights.inFlight(digest)
    if (inFlight !== undefined) {
      // A verification is in flight only after its header was read.
      recorder?.enter('key')
      return inFlight
    }
    const { jwt } = issuer.issuer
    if (jwt === undefined || issuer.keys === undefined)
      return new Refusal('issuer_unknown', { detail: explain('issuer_unknown', 'keys', {}) })
    const verified = this.#verifyWith(jwt, issuer.keys, unverified)
    return verified instanceof Promise
      ? this.#share(verified, unverified, issuer)
      : this.#store(toCachedToken(verified, unverified, issuer, this.#settings.clock), unverified)
  }

  /** Prevents caching of a verification in flight. Requests that wait for it still get its result. */
  abandon(digest: string): void {
    this.#flights.abandon(digest)
  }

  #verifyWith(
    jwt: JwtProfile,
    keys: KeySet,
    { token, unverified, recorder }: UnverifiedToken,
  ): Awaitable<OrRefusal<VerifiedJwt>> {
    return verifyJwt(token, unverified, jwt, keys, this.#settings.verifySignature, recorder)
  }

  #share(
    verifying: Promise<OrRefusal<VerifiedJwt>>,
    unverified: UnverifiedToken,
    issuer: ConnectedIssuer,
  ): Promise<OrRefusal<CachedToken>> {
    const inFlight = this.#flights.inFlight(unverified.digest)
    if (inFlight !== undefined) {
      // Re-entrant call: a function of a custom issuer has verified the same token.
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
 * Applies the signed times of a JWT (RFC 7519 section 4.1). The reader of a custom issuer can only narrow them: the earlier
 * expiry and the later `nbf` apply, and `iat` is that of the JWT.
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
    issuedAt: narrower(useSigned, issuedAt, signed.issuedAt),
  }
}

/** Chooses between two times. A stated time of a wrong type is kept, and `createAccessToken` refuses it. */
function narrower(
  choose: (a: number, b: number) => number,
  stated: number | undefined,
  signed: number | undefined,
): number | undefined {
  if (stated === undefined) return signed
  return signed === undefined || typeof stated !== 'number' ? stated : choose(stated, signed)
}

function useSigned(_stated: number, signed: number): number {
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
    payload: undefined,
    confirmedAt: undefined,
    confirmedElapsed: undefined,
  })
}
