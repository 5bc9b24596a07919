import { timers } from '../../util/timers.js'

/** Minimum seconds between two readings that messages cause. */
const MIN_PAUSE = 0.05

/**
 * Limits how often messages cause a reading. Anyone who may publish can send messages, so that they must not cause more load
 * than a bounded number of readings.
 */
export class NudgeLimit {
  readonly #nudge: () => void
  #earliest = Number.NEGATIVE_INFINITY
  #cancel: (() => void) | undefined

  constructor(nudge: () => void) {
    this.#nudge = nudge
  }

  /** Reads immediately, or once the pause since the last reading of this kind is over. */
  readonly request = (): void => {
    if (this.#cancel !== undefined) return
    const wait = this.#earliest - timers.elapsed()
    if (wait > 0) this.#cancel = timers.after(wait, this.#run)
    else this.#run()
  }

  /** Drops the reading that waits. */
  cancel(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  readonly #run = (): void => {
    this.#cancel = undefined
    this.#earliest = timers.elapsed() + MIN_PAUSE
    this.#nudge()
  }
}
