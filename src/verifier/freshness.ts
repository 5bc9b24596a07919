import type { CachedToken } from './cached-token.js'
import type { FreshnessNeeds } from '../policy/combine.js'

/**
 * Maximum age of the issuer's last confirmation of a token, in seconds; `undefined` if no confirmation is needed.
 *
 * @param now - wall clock time, in seconds since the epoch.
 * @param tolerance - maximum clock difference, in seconds.
 */
export function maxConfirmationAge(
  cached: CachedToken,
  { confirmAfter }: FreshnessNeeds,
  now: number,
  tolerance: number,
): number | undefined {
  const { key, issuer, expiresAt } = cached
  if (key !== undefined) {
    // Do not introspect a token that its own claims already rule out.
    if (confirmAfter === undefined || !canEverPass(cached, now, tolerance)) return undefined
    return isYoung(cached, confirmAfter, now) ? undefined : confirmAfter
  }
  // A cached result is not used past the expiry of its token. Within the clock tolerance the issuer decides, because it
  // knows its own clock. Past the tolerance the token is refused without a call.
  if (expiresAt !== undefined && now >= expiresAt) {
    return now >= expiresAt + tolerance ? undefined : 0
  }
  return Math.min(issuer.remote?.lifetimes.active ?? 0, confirmAfter ?? Number.POSITIVE_INFINITY)
}

/**
 * Whether a JWT that was never confirmed is younger than `seconds`. An `iat` ahead of our clock does not extend the time
 * for which the token is accepted: the age is at least 0 and at least the time since the verification.
 */
function isYoung(
  { issuedAt, verifiedAt, confirmedElapsed }: CachedToken,
  seconds: number,
  now: number,
): boolean {
  // After a confirmation, the age of the confirmation counts, which is at most that of the token unless `iat` is ahead.
  if (issuedAt === undefined || confirmedElapsed !== undefined) return false
  return Math.max(0, now - Math.min(issuedAt, verifiedAt)) < seconds
}

/**
 * Whether a route can accept the token now or in future. Other tokens are not introspected, and never evict a token
 * that a route accepts.
 */
export function canEverPass(
  { matchesAudience, isBound, expiresAt, issuer: { issuer }, token }: CachedToken,
  now: number,
  tolerance: number,
): boolean {
  if (!matchesAudience || isBound || !(expiresAt === undefined || now < expiresAt + tolerance)) return false
  try {
    return issuer.validateToken?.(token) === undefined
  } catch {
    // The evaluation of the request calls the rule again, and refuses the request by its failure.
    return false
  }
}

/**
 * Fraction of its lifetime after which the cached result of a frequently used token is refreshed. Late, because each
 * refresh is a call. With the defaults it leaves the deadline of one call, so that no request waits.
 */
export const REFRESH_AT = 0.9

/** The same for a rarely used token, whose next request may come after {@link REFRESH_AT}. */
const EARLIEST_REFRESH_AT = 0.6

/** Number of uses after which a cached result is refreshed in the background. */
export const MIN_USES_TO_REFRESH = 3

/** Whether to refresh the cached result now: at the average interval, the request after next might come too late. */
export function shouldRefresh({ useCount }: CachedToken, age: number, maxAge: number): boolean {
  if (useCount < MIN_USES_TO_REFRESH || age < maxAge * EARLIEST_REFRESH_AT) return false
  const interval = age / useCount
  return age >= Math.min(maxAge * REFRESH_AT, maxAge - 2 * interval)
}
