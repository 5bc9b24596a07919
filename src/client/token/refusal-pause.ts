import { backoff } from '../../util/backoff.js'
import type { Clock } from '../../util/clock.js'

const PAUSE = { first: 1, longest: 60 }

/**
 * Limits renewals caused by refused tokens, so that an API that refuses valid tokens does not overload the issuer. After such
 * a renewal there is no other for 1 s. The interval doubles to 60 s while the fresh tokens are refused as well.
 *
 * A response other than 401 to the fresh token resets the interval to 1 s. If the same token is also refused during the
 * interval, one replica of the API may be faulty. Then only responses other than 401 for 1 s reset it.
 */
export class RefusalPause {
  readonly #clock: Clock
  #renewals = 0
  #startedAt = Number.NEGATIVE_INFINITY
  #until = Number.NEGATIVE_INFINITY
  /** Whether the API refused the fresh token during the pause. */
  #isContested = false
  /** Since when the API has accepted the fresh token without refusing it. */
  #acceptedSince: number | undefined
  #isAccepted = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get isActive(): boolean {
    return this.#clock.elapsed() < this.#until
  }

  /** Seconds since the last renewal that a refusal caused. */
  get elapsed(): number {
    return this.#clock.elapsed() - this.#startedAt
  }

  /** Records that a token was renewed because an API refused it. */
  start(): void {
    const now = this.#clock.elapsed()
    const isQuiet = now >= this.#until + PAUSE.longest
    this.#renewals = isQuiet || this.#isAccepted ? 1 : this.#renewals + 1
    this.#startedAt = now
    this.#until = now + backoff(this.#renewals, PAUSE)
    this.#isContested = false
    this.#acceptedSince = undefined
    this.#isAccepted = false
  }

  /** Records that an API accepted the current token. */
  recordAccepted(): void {
    const now = this.#clock.elapsed()
    this.#acceptedSince ??= now
    if (this.#isContested && now < this.#acceptedSince + PAUSE.first) return
    this.#isContested = false
    this.#isAccepted = true
    this.#until = Math.min(this.#until, this.#startedAt + PAUSE.first)
  }

  /** Records that an API refused the current token. */
  recordRefused(): void {
    this.#acceptedSince = undefined
    if (!this.isActive) return
    this.#isContested = true
    this.#isAccepted = false
    this.#until = this.#startedAt + backoff(this.#renewals, PAUSE)
  }

  /** Ends the pause and the doubling. */
  reset(): void {
    this.#until = Number.NEGATIVE_INFINITY
    this.#isContested = false
    this.#isAccepted = true
  }
}
