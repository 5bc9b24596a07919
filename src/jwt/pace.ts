/** How much of one turn of the event loop may go into checking signatures on its thread, in milliseconds. */
const TURN_BUDGET_MS = 1

/**
 * Decides whether a signature is checked on the event loop's thread or in the thread pool. Here it costs half as
 * much, and whoever comes alone has the answer sooner; but everybody else waits meanwhile. So: here for a token that
 * comes alone; in the pool for those that come in one go with it, or while others are there, as another core may be
 * free for them; and in the pool once this turn of the event loop has given its share.
 */
export class Pace {
  #spentMs = 0
  #elsewhere = 0
  #isTurnWatched = false
  /** Whether a check was made in the very same run of code: the next one comes in one go with it. */
  #isBurst = false

  mayStayHere(): boolean {
    return !this.#isBurst && this.#elsewhere === 0 && this.#spentMs < TURN_BUDGET_MS
  }

  /** Notes what a check on this thread has cost. */
  spent(milliseconds: number): void {
    this.#spentMs += milliseconds
    this.#isBurst = true
    queueMicrotask(this.#endBurst)
    if (this.#isTurnWatched) return
    this.#isTurnWatched = true
    setImmediate(this.#endTurn)
  }

  /** Runs a check in the thread pool. */
  async elsewhere<T>(check: () => Promise<T>): Promise<T> {
    this.#elsewhere += 1
    try {
      return await check()
    } finally {
      this.#elsewhere -= 1
    }
  }

  readonly #endBurst = (): void => {
    this.#isBurst = false
  }

  readonly #endTurn = (): void => {
    this.#isTurnWatched = false
    this.#spentMs = 0
  }
}
