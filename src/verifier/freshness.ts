import type { CachedToken } from './cached-token.js'
import type { FreshnessNeeds } from '../policy/combine.js'

/**
 * How old the issuer's last word on a token may be, in seconds; undefined where its word is not needed.
 *
 * @param now the time of day, in seconds since the epoch.
 * @param tolerance seconds by which clocks may disagree.
 */
export function longestAge(
  cached: CachedToken,
  { confirmAfter }: FreshnessNeeds,
  now: number,
  tolerance: number,
): number | undefined {
  const { key, issuer, expiresAt } = cached
  if (key !== undefined) {
    // Of one that will be refused for what it says of itself, nobody needs to be asked.
    if (confirmAfter === undefined || !canEverPass(cached, now, tolerance)) return undefined
    return isYoung(cached, confirmAfter, now) ? undefined : confirmAfter
  }
  // An answer does not outlive its token. Whether the tolerance applies then is the issuer's to say, who
  // knows what it meant; past the tolerance nobody needs to be asked.
  if (expiresAt !== undefined && now >= expiresAt) {
    return now >= expiresAt + tolerance ? undefined : 0
  }
  return Math.min(issuer.remote?.lifetimes.yes ?? 0, confirmAfter ?? Number.POSITIVE_INFINITY)
}

/**
 * Whether a JWT that was never confirmed is younger than that. No token is younger than new, and none was issued after it
 * came: an `iat` that is ahead of our clock adds nothing to the time for which the token is accepted.
 */
function isYoung(
  { issuedAt, verifiedAt, confirmedElapsed }: CachedToken,
  seconds: number,
  now: number,
): boolean {
  // After a confirmation its age counts: it is no older than the token, unless the `iat` is ahead.
  if (issuedAt === undefined || confirmedElapsed !== undefined) return false
  return Math.max(0, now - Math.min(issuedAt, verifiedAt)) < seconds
}

/**
 * Whether any route can accept the token now or later. Other tokens are not introspected, and do not take the place of
 * one that a route accepts.
 */
export function canEverPass(
  { matchesAudience, isBound, expiresAt, issuer: { issuer }, token }: CachedToken,
  now: number,
  tolerance: number,
): boolean {
  if (!matchesAudience || isBound || !(expiresAt === undefined || now < expiresAt + tolerance)) return false
  return issuer.validateToken?.(token) === undefined
}

/**
 * From this part of an answer's lifetime on, it is refreshed if its token is in use: late, because each refresh is a
 * call, and with the default numbers a question's deadline before the end, so that none of its requests waits.
 */
export const REFRESH_AT = 0.9

/** For a token that comes seldom, already from this part on: no request of its may fall into the last tenth. */
const EARLIEST_REFRESH_AT = 0.6

/** Uses of an answer that make its token one in use: who comes once or twice may wait. */
export const IN_USE = 3

/** Whether the answer should be asked for anew now, as the second request from now might come too late for it. */
export function isWorthRefreshing({ useCount: uses }: CachedToken, age: number, longest: number): boolean {
  if (uses < IN_USE || age < longest * EARLIEST_REFRESH_AT) return false
  const between = age / uses
  return age >= Math.min(longest * REFRESH_AT, longest - 2 * between)
}
