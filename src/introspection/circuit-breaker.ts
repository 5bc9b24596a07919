import type { Clock } from '../util/clock.js'
import { SharedFlight } from '../util/single-flight.js'
import { Refusal, type OrRefusal } from '../model/refusal.js'

/** Why the circuit is open. `issuer_overloaded`: the issuer answered 429, which our own callers may have caused. */
export type PauseReason = 'issuer_unavailable' | 'issuer_refused_us' | 'issuer_overloaded'

/** How a call ended, as far as it matters for the next one. */
export type CallOutcome =
  /** A response about the token, whatever it says. */
  | { readonly kind: 'answered' }
  /** No response, a 429 without `Retry-After`, or our credentials were refused: counts as a failure. */
  | { readonly kind: 'failed'; readonly reason: PauseReason }
  /** A 403, which may mean us or the token: says nothing about the next call. */
  | { readonly kind: 'declined' }
  /** The issuer asked for a pause with `Retry-After`: no call until then. */
  | { readonly kind: 'pause'; readonly seconds: number; readonly reason: PauseReason }

/**
 * A response that could not be read, or a 5xx. It may be about this one token, which an unauthenticated caller has
 * chosen: a filter in front of the issuer answers an odd token with a page of its own.
 */
export interface UnreadableOutcome {
  readonly kind: 'unreadable'
}

/** Introspects a token that the issuer cannot know. */
export type Probe = () => Promise<CallOutcome>

/** The result of a call. */
export interface CompletedCall<T> {
  readonly result: T
  /**
   * Resolves when the outcome is recorded: immediately, or when the probe has ended. `true` if the outcome says that the
   * issuer fails for every token, and no 429 has contributed.
   */
  readonly recorded: Promise<boolean>
}

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

/** What is recorded of a call after a probe: its own outcome only for the pause that the issuer asked for. */
function confirmedBy(probed: CallOutcome, outcome: CallOutcome | UnreadableOutcome): CallOutcome {
  const fails = probed.kind === 'failed' && probed.reason !== 'issuer_overloaded'
  return fails && outcome.kind === 'pause' ? outcome : probed
}

