import type { Clock } from '../util/clock.js'
import { TokenSourceError } from './errors.js'

const FIRST_PAUSE = 1
const LONGEST_PAUSE = 60
/** However long an issuer asks to be left alone, it is asked again after this many seconds. */
const LONGEST_ASKED_PAUSE = 3600
const JITTER = 0.1

/**
 * How seldom tokens are renewed because an API refused one: not for 1 s after the last such renewal, doubling to 60 s
 * while it goes on. A minute without any makes it 1 s again.
 */
export class RenewalCooldown {
  readonly #clock: Clock
  #seconds = 0
  #until = Number.NEGATIVE_INFINITY

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get isOver(): boolean {
    return this.#clock.elapsed() >= this.#until
  }

  /** A token was obtained because another was refused. */
  start(): void {
    const now = this.#clock.elapsed()
    const wasQuiet = now >= this.#until + LONGEST_PAUSE
    this.#seconds = wasQuiet ? FIRST_PAUSE : Math.min(LONGEST_PAUSE, this.#seconds * 2)
    this.#until = now + this.#seconds
  }
}

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
  activeError(): TokenSourceError | undefined {
    // Whole milliseconds, upwards: whoever comes back then must not be too early.
    const left = Math.ceil((this.#until - this.#clock.elapsed()) * 1000) / 1000
    return this.#error === undefined || left <= 0 ? undefined : this.#error.withRetryAfter(left)
  }

  /** Starts a pause, or a longer one; `startedAt` is when the request that failed was begun. */
  recordFailure(error: TokenSourceError, startedAt: number): void {
    // Several that were under way together fail for the same reason: that is one failure.
    if (startedAt >= this.#until) this.#failures += 1
    const growing = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(this.#failures - 1, 30))
    const asked = Math.min(error.retryAfter ?? 0, LONGEST_ASKED_PAUSE)
    // Jittered downwards only, so that the documented longest pause is one.
    const pause = Math.max(asked, growing * (1 - Math.random() * JITTER))
    this.#until = Math.max(this.#until, this.#clock.elapsed() + pause)
    this.#error = error
  }

  /** Ends the pause, unless it began while the request, begun at `startedAt`, was under way: that one knew nothing of it. */
  recordSuccess(startedAt: number): void {
    if (startedAt < this.#until) return
    this.#failures = 0
    this.#until = Number.NEGATIVE_INFINITY
    this.#error = undefined
  }
}
