import { LRUCache } from 'lru-cache'
import { timers } from '../util/timers.js'

/** Number of waits in a row without a result after which no caller waits for a while. */
export const MAX_FRUITLESS = 5

/** Seconds for which no caller waits: for one key after a wait without a result, and for any key after several. */
export const WAIT_PAUSE = 30

/** Maximum number of keys in memory. */
const MAX_KEYS = 1000

/**
 * Limits what leases cost that never end in a result. A client that can write to the store could otherwise make every request
 * wait, by taking the leases and doing no work.
 */
export class LeaseWaits {
  /** End of the pause of each key. */
  readonly #pauses = new LRUCache<string, number>({ max: MAX_KEYS })
  #fruitless = 0
  #pausedUntil = Number.NEGATIVE_INFINITY

  /** Whether a caller may wait for the work of another process. After a pause one caller may, and shows whether it helps. */
  mayWait(key: string): boolean {
    const now = timers.elapsed()
    if (now < (this.#pauses.get(key) ?? Number.NEGATIVE_INFINITY)) return false
    if (this.#fruitless < MAX_FRUITLESS) return true
    if (now < this.#pausedUntil) return false
    this.#pausedUntil = now + WAIT_PAUSE
    return true
  }

  /** Records a wait that has brought a result. */
  succeed(key: string): void {
    this.#pauses.delete(key)
    this.#fruitless = 0
  }

  /**
   * Records a wait without a result.
   *
   * @param hasLease - whether the caller got the lease instead, because the other process has failed or ended.
   * @returns whether from now on no caller waits for any key.
   */
  fail(key: string, hasLease = false): boolean {
    const now = timers.elapsed()
    if (!hasLease) this.#pauses.set(key, now + WAIT_PAUSE)
    this.#fruitless += 1
    if (this.#fruitless !== MAX_FRUITLESS) return false
    this.#pausedUntil = now + WAIT_PAUSE
    return true
  }
}
