import { timers } from '../../util/timers.js'

/**
 * Allows at most one hanging lookup at a time. A lookup that is expected to hang waits for its turn. A lookup that hangs
 * unexpectedly makes these wait too.
 */
export class HangingLane {
  readonly #patienceSeconds: number
  /** Lookups that hung before run last, because they would occupy the lane for long. */
  readonly #waiting = { first: [] as (() => void)[], last: [] as (() => void)[] }
  #hanging = 0

  constructor(patienceSeconds: number) {
    this.#patienceSeconds = patienceSeconds
  }

  /** Runs work that probably hangs, as soon as no other work hangs. */
  async takeTurn<T>(work: () => Promise<T>, hasHung: boolean): Promise<T> {
    if (this.#hanging === 0) this.#hanging = 1
    else {
      const queue = hasHung ? this.#waiting.last : this.#waiting.first
      // The lookup that ends resolves this promise, so that no other lookup can take its turn in between.
      await new Promise<void>((resolve) => queue.push(resolve))
    }
    try {
      return await work()
    } finally {
      this.#leave()
    }
  }

  /** Runs work immediately. It counts as hanging once it takes longer than the patience. */
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
