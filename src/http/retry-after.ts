import type { ResponseHeaders } from './transport/messages.js'

/** What a number of seconds too large to be written is taken for (RFC 9111 section 1.2.2). */
const MOST_SECONDS = 2 ** 31

/** A `Retry-After` in seconds from its two forms (RFC 9110 section 10.2.3); undefined for anything else. */
export function retryAfterSeconds(headers: ResponseHeaders, nowSeconds: number): number | undefined {
  const value = headers.get('retry-after')?.trim()
  if (value === undefined) return undefined
  if (/^\d+$/.test(value)) return Math.min(Number(value), MOST_SECONDS)
  const date = /^[A-Z][a-z]{2}, /.test(value) ? Date.parse(value) / 1000 : Number.NaN
  return Number.isFinite(date) ? Math.max(0, date - nowSeconds) : undefined
}
