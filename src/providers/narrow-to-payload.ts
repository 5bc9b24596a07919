import { unverifiedPayload } from '../jwt/payload.js'
import { claimAt, describeClaim, presentMember, type ClaimReference } from '../model/claim-path.js'
import { A_STRING_OR_LIST, invalidClaim, readAudience, type Claims } from '../model/claims.js'
import { failureOf } from '../model/detail/explain.js'
import type { RemoteResult } from '../model/issuer/remote-profile.js'
import type { VerificationFailure } from '../model/refusal/refusal.js'
import { phrase } from '../util/quote.js'
import { checkTokenKind } from './jwt-access-token.js'

/** Settings of an issuer whose introspection results are narrowed. */
interface NarrowingSettings {
  /** Claims of the payload that name the client, in order of preference. */
  readonly clientClaims: readonly ClaimReference[]
  /** Audiences of this API; `null` if the audience is not compared. */
  readonly audience: readonly string[] | null
}

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
  { clientClaims, audience: configured }: NarrowingSettings,
): RemoteResult {
  if ('fault' in result || !result.active) return result
  const claims = unverifiedPayload(token)
  if (claims === undefined) return result
  const client = clientIn(claims, clientClaims)
  const failure = checkTokenKind(claims) ?? checkClient(client, clientIds)
  if (failure !== undefined) return { active: false, ...failure }
  const aud = presentMember(claims, 'aud')
  const audience = readAudience(aud)
  if (audience === undefined) return { active: false, ...invalidClaim('aud', A_STRING_OR_LIST, aud) }
  const { facts } = result
  const common = aud === undefined ? facts.audience : facts.audience.filter((name) => audience.includes(name))
  if (configured !== null && aud !== undefined && !configured.some((name) => common.includes(name)))
    return { active: false, ...audienceFailure(facts.audience, audience, configured) }
  return {
    active: true,
    facts: {
      ...facts,
      audience: common,
      ...(client === undefined || client.id === facts.subject ? {} : { namesClient: true }),
    },
  }
}

/** Refused here, because only here both audiences are known, which the detail quotes. */
function audienceFailure(
  stated: readonly string[],
  audience: readonly string[],
  configured: readonly string[],
): VerificationFailure {
  return stated.length === 0
    ? failureOf('audience_mismatch', 'unstated', { audience, configured })
    : failureOf('audience_mismatch', 'confirmed', { stated, audience, configured })
}

/** The client that a payload names, whatever the type of the id. */
interface NamedClient {
  readonly claim: string
  readonly id: unknown
}

/** Only the first claim present names the client: `azp` may be another party (OpenID Connect Core 1.0 section 2). */
function clientIn(claims: Claims, clientClaims: readonly ClaimReference[]): NamedClient | undefined {
  for (const reference of clientClaims) {
    const id = claimAt(claims, reference)
    if (id !== undefined) return { claim: reference.name, id }
  }
  return undefined
}

function checkClient(
  client: NamedClient | undefined,
  clientIds: readonly string[],
): VerificationFailure | undefined {
  if (client === undefined || clientIds.length === 0 || clientIds.some((id) => id === client.id))
    return undefined
  const values = { stated: clientIds, claim: phrase(client.claim), client: describeClaim(client.id) }
  return failureOf('token_inactive', 'other_client', values)
}
