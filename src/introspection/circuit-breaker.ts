import type { Clock } from '../util/clock.js'
import { Refusal, type OrRefusal } from '../model/refusal.js'

/** Why an issuer is left alone for a while. */
export type PauseReason = 'issuer_unavailable' | 'issuer_refused_us'

/** How a question ended, as far as it matters for the next one. */
export type CallOutcome =
  /** The issuer answered, whatever about. */
  | { readonly kind: 'answered' }
  /** It did not, or not readably, or will have none of us: counts towards the breaker. */
  | { readonly kind: 'failed'; readonly reason: PauseReason }
  /** It will not answer this one, and may mean us or the question: says nothing about the next. */
  | { readonly kind: 'declined' }
  /** It asked to be left alone: everyone waits. */
  | { readonly kind: 'pause'; readonly seconds: number }

/** The numbers of {@link CircuitBreaker}. */
export interface CircuitBreakerSettings {
  /** Questions under way at the same time. */
  readonly maxInFlight: number
  /** Failures in a row that open the breaker. */
  readonly breakerAfter: number
  /** Seconds that an open breaker waits before it lets one question probe. */
  readonly breakerPause: number
}

/** A change that someone should hear of. */
export type CircuitChange = 'opened' | 'refused' | 'recovered'

/** The most seconds that an issuer can ask for. */
export const LONGEST_RETRY_AFTER = 120

/**
 * Whether an issuer may be asked now: not while too many questions are under way, not while it asked for a
 * pause, refuses our credentials or has failed several times in a row. After a pause a single question
 * probes; everyone else is told to come back until it has succeeded.
 */
export class CircuitBreaker {
  readonly #options: CircuitBreakerSettings
  readonly #clock: Clock
  readonly #onChange: (change: CircuitChange) => void
  #inFlight = 0
  #failuresInRow = 0
  #declinedInRow = 0
  #pause: { readonly reason: PauseReason; readonly until: number } | undefined
  #isProbing = false
  /** Whether somebody has heard that our credentials are refused, this time round. */
  #isRefusalTold = false

  constructor(options: CircuitBreakerSettings, clock: Clock, onChange: (change: CircuitChange) => void) {
    this.#options = options
    this.#clock = clock
    this.#onChange = onChange
  }

  /** `open`: nobody asks. `half-open`: the pause is over, one question probes. */
  state(): 'closed' | 'open' | 'half-open' {
    if (this.#pause === undefined) return 'closed'
    return this.#clock.elapsed() < this.#pause.until ? 'open' : 'half-open'
  }

  /** Seconds until the issuer may be asked again; undefined if it may be asked now. */
  secondsToNextCall(): number | undefined {
    return this.#pause === undefined ? undefined : Math.max(0, this.#pause.until - this.#clock.elapsed())
  }

  /**
   * Runs a call if one is allowed. Refusal `issuer_overloaded`, or the reason why the circuit is open with the time of
   * the next attempt.
   */
  async run<T>(
    call: () => Promise<{ readonly result: T; readonly outcome: CallOutcome }>,
  ): Promise<OrRefusal<T>> {
    const refusal = this.#refuseCall()
    if (refusal !== undefined) return refusal
    const isProbe = this.#pause !== undefined
    this.#isProbing ||= isProbe
    this.#inFlight += 1
    try {
      const { result, outcome } = await call()
      this.#record(outcome, isProbe)
      return result
    } finally {
      this.#inFlight -= 1
      if (isProbe) this.#isProbing = false
    }
  }

  #refuseCall(): Refusal | undefined {
    const pause = this.#pause
    if (pause !== undefined) {
      const left = pause.until - this.#clock.elapsed()
      if (left > 0 || this.#isProbing) {
        return new Refusal(pause.reason, {
          retryAfterSeconds: Math.max(0, left),
          cause: new Error('circuit breaker open after repeated failures'),
        })
      }
    }
    if (this.#inFlight >= this.#options.maxInFlight) {
      return new Refusal('issuer_overloaded', {
        cause: new Error(`${this.#inFlight} calls to the issuer are in flight`),
      })
    }
    return undefined
  }

  #record(outcome: CallOutcome, isProbe: boolean): void {
    switch (outcome.kind) {
      case 'answered':
        this.#declinedInRow = 0
        this.#recover(isProbe)
        return
      case 'failed':
        this.#failuresInRow += 1
        // Answers to questions put before the pause must not prolong it.
        if (!isProbe && this.#pause !== undefined) return
        if (isProbe || this.#failuresInRow >= this.#options.breakerAfter) {
          this.#open(outcome.reason, this.#options.breakerPause)
        } else if (outcome.reason === 'issuer_refused_us' && !this.#isRefusalTold) {
          this.#isRefusalTold = true
          this.#onChange('refused')
        }
        return
      case 'declined':
        this.#declinedInRow += 1
        // Once is anyone's odd token that met a filter in between; again and again, it is us.
        if (this.#declinedInRow === this.#options.breakerAfter) this.#onChange('refused')
        if (isProbe) this.#recover(isProbe)
        return
      case 'pause':
        if (!isProbe && this.#pause !== undefined) return
        this.#open('issuer_unavailable', outcome.seconds)
    }
  }

  #recover(isProbe: boolean): void {
    this.#failuresInRow = 0
    this.#isRefusalTold = false
    // A late answer from before the pause says little about the issuer as it is now.
    if (this.#pause === undefined || !isProbe) return
    this.#pause = undefined
    this.#onChange('recovered')
  }

  #open(reason: PauseReason, seconds: number): void {
    const isNews = reason === 'issuer_refused_us' ? !this.#isRefusalTold : this.#pause?.reason !== reason
    this.#pause = { reason, until: this.#clock.elapsed() + Math.min(seconds, LONGEST_RETRY_AFTER) }
    // A probe that is refused is told again: nothing but somebody who hears of it will mend this.
    this.#isRefusalTold = false
    if (isNews) this.#onChange(reason === 'issuer_refused_us' ? 'refused' : 'opened')
  }
}
