import type { CachedToken } from './cached-token.js'
import { Refusal } from '../model/refusal.js'

/**
 * Validates what holds for every token, whoever wrote its issuer: audience and times (RFC 7519 sections 4.1.3 to 4.1.6),
 * and that it is not bound to a key (RFC 7800). Runs on every request, cached tokens included.
 *
 * @param tolerance seconds by which clocks may disagree.
 */
export function validateToken(
  { matchesAudience: isForUs, isBound, issuedAt, expiresAt, notBefore }: CachedToken,
  tolerance: number,
  now: number,
): Refusal | undefined {
  if (!isForUs) return new Refusal('audience_mismatch')
  if (isBound) return new Refusal('proof_missing', { cause: new Error('the token has a cnf claim') })
  // Written so that a time that is none, of an issuer written by hand, is refused: no comparison with it holds.
  if (expiresAt !== undefined && !(now < expiresAt + tolerance)) return new Refusal('token_expired')
  if (notBefore !== undefined && !(now >= notBefore - tolerance)) return new Refusal('token_not_active_yet')
  if (issuedAt !== undefined && !(now >= issuedAt - tolerance)) return new Refusal('issued_in_future')
  return undefined
}
