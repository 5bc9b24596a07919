import { presentMember } from '../../../model/claim-path.js'
import type { Claims } from '../../../model/claims.js'
import { quote } from '../../../util/quote.js'
import { callerFailure, presentClaim, type CallerRule } from './rules.js'

/** Matches the `jti` of Keycloak 26.2 and newer: two letters each for the session and the token, and two for the grant. */
const ENCODED_ID = /^[a-z]{4}([^:]{2}):/

/**
 * Accepts service accounts. A token of a person may lack everything that marks a person: lightweight tokens name no user, and
 * tokens of transient sessions have no `sid`. Therefore a token without evidence of a service account is refused.
 */
export const isServiceAccount: CallerRule = (claims) => {
  const id = presentMember(claims, 'jti')
  const grant = typeof id === 'string' ? ENCODED_ID.exec(id)?.[1] : undefined
  if (grant === 'cc') return undefined
  if (grant !== undefined)
    return callerFailure(`jti states the grant ${quote(grant)}, not "cc", the client credentials grant`)
  const session = presentClaim(claims, ['sid', 'session_state', 'auth_time'])
  if (session !== undefined)
    return callerFailure(`${session} is present: the token belongs to a session of a person`)
  const client = presentMember(claims, 'azp')
  if (client === undefined) return callerFailure('azp is missing, so that no client can be identified')
  const user = presentMember(claims, 'preferred_username')
  if (typeof client === 'string') {
    if (user === `service-account-${client.toLowerCase()}`) return undefined
    if (user === undefined && hasSessionNotes(claims, client)) return undefined
  }
  return callerFailure(
    `preferred_username is ${quote(user)}, not that of the service account of ${quote(client)}. ` +
      'Assign the client scope service_account or profile to the client, and add their mappers to lightweight tokens',
  )
}

/**
 * Whether the token has the claims of the client scope `service_account`. Keycloak sets the address of the client for the
 * client credentials grant only. The id of the client alone proves nothing, because a mapper may add it to every token.
 */
function hasSessionNotes(claims: Claims, client: string): boolean {
  const stated = presentMember(claims, 'client_id') ?? presentMember(claims, 'clientId')
  return stated === client && presentClaim(claims, ['clientHost', 'clientAddress']) !== undefined
}
