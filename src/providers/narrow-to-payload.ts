import { decodeJwt, looksLikeJwt } from '../jwt/decode.js'
import { isBoundToKey, readAudience, readTimes } from '../model/claims.js'
import type { RemoteResult } from '../model/issuer.js'
import { isVerificationFailure } from '../model/refusal.js'
import { ownMember } from '../util/members.js'
import { foreignKind } from './jwt-access-token.js'

/**
 * Narrows an answer about a JWT by what stands in the JWT: an issuer may call any token active that it has issued, and need
 * not repeat what it says. Nobody has verified the payload, so it can only refuse: the earlier expiry, the later `nbf`
 * and the audiences that both state hold, and an `iat` to come refuses like an `nbf`. Another kind of token and one that is bound to a key are refused.
 */
export function narrowToPayload(result: RemoteResult, token: string): RemoteResult {
  if ('fault' in result || !result.active) return result
  const claims = looksLikeJwt(token) ? decodeJwt(token)?.claims : undefined
  if (claims === undefined) return result
  const failure = foreignKind(claims)
  if (failure !== undefined) return { active: false, ...failure }
  if (isBoundToKey(claims)) {
    return { active: false, reason: 'proof_missing', detail: 'the token has a cnf claim' }
  }
  const times = readTimes(claims)
  if (isVerificationFailure(times)) return { active: false, ...times }
  const stated = ownMember(claims, 'aud')
  const audience = readAudience(stated)
  if (audience === undefined) return { active: false, reason: 'claim_invalid', detail: 'aud is not valid' }
  const { facts } = result
  return {
    active: true,
    facts: {
      ...facts,
      audience:
        stated === undefined ? facts.audience : facts.audience.filter((name) => audience.includes(name)),
      expiresAt: chosen(Math.min, facts.expiresAt, times.expiresAt),
      notBefore: chosen(Math.max, facts.notBefore, chosen(Math.max, times.notBefore, times.issuedAt)),
      // The payload makes no token younger, and gives no age to one of which the issuer does not say it.
      issuedAt: facts.issuedAt === undefined ? undefined : chosen(Math.min, facts.issuedAt, times.issuedAt),
    },
  }
}

function chosen(
  choose: (a: number, b: number) => number,
  stated: number | undefined,
  own: number | undefined,
): number | undefined {
  return stated === undefined || own === undefined ? (stated ?? own) : choose(stated, own)
}
