import type { CachedToken } from './cached-token.js'
import { Refusal } from '../model/refusal.js'

/**
 * Validates audience and times (RFC 7519 sections 4.1.3 to 4.1.6), and refuses tokens bound to a key (RFC 7800). Applies
 * to custom issuers too, and runs on every request, cached tokens included.
 *
 * @param tolerance - maximum clock difference, in seconds.
 */
export function validateToken(
  { matchesAudience, isBound, issuedAt, expiresAt, notBefore }: CachedToken,
  tolerance: number,
  now: number,
): Refusal | undefined {
  if (!matchesAudience) return new Refusal('audience_mismatch')
  if (isBound) return new Refusal('proof_missing', { cause: new Error('the token has a cnf claim') })
  // The comparisons are negated so that `NaN`, which a custom issuer may return, is refused.
  if (expiresAt !== undefined && !(now < expiresAt + tolerance)) return new Refusal('token_expired')
  if (notBefore !== undefined && !(now >= notBefore - tolerance)) return new Refusal('token_not_active_yet')
  if (issuedAt !== undefined && !(now >= issuedAt - tolerance)) return new Refusal('issued_in_future')
  return undefined
}
