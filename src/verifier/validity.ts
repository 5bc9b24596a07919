import type { CachedToken } from './cached-token.js'
import { explain } from '../model/detail/explain.js'
import { createCause, Refusal } from '../model/refusal/refusal.js'

/**
 * Validates audience and times (RFC 7519 sections 4.1.3 to 4.1.6), and refuses tokens bound to a key (RFC 7800). Applies
 * to custom issuers too, and runs on every request, cached tokens included.
 *
 * @param tolerance - maximum clock difference, in seconds.
 */
export function validateToken(cached: CachedToken, tolerance: number, now: number): Refusal | undefined {
  const { matchesAudience, isBound, issuedAt, expiresAt, notBefore } = cached
  if (!matchesAudience) return refuseAudience(cached)
  if (isBound) {
    const cause = createCause('the token has a cnf claim')
    return new Refusal('proof_missing', { cause, detail: explain('proof_missing', 'cnf', {}) })
  }
  // The comparisons are negated so that `NaN`, which a custom issuer may return, is refused.
  if (expiresAt !== undefined && !(now < expiresAt + tolerance)) {
    const values = { exp: expiresAt, ago: now - expiresAt, now, tolerance }
    return new Refusal('token_expired', { detail: explain('token_expired', 'expired', values) })
  }
  if (notBefore !== undefined && !(now >= notBefore - tolerance)) {
    const values = { nbf: notBefore, ahead: notBefore - now, now, tolerance }
    return new Refusal('token_not_active_yet', { detail: explain('token_not_active_yet', 'early', values) })
  }
  if (issuedAt !== undefined && !(now >= issuedAt - tolerance)) {
    const values = { iat: issuedAt, ahead: issuedAt - now, now, tolerance }
    return new Refusal('issued_in_future', { detail: explain('issued_in_future', 'ahead', values) })
  }
  return undefined
}

function refuseAudience({ token: { audience }, issuer: { audience: configured } }: CachedToken): Refusal {
  const detail =
    audience.length === 0
      ? explain('audience_mismatch', 'absent', { configured })
      : explain('audience_mismatch', 'different', { audience, configured })
  return new Refusal('audience_mismatch', { detail })
}
