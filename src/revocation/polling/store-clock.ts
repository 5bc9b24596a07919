import type { Clock } from '../../util/clock.js'
import { timers } from '../../util/timers.js'

/** Reads the time of a store, in seconds since the epoch; `undefined` if the store does not tell it. */
export type ReadTime = () => Promise<number | undefined>

/** Seconds after which the clocks are compared again. */
const LIFETIME = 60

/** Maximum seconds between request and response. The time of a response that takes longer says too little. */
const MAX_ROUND_TRIP = 1

/**
 * How far the clock of a store is ahead of that of this process. A cutoff at "now" is for all processes, so that a process with a wrong
 * clock must not choose it alone.
 */
export class StoreClock {
  readonly #readTime: ReadTime | undefined
  readonly #clock: Clock
  readonly #onChange: () => void
  #lead: number | undefined
  #comparedAt = Number.NEGATIVE_INFINITY
  #comparing: Promise<void> | undefined

  /**
   * @param clock - clock of the system, because one of the options is for tests.
   * @param onChange - called after each comparison.
   */
  constructor(readTime: ReadTime | undefined, clock: Clock, onChange: () => void) {
    this.#readTime = readTime
    this.#clock = clock
    this.#onChange = onChange
  }

  /** Seconds by which the store is ahead, negative if it is behind; 0 if that is unknown. Waits only before the first comparison. */
  lead(): number | Promise<number> {
    if (this.#readTime === undefined || this.#lead !== undefined || this.#isRecent()) return this.lastLead
    return new Promise((resolve) => {
      const settle = (): void => {
        cancel()
        resolve(this.lastLead)
      }
      const cancel = timers.after(MAX_ROUND_TRIP, settle)
      void this.#compareOnce().then(settle)
    })
  }

  /** Seconds by which the store was ahead when the clocks were last compared. */
  get lastLead(): number {
    return this.#lead ?? 0
  }

  /** Compares the clocks, unless that was done within the last minute. */
  refresh(): void {
    if (!this.#isRecent()) void this.#compareOnce()
  }

  #isRecent(): boolean {
    return timers.elapsed() - this.#comparedAt < LIFETIME
  }

  /** Never rejects. */
  #compareOnce(): Promise<void> {
    this.#comparing ??= this.#compare()
      // A store that does not respond is reported by its readings.
      .catch(() => undefined)
      .finally(() => (this.#comparing = undefined))
    return this.#comparing
  }

  async #compare(): Promise<void> {
    const [before, elapsed] = [this.#clock.now(), timers.elapsed()]
    const time = await this.#readTime?.()
    const after = this.#clock.now()
    const isSlow = timers.elapsed() - elapsed > MAX_ROUND_TRIP || Math.abs(after - before) > MAX_ROUND_TRIP
    if (time !== undefined && isSlow) return
    this.#comparedAt = elapsed
    if (time === undefined) return
    // Any moment between request and response may be that of the store.
    this.#lead = time > after ? time - after : Math.min(0, time - before)
    this.#onChange()
  }
}
