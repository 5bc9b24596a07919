import type { AuditResponse, Outcome } from './send.js'

/** Token of a request: absent, one that satisfies no verifier, or the valid token of the option `token`. */
export type AuditToken = 'none' | 'invalid' | 'insufficient'

/** Describes the token of the option `token` in a report. */
export const WITH_INSUFFICIENT_TOKEN = 'with a valid token that has no permission (option token)'

/** What a request sends: also Basic credentials, whose refusal is that of a request without a token. */
export type SentToken = AuditToken | 'basic'

/** Describes what a request sends, for a report. */
export function describeToken(token: SentToken): string {
  if (token === 'basic') return 'with Basic credentials'
  if (token === 'insufficient') return WITH_INSUFFICIENT_TOKEN
  return token === 'none' ? 'without a token' : 'with an invalid token'
}

/**
 * What else than a refusal is a sufficient response.
 *
 * - `strict`: nothing.
 * - `absent`: also a 404, 405 or 501, for requests that may have no handler, and an automatic response to `OPTIONS`.
 */
export type Tolerance = 'strict' | 'absent'

/** Custom check of the option `isRefusal`. */
export type RefusalCheck = (response: AuditResponse, token: AuditToken) => boolean

/**
 * Whether a response is that of a guard: 401 with a Bearer challenge (RFC 6750 section 3) that must not be stored. A 503 is
 * one only for an invalid token, because a missing token is refused without the issuer. A 403 is one only for a valid token:
 * with a challenge, or with the error `access_denied`, which has no challenge and, in response to `HEAD`, no body.
 */
export function isGuardRefusal({ status, headers, body }: AuditResponse, token: AuditToken): boolean {
  if (!/\bno-store\b/i.test(headers['cache-control'] ?? '')) return false
  const hasChallenge = /(?:^|,\s*)Bearer\b/i.test(headers['www-authenticate'] ?? '')
  if (status === 401) return hasChallenge
  if (token === 'insufficient')
    return status === 403 && (hasChallenge || body === '' || /\baccess_denied\b/.test(body))
  return token === 'invalid' && status === 503 && /\btemporarily_unavailable\b/.test(body)
}

/** Returns what is wrong with an outcome, or `undefined`. */
export function problemOf(
  outcome: Outcome,
  method: string,
  token: SentToken,
  tolerance: Tolerance,
  isRefusal: RefusalCheck,
): string | undefined {
  const sent = describeToken(token)
  if (typeof outcome === 'string') return `${outcome} ${sent}`
  if (isRefusal(outcome, token === 'basic' ? 'none' : token)) return undefined
  if (tolerance === 'absent' && isAbsent(outcome, method)) return undefined
  return `${outcome.status} ${sent}`
}

function isAbsent({ status, headers, body }: AuditResponse, method: string): boolean {
  if (status === 404 || status === 405 || status === 501) return true
  if (method !== 'OPTIONS' || status < 200 || status > 299) return false
  // Routers respond to `OPTIONS` with the methods of the path, and CORS middleware to a preflight.
  const isAllowList = body === '' || body === headers['allow']
  return (
    isAllowList &&
    ('allow' in headers || Object.keys(headers).some((name) => name.startsWith('access-control-')))
  )
}