/**
 * Decides whether an issuer may be called now: not while too many calls are in flight, and not while the circuit is open
 * after several failures in a row, refused credentials or a `Retry-After`. After the pause a single call is let through;
 * all other callers get 503 until it has succeeded.
 *
 * An unauthenticated caller chooses the token, and a filter in front of the issuer may fail for that token only. So an
 * unreadable response counts only if a probe fails too, and the circuit opens only if a probe fails too, except after a 429.
 * One probe is in flight at a time, and serves every call that has ended meanwhile.
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
  /** Whether one of the failures in a row was a 429: what our own callers caused must not pass for an outage. */
  #isOverloaded = false
  readonly #probes = new SharedFlight<CallOutcome>()
  /** Whether somebody has heard that our credentials are refused, this time round. */
  #isRefusalTold = false
  /** Whether somebody has heard that the circuit opened, and not yet that it closed. */
  #isOpeningTold = false

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
    call: () => Promise<{ readonly result: T; readonly outcome: CallOutcome | UnreadableOutcome }>,
    probe: Probe,
  ): Promise<OrRefusal<CompletedCall<T>>> {
    const refusal = this.#refuseCall()
    if (refusal !== undefined) return refusal
    const isTrial = this.#pause !== undefined
    this.#isProbing ||= isTrial
    this.#inFlight += 1
    try {
      const { result, outcome } = await call()
      return { result, recorded: this.#conclude(outcome, isTrial, probe) }
    } catch (error) {
      this.#end(isTrial)
      throw error
    }
  }

  /** The call keeps its place until its outcome is recorded, so that the probe adds no call beyond `maxInFlight`. */
  async #conclude(
    outcome: CallOutcome | UnreadableOutcome,
    isTrial: boolean,
    probe: Probe,
  ): Promise<boolean> {
    try {
      if (outcome.kind !== 'unreadable' && !this.#wouldOpen(outcome, isTrial))
        return this.#record(outcome, isTrial)
      // While the circuit is open there is no call at all, and nothing that a probe could change.
      if (!isTrial && this.#pause !== undefined) return this.#pause.reason !== 'issuer_overloaded'
      return this.#record(confirmedBy(await this.#probes.share(probe), outcome), isTrial)
    } finally {
      this.#end(isTrial)
    }
  }

  /**
   * Whether this outcome would stop the calls for all tokens. It may be about this one token, so a probe decides. A 429 needs
   * none: another call would add to the load.
   */
  #wouldOpen(outcome: CallOutcome, isTrial: boolean): boolean {
    if (outcome.kind === 'answered' || outcome.kind === 'declined') return false
    if (outcome.reason === 'issuer_overloaded') return false
    if (isTrial || this.#pause !== undefined) return isTrial
    return outcome.kind === 'pause' || this.#failuresInRow + 1 >= this.#options.breakerAfter
  }

  #end(isTrial: boolean): void {
    this.#inFlight -= 1
    if (isTrial) this.#isProbing = false
  }

  #refuseCall(): Refusal | undefined {
    const pause = this.#pause
    if (pause !== undefined) {
      const left = pause.until - this.#clock.elapsed()
      if (left > 0 || this.#isProbing) {
        return new Refusal(pause.reason, {
          retryAfterSeconds: Math.max(0, left),
          cause: new Error(
            pause.reason === 'issuer_overloaded'
              ? 'circuit breaker open after a 429'
              : 'circuit breaker open after repeated failures',
          ),
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

  /** @returns whether the issuer fails, for a reason other than our own load */
  #record(outcome: CallOutcome, isTrial: boolean): boolean {
    this.#apply(outcome, isTrial)
    if (outcome.kind === 'answered' || outcome.kind === 'declined') return false
    return outcome.reason !== 'issuer_overloaded' && this.#pause?.reason !== 'issuer_overloaded'
  }

  #apply(outcome: CallOutcome, isTrial: boolean): void {
    switch (outcome.kind) {
      case 'answered':
        this.#declinedInRow = 0
        this.#recover(isTrial)
        return
      case 'failed':
        this.#recordFailure(outcome.reason, isTrial)
        return
      case 'declined':
        this.#declinedInRow += 1
        // Once may be an odd token that met a filter in between; several times in a row, it is us.
        if (this.#declinedInRow === this.#options.breakerAfter) this.#onChange('refused')
        if (isTrial) this.#recover(isTrial)
        return
      case 'pause':
        if (!isTrial && this.#pause !== undefined) return
        this.#open(outcome.reason, outcome.seconds)
    }
  }

  #recordFailure(reason: PauseReason, isTrial: boolean): void {
    this.#failuresInRow += 1
    this.#isOverloaded ||= reason === 'issuer_overloaded'
    // Responses to calls made before the pause must not prolong it.
    if (!isTrial && this.#pause !== undefined) return
    if (isTrial || this.#failuresInRow >= this.#options.breakerAfter) {
      this.#open(this.#isOverloaded && !isTrial ? 'issuer_overloaded' : reason, this.#options.breakerPause)
    } else if (reason === 'issuer_refused_us' && !this.#isRefusalTold) {
      this.#isRefusalTold = true
      this.#onChange('refused')
    }
  }

  #recover(isTrial: boolean): void {
    this.#failuresInRow = 0
    this.#isOverloaded = false
    this.#isRefusalTold = false
    // A late response from before the pause says little about the issuer as it is now.
    if (this.#pause === undefined || !isTrial) return
    this.#pause = undefined
    this.#isOpeningTold = false
    this.#onChange('recovered')
  }

  #open(reason: PauseReason, seconds: number): void {
    const isRefusal = reason === 'issuer_refused_us'
    const isNews = isRefusal ? !this.#isRefusalTold : !this.#isOpeningTold
    if (!isRefusal) this.#isOpeningTold = true
    this.#pause = { reason, until: this.#clock.elapsed() + Math.min(seconds, LONGEST_RETRY_AFTER) }
    // A trial that is refused is reported again: nothing but somebody who hears of it will fix this.
    this.#isRefusalTold = false
    if (isNews) this.#onChange(isRefusal ? 'refused' : 'opened')
  }
}
