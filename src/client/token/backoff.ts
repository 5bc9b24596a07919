import { backoffWithJitter } from '../../util/backoff.js'
import type { Clock } from '../../util/clock.js'
import type { TokenSourceError } from '../errors.js'

const PAUSE = { first: 1, longest: 60 }
/** Maximum number of seconds for which a `Retry-After` is obeyed, before jitter. */
const LONGEST_RETRY_AFTER = 3600

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
    this.#until = Math.max(this.#until, this.#clock.elapsed() + this.#pauseAfter(error, startedAt))
    this.#error = error
  }

  /**
   * Ends the backoff, unless it started after the successful request, which then proves nothing about the
   * failure.
   */
  recordSuccess(startedAt: number): void {
    if (startedAt >= this.#until) this.reset()
  }

  /** Ends the backoff and the doubling. */
  reset(): void {
    this.#failures = 0
    this.#until = Number.NEGATIVE_INFINITY
    this.#error = undefined
  }

  #pauseAfter({ retryAfter }: TokenSourceError, startedAt: number): number {
    if (retryAfter !== undefined && retryAfter > 0) {
      // Jitter of the same size and no doubling, so that a fleet with the same `Retry-After` does not return in step.
      return Math.min(retryAfter, LONGEST_RETRY_AFTER) * (1 + Math.random())
    }
    // Requests that were in flight together fail for the same reason and count as one failure.
    if (startedAt >= this.#until) this.#failures += 1
    return backoffWithJitter(this.#failures, { ...PAUSE, retryAfter: undefined, longestRetryAfter: 0 })
  }
}

/** Backoff that all audience and scope sets of an issuer share. */
export class IssuerBackoff extends Backoff {
  /** The set that failed last with a response that may concern only that set. */
  #suspect: Backoff | undefined

  /**
   * Records a response that may concern only one set, or all of them, such as a 401 or an HTML page. It counts for all sets once
   * a second set fails, without a success since.
   */
  recordSuspectFailure(error: TokenSourceError, startedAt: number, set: Backoff): void {
    if (this.#suspect !== undefined && this.#suspect !== set) this.recordFailure(error, startedAt)
    this.#suspect = set
  }

  override recordSuccess(startedAt: number): void {
    this.#suspect = undefined
    super.recordSuccess(startedAt)
  }

  override reset(): void {
    this.#suspect = undefined
    super.reset()
  }
}

/** Starts the backoff of all sets after a failure of the issuer, or that of one set after a refusal. */
export function startBackoff(
  { issuer, set }: { readonly issuer: IssuerBackoff; readonly set: Backoff },
  error: TokenSourceError,
  startedAt: number,
): void {
  if (error.reason === 'issuer_unavailable' || error.reason === 'credentials_unavailable') {
    issuer.recordFailure(error, startedAt)
    return
  }
  if (error.reason !== 'request_refused') issuer.recordSuspectFailure(error, startedAt, set)
  set.recordFailure(error, startedAt)
}
