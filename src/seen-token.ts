import { createAccessToken, type TokenFacts } from './access-token.js'
import type { ConnectedIssuer } from './issuers/connected-issuer.js'
import { parseObject, type DecodedJwt } from './jwt/decode.js'
import type { VerificationKey } from './jwt/jwk.js'
import { KnownToken } from './known-token.js'
import { isFault } from './refusal.js'

/** What is known of a JWT once a key has vouched for its facts. */
export function knownJwt(
  facts: TokenFacts,
  digest: string,
  issuer: ConnectedIssuer,
  key: VerificationKey | undefined,
): KnownToken {
  const { name: issuerName, provider } = issuer.issuer
  const token = createAccessToken(facts, { format: 'jwt', issuerName, provider, digest })
  return new KnownToken({ issuer, token, notBefore: facts.notBefore, key, answeredAt: undefined })
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

  constructor({ issuer, key }: KnownToken, { header, claimsText }: DecodedJwt) {
    this.#issuer = issuer
    this.#key = key
    this.#header = header
    this.#claimsText = claimsText
  }

  /**
   * Reads the claims again; undefined if an issuer's own function no longer says of them what it said when the token
   * was verified, so that it is verified anew.
   */
  recall(digest: string): KnownToken | undefined {
    const claims = parseObject(this.#claimsText)
    try {
      const read = claims && this.#issuer.issuer.jwt?.readClaims(claims, this.#header)
      return read === undefined || isFault(read) ? undefined : knownJwt(read, digest, this.#issuer, this.#key)
    } catch {
      return undefined
    }
  }
}
