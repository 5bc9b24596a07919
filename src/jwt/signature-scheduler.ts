import { explain } from '../model/detail/explain.js'
import { createCause, Refusal } from '../model/refusal/refusal.js'

/** Maximum time per turn of the event loop for verifying signatures on its thread, in milliseconds. */
const TURN_BUDGET_MS = 2

/**
 * Maximum CPU time of the signatures that wait for the thread pool, in verifications with a P-256 key, and maximum
 * length of their tokens together. Two cores verify that many in a fraction of a second.
 */
const MAX_QUEUE = { cost: 2000, characters: 2 * 1024 * 1024 } as const

/** Signature that waits for the thread pool. */
export interface QueuedSignature {
  /** CPU time of the verification, in verifications with a P-256 key. */
  readonly cost: number
  /** Length of the token. */
  readonly characters: number
}

/**
 * Decides whether a signature is verified on the event loop's thread or in the thread pool.
 *
 * The pool takes twice the CPU time, three times with a quick key, and allocates more. But a verification on the event
 * loop's thread delays all other requests. Therefore:
 *
 * - Signatures of quick keys, and of single tokens, are verified on the event loop's thread.
 * - Further signatures of a burst are verified in the pool, because another core may be idle.
 * - Once a turn of the event loop has spent its budget, every signature is verified in the pool.
 */
export class SignatureScheduler {
  #spentMs = 0
  #inPool = 0
  #queuedCost = 0
  #queuedCharacters = 0
  #isTurnEndScheduled = false
  /** Whether the current run of code has verified a signature with a slow key: a further one is part of a burst. */
  #isBurst = false

  shouldRunInline(isQuick: boolean): boolean {
    if (this.#spentMs >= TURN_BUDGET_MS) return false
    return isQuick || (!this.#isBurst && this.#inPool === 0)
  }

  /** Records the duration of a verification on this thread. */
  recordInline(milliseconds: number, isQuick: boolean): void {
    this.#spentMs += milliseconds
    if (!isQuick) {
      this.#isBurst = true
      queueMicrotask(this.#endBurst)
    }
    // Small amounts may be attributed to the next turn, because detecting the end of a turn costs half as much.
    if (this.#isTurnEndScheduled || this.#spentMs < TURN_BUDGET_MS / 2) return
    this.#isTurnEndScheduled = true
    setImmediate(this.#endTurn)
  }

  /**
   * Records that a verification starts in the thread pool, unless its queue is full. The pool processes verifications in
   * order: a longer queue would delay every new token and keep more tokens in memory.
   *
   * @returns refusal `issuer_overloaded` if the verification must not be started.
   */
  dispatch({ cost, characters }: QueuedSignature): Refusal | undefined {
    const isFull =
      this.#queuedCost + cost > MAX_QUEUE.cost || this.#queuedCharacters + characters > MAX_QUEUE.characters
    if (isFull && this.#inPool > 0) {
      return new Refusal('issuer_overloaded', {
        cause: createCause(`the queue of the thread pool is full: ${this.#inPool} signatures are in flight`),
        detail: explain('issuer_overloaded', 'signatures', { count: this.#inPool }),
      })
    }
    this.#inPool += 1
    this.#queuedCost += cost
    this.#queuedCharacters += characters
    return undefined
  }

  /** Records that a verification in the thread pool has ended, successfully or not. */
  recordCompleted({ cost, characters }: QueuedSignature): void {
    this.#inPool -= 1
    this.#queuedCost -= cost
    this.#queuedCharacters -= characters
  }

  readonly #endBurst = (): void => {
    this.#isBurst = false
  }

  readonly #endTurn = (): void => {
    this.#isTurnEndScheduled = false
    this.#spentMs = 0
  }
}
