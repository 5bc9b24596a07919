/**
 * Lets callers who want the same thing at the same time share one piece of work. Bounded by the work
 * under way: nothing is kept once it is done.
 */
export class SingleFlight<T> {
  readonly #inFlight = new Map<string, Promise<T>>()

  /** The work under way for a key. */
  inFlight(key: string): Promise<T> | undefined {
    return this.#inFlight.get(key)
  }

  /**
   * Joins the work under way for a key, or starts it. `keep` is called with its result before anyone
   * else gets it, unless the work was abandoned; the work itself can ask whether it still counts.
   */
  share(key: string, work: (mayKeep: () => boolean) => Promise<T>, keep: (result: T) => void): Promise<T> {
    const inFlight = this.#inFlight.get(key)
    if (inFlight !== undefined) return inFlight
    const working = work(() => this.#inFlight.get(key) === started)
    const started: Promise<T> = working.then(
      (result) => {
        if (this.#finish(key, started)) keep(result)
        return result
      },
      (error: unknown) => {
        this.#finish(key, started)
        throw error
      },
    )
    this.#inFlight.set(key, started)
    return started
  }

  /** Whoever asks from now on starts afresh; what is under way serves those who wait for it and is not kept. */
  abandon(key: string): void {
    this.#inFlight.delete(key)
  }

  #finish(key: string, work: Promise<T>): boolean {
    return this.#inFlight.get(key) === work && this.#inFlight.delete(key)
  }
}
