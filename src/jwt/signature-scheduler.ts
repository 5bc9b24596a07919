import { Refusal } from '../model/refusal.js'

/** How much of one turn of the event loop may go into checking signatures on its thread, in milliseconds. */
const TURN_BUDGET_MS = 2

/**
 * Maximum CPU time of the signatures that wait for the thread pool, in verifications with a P-256 key, and how many
 * characters their tokens may have. Measured on 2026-11-30: two cores verify 2000 of them in 0.3 s, under full load.
 */
const LARGEST_QUEUE = { cost: 2000, characters: 2 * 1024 * 1024 } as const

/** A signature that waits for the thread pool. */
export interface QueuedSignature {
  /** CPU time of the verification, in verifications with a P-256 key. */
  readonly cost: number
  /** Length of the token. */
  readonly characters: number
}

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
  #queuedCost = 0
  #queuedCharacters = 0
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

  /**
   * Notes that a check goes into the thread pool, unless too many wait there already. The pool processes them in order,
   * so that a longer queue would only make every new token wait longer, and keep more tokens in memory.
   *
   * @returns refusal `issuer_overloaded` if the check must not be started.
   */
  dispatch({ cost, characters }: QueuedSignature): Refusal | undefined {
    const isFull =
      this.#queuedCost + cost > LARGEST_QUEUE.cost ||
      this.#queuedCharacters + characters > LARGEST_QUEUE.characters
    if (isFull && this.#elsewhere > 0) {
      return new Refusal('issuer_overloaded', {
        cause: new Error(`${this.#elsewhere} signatures wait for the thread pool`),
      })
    }
    this.#elsewhere += 1
    this.#queuedCost += cost
    this.#queuedCharacters += characters
    return undefined
  }

  /** Notes that one is back, however it ended. */
  completed({ cost, characters }: QueuedSignature): void {
    this.#elsewhere -= 1
    this.#queuedCost -= cost
    this.#queuedCharacters -= characters
  }

  readonly #endBurst = (): void => {
    this.#isBurst = false
  }

  readonly #endTurn = (): void => {
    this.#isTurnWatched = false
    this.#spentMs = 0
  }
}
