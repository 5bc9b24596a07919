/**
 * The two clocks a guard needs. What a token says about itself (`exp`, `iat`) is compared with the time
 * of day; what we decide ourselves (lifetimes of remembered answers, pauses) runs on elapsed time, so
 * that a time of day that jumps back prolongs nothing.
 */
export interface Clock {
  /** The time of day, in seconds since the epoch, with fractions. */
  now(): number
  /**
   * Seconds elapsed since some fixed moment, including the time in which the machine was suspended; never runs backwards.
   *
   * @param now what {@link Clock.now} has just returned, with nothing awaited since: saves a reading.
   */
  elapsed(now?: number): number
}

/**
 * Seconds by which the time of day must gain on the monotonic clock between two readings to count. Less is a clock that
 * is adjusted or read a little later, which must not add up to anything.
 */
const SHORTEST_SUSPENSION = 1

/**
 * Adds up the time in which the machine was suspended, or restored from a snapshot: a monotonic clock such as
 * `performance.now()` stands still meanwhile, and the time of day does not. A time of day that is set forward cannot be
 * told apart and counts too, so that something expires early. One that is set back changes nothing.
 */
export class Suspension {
  #monotonic: number
  #now: number
  #seconds = 0

  /** @param monotonic the monotonic clock. @param now the time of day. Both in seconds. */
  constructor(monotonic: number, now: number) {
    this.#monotonic = monotonic
    this.#now = now
  }

  /** The seconds of all suspensions up to this reading of both clocks; never decreases. */
  seconds(monotonic: number, now: number): number {
    const gained = now - this.#now - (monotonic - this.#monotonic)
    if (gained >= SHORTEST_SUSPENSION) this.#seconds += gained
    this.#monotonic = monotonic
    this.#now = now
    return this.#seconds
  }
}
