import type { Clock } from '../clock.js'
import { TokenSourceError } from './token-source-error.js'

const FIRST_PAUSE = 1
const LONGEST_PAUSE = 60
/** However long an issuer asks to be left alone, it is asked again after this many seconds. */
const LONGEST_ASKED_PAUSE = 3600
const JITTER = 0.1

/** The pause after a failure: 1 s doubling to 60 s, jittered, or as long as the issuer asks for. */
export class Backoff {
  readonly #clock: Clock
  #failures = 0
  #until = Number.NEGATIVE_INFINITY
  #error: TokenSourceError | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The error to give at once, while the issuer is left alone. */
  blocked(): TokenSourceError | undefined {
    // Whole milliseconds, upwards: whoever comes back then must not be too early.
    const left = Math.ceil((this.#until - this.#clock.elapsed()) * 1000) / 1000
    return this.#error === undefined || left <= 0 ? undefined : this.#error.withRetryAfter(left)
  }

  /** Starts a pause, or a longer one; `startedAt` is when the request that failed was begun. */
  failed(error: TokenSourceError, startedAt: number): void {
    // Several that were under way together fail for the same reason: that is one failure.
    if (startedAt >= this.#until) this.#failures += 1
    const growing = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(this.#failures - 1, 30))
    const asked = Math.min(error.retryAfter ?? 0, LONGEST_ASKED_PAUSE)
    // Jittered downwards only, so that the documented longest pause is one.
    const pause = Math.max(asked, growing * (1 - Math.random() * JITTER))
    this.#until = Math.max(this.#until, this.#clock.elapsed() + pause)
    this.#error = error
  }

  succeeded(): void {
    this.#failures = 0
    this.#until = Number.NEGATIVE_INFINITY
    this.#error = undefined
  }
}
