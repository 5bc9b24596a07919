import type { ResponseHeaders } from './transport/messages.js'

/** Maximum number of seconds. Larger numbers count as this one (RFC 9111 section 1.2.2). */
const MOST_SECONDS = 2 ** 31

/**
 * Reads `Retry-After` in seconds, from either of its two forms (RFC 9110 section 10.2.3).
 *
 * @returns `undefined` if the header is absent or invalid.
 */
export function retryAfterSeconds(headers: ResponseHeaders, nowSeconds: number): number | undefined {
  const value = headers.get('retry-after')?.trim()
  if (value === undefined) return undefined
  if (/^\d+$/.test(value)) return Math.min(Number(value), MOST_SECONDS)
  const date = /^[A-Z][a-z]{2}, /.test(value) ? Date.parse(value) / 1000 : Number.NaN
  return Number.isFinite(date) ? Math.max(0, date - nowSeconds) : undefined
}
