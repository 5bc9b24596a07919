import type { TokenFacts } from '../model/access-token.js'
import { isBoundToKey, readTimes, type Claims } from '../model/claims.js'
import { isVerificationFailure, type VerificationFailure } from '../model/refusal.js'
import { ownMember } from '../util/members.js'
import { decodeJwt, looksLikeJwt } from './decode.js'

/** The payload of a JWT. `undefined` for any other token. Nothing has verified it: it can refuse a token, and prove nothing. */
export function unverifiedPayload(token: string): Claims | undefined {
  return looksLikeJwt(token) ? decodeJwt(token)?.claims : undefined
}

/**
 * Narrows what an issuer has stated about a JWT by the times and the binding in the JWT itself: an issuer may call any token
 * active that it has issued, and need not repeat what it says. The earlier expiry and the later `nbf` hold, and an `iat` to
 * come refuses like an `nbf`.
 */
export function narrowToPayload(facts: TokenFacts, token: string): TokenFacts | VerificationFailure {
  const claims = unverifiedPayload(token)
  if (claims === undefined) return facts
  if (isBoundToKey(claims)) return { reason: 'proof_missing', detail: 'the token has a cnf claim' }
  const times = readTimes(claims)
  if (isVerificationFailure(times)) return times
  const issuedAt = ownMember(facts, 'issuedAt')
  return {
    ...facts,
    expiresAt: chosen(Math.min, ownMember(facts, 'expiresAt'), times.expiresAt),
    notBefore: chosen(
      Math.max,
      ownMember(facts, 'notBefore'),
      chosen(Math.max, times.notBefore, times.issuedAt),
    ),
    // The payload makes no token younger, and gives no age to one of which the issuer does not state it.
    issuedAt: issuedAt === undefined ? undefined : chosen(Math.min, issuedAt, times.issuedAt),
  }
}

/** A time of a wrong type, of a custom issuer, is kept: it is refused where facts are stored. */
function chosen(
  choose: (a: number, b: number) => number,
  stated: number | undefined,
  own: number | undefined,
): number | undefined {
  if (stated === undefined) return own
  return own === undefined || typeof stated !== 'number' ? stated : choose(stated, own)
}
