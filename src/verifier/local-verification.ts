import type { Awaitable } from '../util/awaitable.js'
import type { Clock } from '../util/clock.js'
import { mayEverPass } from './freshness.js'
import type { ConnectedIssuer } from './issuer-connection.js'
import { sharesItsHeader, type DecodedJwt } from '../jwt/decode.js'
import type { SignatureVerifier } from '../jwt/signature.js'
import { verifyJwt, type VerifiedJwt } from '../jwt/verify.js'
import type { CachedToken } from './cached-token.js'
import { Refusal } from '../model/refusal.js'
import { knownJwt, SeenToken } from './unparsed-token.js'
import { SingleFlight } from '../util/single-flight.js'
import type { TokenCache } from './token-cache.js'

/** What JWTs are checked with. */
export interface LocalVerificationSettings {
  readonly cache: TokenCache
  readonly clock: Clock
  /** By how many seconds clocks may disagree. */
  readonly toleranceSeconds: number
  readonly checkSignature: SignatureVerifier
}

/** A JWT that is checked with the keys of its issuer. */
export interface UnverifiedToken {
  readonly token: string
  readonly digest: string
  readonly unverified: DecodedJwt
}

/** Checks JWTs with keys: one check at a time per token, and what it finds is remembered. */
export class LocalVerification {
  readonly #settings: LocalVerificationSettings
  readonly #flights = new SingleFlight<CachedToken>()

  constructor(settings: LocalVerificationSettings) {
    this.#settings = settings
  }

  /**
   * Checks a token of which nothing is remembered. At once where nothing has to be awaited.
   *
   * @throws Refusal, thrown or as a rejection.
   */
  verify(checked: UnverifiedToken, issuer: ConnectedIssuer): Awaitable<CachedToken> {
    const underWay = this.#flights.underWay(checked.digest)
    if (underWay !== undefined) return underWay
    const verifying = this.#verify(checked, issuer)
    if (verifying instanceof Promise) return this.#shared(checked, issuer, verifying)
    const { facts, key } = verifying
    const { digest, unverified } = checked
    const known = knownJwt({ facts, claims: unverified.claims, digest, issuer, key })
    this.#remember(checked, known)
    return known
  }

  /** A check under way serves those who wait for it and is not remembered. */
  abandon(digest: string): void {
    this.#flights.abandon(digest)
  }

  #verify({ token, unverified }: UnverifiedToken, { issuer, keys }: ConnectedIssuer): Awaitable<VerifiedJwt> {
    if (issuer.jwt === undefined || keys === undefined) throw new Refusal('issuer_unknown')
    return verifyJwt(token, unverified, issuer.jwt, keys, this.#settings.checkSignature)
  }

  #shared(
    checked: UnverifiedToken,
    issuer: ConnectedIssuer,
    verifying: Promise<VerifiedJwt>,
  ): Promise<CachedToken> {
    const { digest, unverified } = checked
    const underWay = this.#flights.underWay(digest)
    if (underWay !== undefined) {
      // An issuer's own function has come back here with the same token while it was looked at.
      verifying.catch(() => undefined)
      return underWay
    }
    const check = async (): Promise<CachedToken> => {
      const { facts, key } = await verifying
      return knownJwt({ facts, claims: unverified.claims, digest, issuer, key })
    }
    return this.#flights.share(digest, check, (known) => {
      this.#remember(checked, known)
    })
  }

  #remember({ token, digest, unverified }: UnverifiedToken, known: CachedToken): void {
    const { cache, clock, toleranceSeconds } = this.#settings
    if (!mayEverPass(known, clock.now(), toleranceSeconds)) return
    cache.remember(digest, sharesItsHeader(token) ? new SeenToken(known, unverified) : known)
  }
}
