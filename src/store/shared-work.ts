import { timers } from '../util/timers.js'
import { BACKGROUND_PATIENCE, UNAVAILABLE, type TellStoreChange } from './guarded-store.js'
import { LeaseWaits, MAX_FRUITLESS, WAIT_PAUSE } from './lease-waits.js'
import type { Found, Lease, SealedStore } from './sealed-store.js'
import { waitingTimes } from './waiting-times.js'

/** What a caller looks for, and how it uses what other processes have stored. */
export interface Lookup<T> {
  readonly name: readonly string[]
  /**
   * Converts what was found; `undefined` if the work must be done.
   *
   * @param sentElapsed - time of `elapsed` before the store was read.
   */
  readonly find: (found: Found | undefined, sentElapsed: number) => T | undefined
  /** Monotonic time, in seconds. */
  readonly elapsed: () => number
  /**
   * Seconds for which no caller waits for the result, because an earlier one is in use.
   *
   * @defaultValue 0
   */
  readonly spare?: number
  /** Whether the work would be done now. If not, there is no result that waiting could bring. */
  readonly mayWork: () => boolean
  /** Reports a change of the store. */
  readonly tell: TellStoreChange
  /** Reports an entry that was skipped. */
  readonly skip: (detail: string) => void
}

/** A result, or else the work is up to the caller, with a lease if no other process does it. */
export interface Turn<T> {
  readonly result?: T
  readonly lease?: Lease
}

const FOREIGN_LEASE =
  'a lease in the store was deleted, because it was to last longer than any process sets one: it is of another program'
const FRUITLESS_WAITS = `waiting for other processes brought no result ${MAX_FRUITLESS} times in a row, so that this process does not wait for them for ${WAIT_PAUSE} s`

/** Work that one of several processes does while the others wait briefly for its result. */
export class SharedWork {
  readonly #store: SealedStore
  readonly #maxWait: number
  readonly #waits = new LeaseWaits()

  /** @param maxWait - maximum seconds for which a caller waits for another process. */
  constructor(store: SealedStore, maxWait: number) {
    this.#store = store
    this.#maxWait = maxWait
  }

  /** Finds the result of another process, waits for it, or takes the lease of the work. Rejects only if a function of `lookup` throws. */
  async findOrLease<T>(lookup: Lookup<T>): Promise<Turn<T>> {
    const { name, find, elapsed, tell, skip } = lookup
    const sent = elapsed()
    const spareUntil = timers.elapsed() + (lookup.spare ?? 0)
    const patience = (): number => Math.min(BACKGROUND_PATIENCE, spareUntil - timers.elapsed())
    const stored = await this.#store.read(name, tell, patience())
    if (stored === UNAVAILABLE) return {}
    const result = find(stored, sent)
    if (result !== undefined) return { result }
    const key = this.#store.keyOf(name)
    let hasWaited = false
    let waited = 0
    const end = (turn: Turn<T>): Turn<T> => {
      if (!hasWaited) return turn
      if (turn.result !== undefined) this.#waits.succeed(key)
      else if (this.#waits.fail(key, turn.lease !== undefined)) skip(FRUITLESS_WAITS)
      return turn
    }
    for (const pause of waitingTimes(this.#maxWait)) {
      if (!lookup.mayWork()) return {}
      const claimed = elapsed()
      const claim = await this.#store.claim(name, {
        milliseconds: Math.max(1, this.#maxWait * 1000),
        inspectsHolder: !hasWaited,
        // A caller that waits for another process may wait as long for the store as it waits between two attempts.
        patience: Math.max(patience(), waited),
        tell,
      })
      if (claim === UNAVAILABLE) return {}
      if (claim.hasDeletedForeign) skip(FOREIGN_LEASE)
      const late = find(claim.found, claimed)
      if (late !== undefined) {
        void claim.lease?.release()
        return end({ result: late })
      }
      if (claim.lease !== undefined) return end({ lease: claim.lease })
      if (!hasWaited && !this.#waits.mayWait(key)) return {}
      hasWaited = true
      waited = pause
      await new Promise<void>((resolve) => {
        timers.after(pause, resolve)
      })
    }
    return end({})
  }
}
