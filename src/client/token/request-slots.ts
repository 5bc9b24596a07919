/** Limits the number of token requests in flight. Further requests wait in order. */
export class RequestSlots {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(max: number) {
    this.#free = max
  }

  /** Waits for a slot, if none is free. Returns whether the caller had to wait. */
  async acquire(): Promise<boolean> {
    if (this.#free > 0) {
      this.#free -= 1
      return false
    }
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve)
    })
    return true
  }

  /** Passes the slot to the next request. */
  release(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#free += 1
    else next()
  }
}
