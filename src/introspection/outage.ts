import type { Refusal } from '../model/refusal.js'

const outages = new WeakSet<Refusal>()

/**
 * Marks a refusal that the issuer causes for every token, and not the token by itself. Never `issuer_overloaded`, which our own
 * callers may have caused.
 */
export function markOutage(refusal: Refusal): Refusal {
  if (refusal.reason !== 'issuer_overloaded') outages.add(refusal)
  return refusal
}

/**
 * Whether the issuer fails for every token, as far as is known. Only then may a stale result be used: a status about one
 * token, such as a 404, may be what the issuer answers once it has revoked the token. The reason of a refusal does not
 * tell, so the refusals themselves are marked.
 */
export function isOutage(refusal: Refusal): boolean {
  return outages.has(refusal)
}
