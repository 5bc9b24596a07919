import { timers } from '../../util/timers.js'

/**
 * Lets at most one lookup hang at a time. One that is expected to hang waits for its turn; one that hangs unexpectedly
 * makes the others wait as well.
 */
export class HangingLane {
  readonly #patienceSeconds: number
  /** Those whose lookup has hung before let the others go first, because they would keep the place for long. */
  readonly #waiting = { first: [] as (() => void)[], last: [] as (() => void)[] }
  #hanging = 0

  constructor(patienceSeconds: number) {
    this.#patienceSeconds = patienceSeconds
  }

  /** Does work that probably hangs, when nothing else does. */
  async takeTurn<T>(work: () => Promise<T>, hasHung: boolean): Promise<T> {
    if (this.#hanging === 0) this.#hanging = 1
    else {
      const queue = hasHung ? this.#waiting.last : this.#waiting.first
      // A lookup that ends passes its place on, so that no other can come in between.
      await new Promise<void>((resolve) => queue.push(resolve))
    }
    try {
      return await work()
    } finally {
      this.#leave()
    }
  }

  /** Does work now. It counts as hanging if it takes longer than the patience. */
  async watch<T>(work: () => Promise<T>): Promise<T> {
    let isHanging = false
    const cancel = timers.after(this.#patienceSeconds, () => {
      isHanging = true
      this.#hanging += 1
    })
    try {
      return await work()
    } finally {
      cancel()
      if (isHanging) this.#leave()
    }
  }

  #leave(): void {
    const { first, last } = this.#waiting
    const next = this.#hanging === 1 ? (first.shift() ?? last.shift()) : undefined
    if (next === undefined) this.#hanging -= 1
    else next()
  }
}
