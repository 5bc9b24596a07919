/**
 * Wall clock and monotonic clock. The claims of a token (`exp`, `iat`) are compared with the wall clock. Lifetimes of
 * cached results and backoff use elapsed time, so that a wall clock that is set back does not extend them.
 */
export interface Clock {
  /** Returns the wall-clock time, in seconds since the epoch, with fractions. */
  now(): number
  /**
   * Returns the seconds elapsed since a fixed moment, including the time for which the machine was suspended. It never
   * decreases.
   *
   * @param now - the result of {@link Clock.now}, if nothing was awaited since. It saves a reading.
   */
  elapsed(now?: number): number
}

/**
 * Minimum seconds by which the wall clock must advance beyond the monotonic clock between two readings to count. A
 * smaller difference is an adjustment of the clock or a delay between the readings, and must not accumulate.
 */
const MIN_SUSPENSION = 1

/**
 * Adds up the time for which the machine was suspended, or restored from a snapshot. A monotonic clock such as
 * `performance.now()` stops meanwhile, and the wall clock does not.
 *
 * A wall clock that is set forward cannot be distinguished and counts too, so that cached results expire early. One that
 * is set back changes nothing.
 */
export class Suspension {
  #monotonic: number
  #now: number
  #seconds = 0

  /** Takes a first reading of the monotonic clock and the wall clock, in seconds. */
  constructor(monotonic: number, now: number) {
    this.#monotonic = monotonic
    this.#now = now
  }

  /** Returns the seconds of all suspensions up to this reading of both clocks. It never decreases. */
  seconds(monotonic: number, now: number): number {
    const gained = now - this.#now - (monotonic - this.#monotonic)
    if (gained >= MIN_SUSPENSION) this.#seconds += gained
    this.#monotonic = monotonic
    this.#now = now
    return this.#seconds
  }
}
