import { timers } from '../util/timers.js'

/** A timer needs a positive time, and the error of a deadline that has passed is that of its timer. */
const SHORTEST_TIMER = 0.001

/** Time limit that several steps share. It starts when it is created. */
export class Deadline {
  readonly #seconds: number
  readonly #startedAt = timers.elapsed()

  constructor(seconds: number) {
    this.#seconds = seconds
  }

  /** Returns the seconds that are left, for the timer of the next step: at least a millisecond. */
  remaining(): number {
    return Math.max(SHORTEST_TIMER, this.#seconds - (timers.elapsed() - this.#startedAt))
  }
}
