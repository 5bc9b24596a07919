import type { Clock } from '../util/clock.js'

/** Minimum seconds between two reports of skipped entries, because anyone who can write to the store could cause many. */
const REPORT_PAUSE = 60

/** Reports entries of a store that were skipped, at most once a minute. */
export class SkippedEntries {
  readonly #contents: string
  readonly #clock: Clock
  readonly #tell: (detail: string) => void
  #nextReport = Number.NEGATIVE_INFINITY

  /** @param contents - what the store contains. */
  constructor(contents: string, clock: Clock, tell: (detail: string) => void) {
    this.#contents = contents
    this.#clock = clock
    this.#tell = tell
  }

  readonly report = (detail: string): void => {
    const now = this.#clock.elapsed()
    if (now < this.#nextReport) return
    this.#nextReport = now + REPORT_PAUSE
    this.#tell(detail)
  }

  reportUnreadable(): void {
    this.report(
      `an entry of the store of ${this.#contents} was skipped, because it has another format or secret, or was changed`,
    )
  }
}
