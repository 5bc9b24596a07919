import { createAccessToken, optionalTime as timeOrNothing, type TokenFacts } from '../model/access-token.js'
import type { ConnectedIssuer } from './issuer-connection.js'
import { parseObject, type DecodedJwt } from '../jwt/decode.js'
import type { VerificationKey } from '../model/verification-key.js'
import { CachedToken } from './cached-token.js'
import { isVerificationFailure } from '../model/refusal.js'

/** A JWT that a key has vouched for: what it says, as it was read from claims that are frozen. */
export interface VouchedJwt {
  readonly facts: TokenFacts
  readonly claims: TokenFacts['claims']
  readonly digest: string
  readonly issuer: ConnectedIssuer
  readonly key: VerificationKey | undefined
}

/**
 * What is known of a JWT once a key has vouched for its facts.
 *
 * @throws TypeError for facts that are none.
 */
export function knownJwt({ facts, claims, digest, issuer, key }: VouchedJwt): CachedToken {
  const { name: issuerName, provider } = issuer.issuer
  const token = createAccessToken(facts, {
    format: 'jwt',
    issuerName,
    provider,
    digest,
    confirmedAt: undefined,
    frozen: claims,
  })
  const notBefore = timeOrNothing(facts, 'notBefore')
  return new CachedToken({ issuer, token, notBefore, key, confirmedElapsed: undefined })
}

/**
 * What is kept of a JWT that came once, until it comes again: its claims as the text they were read from. In a storm of
 * new tokens most never come again, and one text is less for the garbage collector to move than all that is in it.
 */
export class SeenToken {
  readonly #issuer: ConnectedIssuer
  readonly #key: VerificationKey | undefined
  readonly #header: DecodedJwt['header']
  readonly #claimsText: string

  constructor({ issuer, key }: CachedToken, { header, claimsText }: DecodedJwt) {
    this.#issuer = issuer
    this.#key = key
    this.#header = header
    this.#claimsText = claimsText
  }

  /**
   * Reads the claims again; undefined if an issuer's own function no longer says of them what it said when the token
   * was verified, so that it is verified anew.
   */
  recall(digest: string): CachedToken | undefined {
    const claims = parseObject(this.#claimsText)
    if (claims === undefined) return undefined
    try {
      const read = this.#issuer.issuer.jwt?.readClaims(claims, this.#header)
      if (read === undefined || isVerificationFailure(read)) return undefined
      return knownJwt({ facts: read, claims, digest, issuer: this.#issuer, key: this.#key })
    } catch {
      return undefined
    }
  }
}
