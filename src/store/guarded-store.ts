import { within } from '../util/abort.js'
import { backoff } from '../util/backoff.js'
import { safeLine } from '../util/quote.js'
import { timers } from '../util/timers.js'
import type { SharedStore } from './contract.js'
import { afterResponseDeadline } from './response-deadline.js'

/** State of a shared store, as `health()` returns it. */
export interface StoreHealth {
  /** `ok`, or `degraded` while the store fails or is too slow. It is then not used, and every process calls the issuer itself. */
  readonly status: 'ok' | 'degraded'
  /** Why the store is not used; absent while it is. */
  readonly failure?: string
}

/** The result of an operation while the store is not used. */
export const UNAVAILABLE = Symbol('the store is not used')

/** Reports that the store is not used any more, or is used again. */
export type TellStoreChange = (change: 'failing' | 'recovered', detail: string) => void

/** Seconds for which the store is not used after a failure. */
const PAUSES = { first: 1, longest: 30 }

/** Maximum seconds for an operation for which no request waits. */
export const BACKGROUND_PATIENCE = 1

/** Milliseconds for which a trial value is stored. */
const TRIAL_MILLISECONDS = 1000

/**
 * Limits what a slow or failing store costs: one operation waits until the deadline, and afterwards none does. A trial in the
 * background, for which no caller waits, shows that the store can be used again.
 */
export class GuardedStore {
  readonly #store: SharedStore
  readonly #deadline: number
  readonly #trialKey: string
  #failure: string | undefined
  #failures = 0
  #nextTrial = 0
  #isTrying = false

  /**
   * @param deadline - maximum seconds for which an operation is waited for.
   * @param trialKey - key that a trial writes.
   */
  constructor(store: SharedStore, deadline: number, trialKey: string) {
    this.#store = store
    this.#deadline = deadline
    this.#trialKey = trialKey
  }

  health(): StoreHealth {
    return this.#failure === undefined ? { status: 'ok' } : { status: 'degraded', failure: this.#failure }
  }

  /**
   * Runs an operation. {@link UNAVAILABLE} if it fails, takes longer than the deadline, or is not run. Never rejects.
   *
   * @param patience - seconds that the operation may take if they are more than the deadline, because no request waits for it.
   */
  async run<T>(
    work: (store: SharedStore) => Promise<T>,
    tell: TellStoreChange,
    patience = 0,
  ): Promise<T | typeof UNAVAILABLE> {
    if (this.#failure !== undefined) {
      this.#tryAgain(tell)
      return UNAVAILABLE
    }
    try {
      return await this.#within(Math.max(this.#deadline, patience), work)
    } catch (error) {
      this.#fail(error, tell)
      return UNAVAILABLE
    }
  }

  #fail(error: unknown, tell: TellStoreChange): void {
    const isFirst = this.#failure === undefined
    this.#failure = error instanceof Error ? safeLine(error.message, 200) : 'unknown error'
    if (!isFirst) return
    this.#failures = 0
    this.#scheduleTrial()
    tell('failing', this.#failure)
  }

  #scheduleTrial(): void {
    this.#failures += 1
    this.#nextTrial = timers.elapsed() + backoff(this.#failures, PAUSES)
  }

  /** Starts a trial if one is due. It writes, because a store that can only be read is of no use. */
  #tryAgain(tell: TellStoreChange): void {
    if (this.#isTrying || timers.elapsed() < this.#nextTrial) return
    this.#isTrying = true
    void this.#within(this.#deadline, (store) => store.set(this.#trialKey, '', TRIAL_MILLISECONDS)).then(
      () => {
        this.#isTrying = false
        this.#failure = undefined
        tell('recovered', 'the store responds again')
      },
      (error: unknown) => {
        this.#isTrying = false
        this.#fail(error, tell)
        this.#scheduleTrial()
      },
    )
  }

  #within<T>(seconds: number, work: (store: SharedStore) => Promise<T>): Promise<T> {
    const late = (): Error => new Error(`no response within ${Math.round(seconds * 1000)} ms`)
    return within({ seconds, late, startTimer: afterResponseDeadline }, () => work(this.#store))
  }
}
