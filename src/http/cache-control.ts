import type { ResponseHeaders } from './transport/messages.js'

/** How long the server lets a document be kept (RFC 9111 section 5.2.2), less the time it spent in caches. */
export function maxAgeOf(headers: ResponseHeaders): number | undefined {
  const control = headers.get('cache-control') ?? ''
  if (/(?:^|[\s,])(?:no-store|no-cache)(?:$|[\s,])/i.test(control)) return 0
  const stated = /(?:^|[\s,])max-age\s*=\s*"?(\d{1,10})"?(?:$|[\s,])/i.exec(control)?.[1]
  if (stated === undefined) return undefined
  const spent = Number(/^\d{1,10}$/.exec(headers.get('age') ?? '')?.[0] ?? 0)
  return Math.max(0, Number(stated) - spent)
}
