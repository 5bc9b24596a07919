import type { Refusal } from '../model/refusal/refusal.js'

const outages = new WeakSet<Refusal>()

/**
 * Marks a refusal as an outage, in which the issuer fails for every token. Never marks `issuer_overloaded`, which our own
 * load may have caused.
 */
export function markOutage(refusal: Refusal): Refusal {
  if (refusal.reason !== 'issuer_overloaded') outages.add(refusal)
  return refusal
}

/**
 * Whether the issuer fails for every token. Only then may a stale result be used, because a status for one token, such as
 * 404, may mean that the issuer has revoked it. Refusals are marked because their `reason` does not distinguish the two.
 */
export function isOutage(refusal: Refusal): boolean {
  return outages.has(refusal)
}
