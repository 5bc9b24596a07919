import type { Clock } from '../../util/clock.js'
import { explain } from '../../model/detail/explain.js'
import { Refusal } from '../../model/refusal/refusal.js'

/** Maximum number of tenants that are not proven yet, and maximum number of them in one period. */
export const MOST_UNPROVEN = 32

/** Length of a period, in seconds. It equals the default backoff for unknown key ids. */
const PERIOD = 10

/**
 * Limits how often forged tokens can cause fetches for tenants that the application's function allows. A tenant is proven
 * once one of its tokens was valid. Proven tenants are never limited.
 */
export class TenantAdmission {
  readonly #clock: Clock
  #periodEnd = Number.NEGATIVE_INFINITY
  #admitted = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Counts an unproven tenant.
   *
   * @returns refusal `issuer_overloaded` if the limit of the period is reached.
   */
  admit(): Refusal | undefined {
    const now = this.#clock.elapsed()
    if (now >= this.#periodEnd) {
      this.#periodEnd = now + PERIOD
      this.#admitted = 0
    }
    if (this.#admitted >= MOST_UNPROVEN) return tooManyTenants(this.#periodEnd - now)
    this.#admitted += 1
    return undefined
  }

  /** Stops counting a tenant that is proven. */
  prove(): void {
    this.#admitted = Math.max(0, this.#admitted - 1)
  }
}

/** Creates the refusal of a token whose tenant is new while too many others are. */
export function tooManyTenants(retryAfterSeconds: number): Refusal {
  return new Refusal('issuer_overloaded', {
    retryAfterSeconds,
    detail: explain('issuer_overloaded', 'tenants', { count: MOST_UNPROVEN }),
  })
}
