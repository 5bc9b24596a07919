import { timers } from '../../util/timers.js'

/** Receives what happens to the messages about changes. */
export interface Watcher {
  /** Called if the store may have changed. Calls may be missing, repeated or unfounded: they only cause a reading. */
  readonly onChange: () => void
  /** Called with the failure of the messages, or with `undefined` when they arrive. */
  readonly onState: (failure: string | undefined) => void
}

/** Seconds for which messages may fail before that is reported, because a client connects again within that time. */
const PATIENCE = 5

/** Whether messages about changes arrive. Information only: the regular readings do not depend on it. */
export class WatchState {
  readonly #tell: (kind: 'store_failing' | 'store_recovered', detail: string) => void
  #failure: string | undefined
  #isReported = false
  #cancelReport: (() => void) | undefined

  constructor(tell: (kind: 'store_failing' | 'store_recovered', detail: string) => void) {
    this.#tell = tell
  }

  /** Why messages do not arrive; `undefined` if they do, or if there is no subscription. */
  get failure(): string | undefined {
    return this.#failure
  }

  /** Records a state. A failure that lasts is reported once, and so is its end. */
  readonly set = (failure: string | undefined): void => {
    this.#failure = failure
    if (failure === undefined) {
      this.#forgetReport()
      if (this.#isReported) this.#tell('store_recovered', 'the subscription of nudge works again')
      this.#isReported = false
    } else if (!this.#isReported) this.#cancelReport ??= timers.after(PATIENCE, this.#report)
  }

  /** Forgets the state of a subscription that has ended. */
  reset(): void {
    this.#forgetReport()
    this.#failure = undefined
    this.#isReported = false
  }

  readonly #report = (): void => {
    this.#cancelReport = undefined
    this.#isReported = true
    const detail = `the subscription of nudge fails, so that changes are read at intervals only: ${this.#failure ?? ''}`
    this.#tell('store_failing', detail)
  }

  #forgetReport(): void {
    this.#cancelReport?.()
    this.#cancelReport = undefined
  }
}
