import { unverifiedPayload } from '../jwt/payload.js'
import { A_STRING_OR_LIST, CLIENT_CLAIMS, invalidClaim, readAudience, type Claims } from '../model/claims.js'
import { failureOf } from '../model/detail/explain.js'
import type { RemoteResult } from '../model/issuer.js'
import type { VerificationFailure } from '../model/refusal.js'
import { ownMember } from '../util/members.js'
import { phrase } from '../util/quote.js'
import { checkTokenKind } from './jwt-access-token.js'

/**
 * Narrows the introspection result of a JWT by the kind, audience and client in the JWT's payload. It is for issuers whose
 * claims mean the same as in a JWT that is verified locally.
 *
 * The payload is not verified, so it can only refuse the token. The verifier narrows times and `cnf` for every issuer. Scopes
 * are those of the response, because an issuer may omit them from a JWT or change them later.
 *
 * @param clientIds - ids of the client that the response states; empty if it names no client.
 */
export function narrowToPayload(
  result: RemoteResult,
  token: string,
  clientIds: readonly string[],
): RemoteResult {
  if ('fault' in result || !result.active) return result
  const claims = unverifiedPayload(token)
  if (claims === undefined) return result
  const failure = checkTokenKind(claims) ?? checkClient(claims, clientIds)
  if (failure !== undefined) return { active: false, ...failure }
  const aud = ownMember(claims, 'aud') ?? undefined
  const audience = readAudience(aud)
  if (audience === undefined) return { active: false, ...invalidClaim('aud', A_STRING_OR_LIST, aud) }
  if (aud === undefined) return result
  const { facts } = result
  return {
    active: true,
    facts: { ...facts, audience: facts.audience.filter((name) => audience.includes(name)) },
  }
}

function checkClient(claims: Claims, clientIds: readonly string[]): VerificationFailure | undefined {
  for (const name of CLIENT_CLAIMS) {
    const client = ownMember(claims, name) ?? undefined
    if (client === undefined) continue
    // Only the first claim present names the client: `azp` may be another party (OpenID Connect Core 1.0 section 2).
    if (clientIds.length === 0 || clientIds.some((id) => id === client)) return undefined
    return failureOf('token_inactive', 'other_client', { stated: clientIds, claim: phrase(name), client })
  }
  return undefined
}
