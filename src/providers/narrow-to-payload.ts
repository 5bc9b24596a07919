import { unverifiedPayload } from '../jwt/payload.js'
import { CLIENT_CLAIMS, readAudience, type Claims } from '../model/claims.js'
import type { RemoteResult } from '../model/issuer.js'
import type { VerificationFailure } from '../model/refusal.js'
import { ownMember } from '../util/members.js'
import { foreignKind } from './jwt-access-token.js'

/**
 * Narrows a response about a JWT by what the JWT says of its kind, its audience and its client, where both mean the same as in
 * a JWT that is verified locally. Nothing has verified the payload, so it can only refuse. Times and binding are narrowed for
 * every issuer. Scopes are those of the response: an issuer may leave them out of a JWT, or change them later.
 *
 * @param clientIds - the ids of the client that the response states. None if it names no client.
 */
export function narrowToPayload(
  result: RemoteResult,
  token: string,
  clientIds: readonly string[],
): RemoteResult {
  if ('fault' in result || !result.active) return result
  const claims = unverifiedPayload(token)
  if (claims === undefined) return result
  const failure = foreignKind(claims) ?? clientFailure(claims, clientIds)
  if (failure !== undefined) return { active: false, ...failure }
  const stated = ownMember(claims, 'aud') ?? undefined
  const audience = readAudience(stated)
  if (audience === undefined) return { active: false, reason: 'claim_invalid', detail: 'aud is not valid' }
  if (stated === undefined) return result
  const { facts } = result
  return {
    active: true,
    facts: { ...facts, audience: facts.audience.filter((name) => audience.includes(name)) },
  }
}

function clientFailure(claims: Claims, clientIds: readonly string[]): VerificationFailure | undefined {
  for (const name of CLIENT_CLAIMS) {
    const client = ownMember(claims, name) ?? undefined
    if (client === undefined) continue
    // The first that is there names the client: `azp` may be another party (OpenID Connect Core section 2).
    if (clientIds.length === 0 || clientIds.some((id) => id === client)) return undefined
    return { reason: 'token_inactive', detail: `the response is about another client than ${name}` }
  }
  return undefined
}
