import type { TokenFacts } from '../model/access-token.js'
import { isBoundToKey, readTimes, type Claims } from '../model/claims.js'
import { isVerificationFailure, type VerificationFailure } from '../model/refusal/refusal.js'
import { ownMember } from '../util/members.js'
import { decodeJwt, looksLikeJwt } from './decode.js'

/**
 * Decodes the claims of a JWT without verifying it. Returns `undefined` for any other token. The claims may only be used
 * to refuse a token.
 */
export function unverifiedPayload(token: string): Claims | undefined {
  return looksLikeJwt(token) ? decodeJwt(token)?.claims : undefined
}

/**
 * Narrows the facts that an issuer states about a JWT by the times and the `cnf` of the JWT itself. An issuer may report
 * any token that it has issued as active, and need not repeat its claims. The earlier expiry and the later `nbf` apply,
 * and an `iat` in the future refuses like an `nbf`.
 */
export function narrowToPayload(
  facts: TokenFacts,
  claims: Claims | undefined,
): TokenFacts | VerificationFailure {
  if (claims === undefined) return facts
  if (isBoundToKey(claims)) return { reason: 'proof_missing', detail: 'the token has a cnf claim' }
  const times = readTimes(claims)
  if (isVerificationFailure(times)) return times
  const issuedAt = ownMember(facts, 'issuedAt')
  return {
    ...facts,
    expiresAt: narrowTime(Math.min, ownMember(facts, 'expiresAt'), times.expiresAt),
    notBefore: narrowTime(
      Math.max,
      ownMember(facts, 'notBefore'),
      narrowTime(Math.max, times.notBefore, times.issuedAt),
    ),
    // The payload cannot make a token younger, and does not supply an age that the issuer does not state.
    issuedAt: issuedAt === undefined ? undefined : narrowTime(Math.min, issuedAt, times.issuedAt),
  }
}

/** Keeps a time of the wrong type, which a custom issuer may return. It is refused when the facts are stored. */
function narrowTime(
  choose: (a: number, b: number) => number,
  stated: number | undefined,
  claimed: number | undefined,
): number | undefined {
  if (stated === undefined) return claimed
  return claimed === undefined || typeof stated !== 'number' ? stated : choose(stated, claimed)
}
