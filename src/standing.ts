import type { AccessToken } from './access-token.js'
import { Refusal } from './refusal.js'

/**
 * Judges what holds or not by the moment and the configuration alone: audience and times (RFC 7519
 * sections 4.1.3 to 4.1.6). Runs on every request, remembered tokens included.
 *
 * @param audience one of these must be among the token's audiences, compared as text; `null` for no check.
 * @param tolerance seconds by which clocks may disagree.
 */
export function judgeStanding(
  token: Pick<AccessToken, 'audience' | 'issuedAt' | 'expiresAt'>,
  notBefore: number | undefined,
  audience: readonly string[] | null,
  tolerance: number,
  now: number,
): Refusal | undefined {
  const { issuedAt, expiresAt } = token
  if (audience !== null && !shareOne(token.audience, audience)) return new Refusal('audience_mismatch')
  // Written so that a time that is none, of an issuer written by hand, is refused: no comparison with it holds.
  if (expiresAt !== undefined && !(now < expiresAt + tolerance)) return new Refusal('token_expired')
  if (notBefore !== undefined && !(now >= notBefore - tolerance)) return new Refusal('token_not_active_yet')
  if (issuedAt !== undefined && !(now >= issuedAt - tolerance)) return new Refusal('issued_in_future')
  return undefined
}

/** Whether two lists have an item in common. */
export function shareOne(some: readonly string[], others: readonly string[]): boolean {
  for (const name of some) if (others.includes(name)) return true
  return false
}
