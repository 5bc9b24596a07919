/** How much of one turn of the event loop may go into checking signatures on its thread, in milliseconds. */
const TURN_BUDGET_MS = 2

/**
 * Decides whether a signature is checked on the event loop's thread or in the thread pool. In the pool it takes twice
 * the CPU, with a quick key thrice, and the garbage collector has more to move; but here everybody else waits meanwhile.
 * So: here with a quick key, and here for a token that comes alone; in the pool for those that come in one go with it
 * or while others are there, as another core may be free for them; and in the pool, whatever the key, once this turn of
 * the event loop has given its share.
 */
export class SignatureScheduler {
  #spentMs = 0
  #elsewhere = 0
  #isTurnWatched = false
  /** Whether a check was made in the very same run of code, not with a quick key: the next one comes in one go with it. */
  #isBurst = false

  shouldRunInline(isQuick: boolean): boolean {
    if (this.#spentMs >= TURN_BUDGET_MS) return false
    return isQuick || (!this.#isBurst && this.#elsewhere === 0)
  }

  /** Notes what a check on this thread has cost. */
  recordInline(milliseconds: number, isQuick: boolean): void {
    this.#spentMs += milliseconds
    if (!isQuick) {
      this.#isBurst = true
      queueMicrotask(this.#endBurst)
    }
    // What is little may be counted to a later turn as well: to learn where a turn ends costs as much as half of it.
    if (this.#isTurnWatched || this.#spentMs < TURN_BUDGET_MS / 2) return
    this.#isTurnWatched = true
    setImmediate(this.#endTurn)
  }

  /** Notes that a check has gone into the thread pool. */
  dispatched(): void {
    this.#elsewhere += 1
  }

  /** Notes that one is back, however it ended. */
  completed(): void {
    this.#elsewhere -= 1
  }

  readonly #endBurst = (): void => {
    this.#isBurst = false
  }

  readonly #endTurn = (): void => {
    this.#isTurnWatched = false
    this.#spentMs = 0
  }
}
