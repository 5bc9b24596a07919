import { backoff, backoffWithJitter } from '../util/backoff.js'
import type { Clock } from '../util/clock.js'
import { TokenSourceError } from './errors.js'

const PAUSE = { first: 1, longest: 60 }
/** Maximum number of seconds for which a `Retry-After` is obeyed. */
const LONGEST_RETRY_AFTER = 3600

/**
 * Limits renewals caused by a refused token: at most one per 1 s, doubling to 60 s while they continue. After 60
 * s without one, the interval is 1 s again.
 */
export class RenewalCooldown {
  readonly #clock: Clock
  #renewals = 0
  #until = Number.NEGATIVE_INFINITY

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get isOver(): boolean {
    return this.#clock.elapsed() >= this.#until
  }

  /** Records that a token was renewed because an API refused it. */
  start(): void {
    const now = this.#clock.elapsed()
    const wasQuiet = now >= this.#until + PAUSE.longest
    this.#renewals = wasQuiet ? 1 : this.#renewals + 1
    this.#until = now + backoff(this.#renewals, PAUSE)
  }
}

/** Backoff after failed requests: 1 s doubling to 60 s with jitter, or the issuer's `Retry-After`. */
export class Backoff {
  readonly #clock: Clock
  #failures = 0
  #until = Number.NEGATIVE_INFINITY
  #error: TokenSourceError | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The error of the last failure with the remaining seconds, or `undefined` if no backoff is active. */
  activeError(): TokenSourceError | undefined {
    // Rounded up to milliseconds, so that a caller that waits exactly this long is not too early.
    const left = Math.ceil((this.#until - this.#clock.elapsed()) * 1000) / 1000
    return this.#error === undefined || left <= 0 ? undefined : this.#error.withRetryAfter(left)
  }

  /** Starts or extends the backoff. `startedAt` is the start of the failed request. */
  recordFailure(error: TokenSourceError, startedAt: number): void {
    // Requests that were in flight together fail for the same reason and count as one failure.
    if (startedAt >= this.#until) this.#failures += 1
    const { retryAfter } = error
    const pause = backoffWithJitter(this.#failures, {
      ...PAUSE,
      retryAfter,
      longestRetryAfter: LONGEST_RETRY_AFTER,
    })
    this.#until = Math.max(this.#until, this.#clock.elapsed() + pause)
    this.#error = error
  }

  /**
   * Ends the backoff, unless it started after the successful request, which then proves nothing about the
   * failure.
   */
  recordSuccess(startedAt: number): void {
    if (startedAt < this.#until) return
    this.#failures = 0
    this.#until = Number.NEGATIVE_INFINITY
    this.#error = undefined
  }
}
