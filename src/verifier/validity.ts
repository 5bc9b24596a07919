import type { CachedToken } from './cached-token.js'
import { Refusal } from '../model/refusal.js'

/**
 * Judges what holds or not by the moment and the configuration alone: audience and times (RFC 7519
 * sections 4.1.3 to 4.1.6). Runs on every request, remembered tokens included.
 *
 * @param tolerance seconds by which clocks may disagree.
 */
export function validateToken(
  { matchesAudience: isForUs, issuedAt, expiresAt, notBefore }: CachedToken,
  tolerance: number,
  now: number,
): Refusal | undefined {
  if (!isForUs) return new Refusal('audience_mismatch')
  // Written so that a time that is none, of an issuer written by hand, is refused: no comparison with it holds.
  if (expiresAt !== undefined && !(now < expiresAt + tolerance)) return new Refusal('token_expired')
  if (notBefore !== undefined && !(now >= notBefore - tolerance)) return new Refusal('token_not_active_yet')
  if (issuedAt !== undefined && !(now >= issuedAt - tolerance)) return new Refusal('issued_in_future')
  return undefined
}
