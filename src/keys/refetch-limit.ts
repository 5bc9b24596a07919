import type { Clock } from '../util/clock.js'

/** Maximum number of key sets that are fetched for unknown key ids in one period, over all tenants of an issuer. */
export const MOST_REFETCHED = 32

/**
 * Limits the fetches that unknown key ids cause at the tenants of one issuer, because forged tokens may name every tenant.
 * Tenants get their turn in the order of their first request, so that none is kept waiting by the others.
 */
export class RefetchLimit {
  readonly #clock: Clock
  #periodEnd = Number.NEGATIVE_INFINITY
  readonly #granted = new Set<string>()
  /** Tenants that wait for their turn, with the time of their latest request. */
  readonly #waiting = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Whether a tenant may fetch its keys now. A repeated request of a period has the same result.
   *
   * @param period - seconds. A tenant itself fetches its keys at most once in this time.
   */
  admit(tenant: string, period: number): boolean {
    const now = this.#clock.elapsed()
    if (now >= this.#periodEnd) {
      this.#periodEnd = now + period
      this.#granted.clear()
    }
    if (this.#granted.has(tenant)) return true
    if (!this.#isTurnOf(tenant, now - period)) {
      // A tenant that waits already keeps its place.
      this.#waiting.set(tenant, now)
      return false
    }
    this.#waiting.delete(tenant)
    this.#granted.add(tenant)
    return true
  }

  /** Seconds until the next period. */
  secondsToNextPeriod(): number {
    return Math.max(0, this.#periodEnd - this.#clock.elapsed())
  }

  /** Whether fewer tenants wait before this one than may still fetch. A tenant that stopped asking loses its place. */
  #isTurnOf(tenant: string, oldest: number): boolean {
    let left = MOST_REFETCHED - this.#granted.size
    const waiting = this.#waiting.entries()
    for (let next = waiting.next(); left > 0 && next.done !== true; next = waiting.next()) {
      const [other, requestedAt] = next.value
      if (other === tenant) return true
      if (requestedAt < oldest) this.#waiting.delete(other)
      else left -= 1
    }
    return left > 0
  }
}
