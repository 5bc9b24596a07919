/** Shares one piece of work among all callers while it is in flight. The result is not cached. */
export class SharedFlight<T> {
  #inFlight: Promise<T> | undefined

  /** The work in flight, if any. */
  get inFlight(): Promise<T> | undefined {
    return this.#inFlight
  }

  /** Joins the work in flight, or starts it. */
  share(work: () => Promise<T>): Promise<T> {
    this.#inFlight ??= work().finally(() => {
      this.#inFlight = undefined
    })
    return this.#inFlight
  }
}

/**
 * Shares one piece of work per key among callers while it is in flight. Memory is bounded by the work in flight, because
 * results are not cached.
 */
export class SingleFlight<T> {
  readonly #inFlight = new Map<string, Promise<T>>()

  /** Returns the work in flight for a key. */
  inFlight(key: string): Promise<T> | undefined {
    return this.#inFlight.get(key)
  }

  /**
   * Joins the work in flight for a key, or starts it. `keep` is called with the result before any caller receives it,
   * unless the work was abandoned. The work can call `mayKeep` to find out whether it was.
   */
  share(key: string, work: (mayKeep: () => boolean) => Promise<T>, keep: (result: T) => void): Promise<T> {
    const inFlight = this.#inFlight.get(key)
    if (inFlight !== undefined) return inFlight
    const running = work(() => this.#inFlight.get(key) === shared)
    const shared: Promise<T> = running.then(
      (result) => {
        if (this.#finish(key, shared)) keep(result)
        return result
      },
      (error: unknown) => {
        this.#finish(key, shared)
        throw error
      },
    )
    this.#inFlight.set(key, shared)
    return shared
  }

  /** Abandons the work in flight for a key. Its callers still receive the result, but later callers start new work. */
  abandon(key: string): void {
    this.#inFlight.delete(key)
  }

  #finish(key: string, work: Promise<T>): boolean {
    return this.#inFlight.get(key) === work && this.#inFlight.delete(key)
  }
}
