import type { ResponseHeaders } from './transport/messages.js'

/**
 * Reads the seconds that the server allows a document to be cached: `max-age` minus `Age` (RFC 9111 sections 4.2.3 and
 * 5.2.2).
 *
 * @returns 0 for `no-store` and `no-cache`, `undefined` if the response states no limit.
 */
export function readMaxAge(headers: ResponseHeaders): number | undefined {
  const control = headers.get('cache-control') ?? ''
  if (/(?:^|[\s,])(?:no-store|no-cache)(?:$|[\s,])/i.test(control)) return 0
  const maxAge = /(?:^|[\s,])max-age\s*=\s*"?(\d{1,10})"?(?:$|[\s,])/i.exec(control)?.[1]
  if (maxAge === undefined) return undefined
  const age = Number(/^\d{1,10}$/.exec(headers.get('age') ?? '')?.[0] ?? 0)
  return Math.max(0, Number(maxAge) - age)
}
