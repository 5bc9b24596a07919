import type { Clock } from '../util/clock.js'
import { SharedFlight } from '../util/single-flight.js'
import { explain } from '../model/detail/explain.js'
import { createCause, Refusal, type OrRefusal } from '../model/refusal/refusal.js'
import { tooManyCalls, type CallLimits } from './call-limits.js'
import { phrase } from '../util/quote.js'

/** Why the circuit is open. `issuer_overloaded`: the issuer responded 429, which our own load may have caused. */
export type OpenReason = 'issuer_unavailable' | 'issuer_refused_us' | 'issuer_overloaded'

/** The outcome of a call, as far as it matters for the next one. */
export type CallOutcome =
  /** A response about the token, active or inactive. */
  | { readonly kind: 'completed' }
  /** No response, a 429 without `Retry-After`, or rejected credentials: counts as a failure. */
  | { readonly kind: 'failed'; readonly reason: OpenReason }
  /** A 403, which may concern our credentials or the token, and says nothing about the next call. */
  | { readonly kind: 'declined' }
  /** A response with `Retry-After`: no call until then. */
  | { readonly kind: 'retry-after'; readonly seconds: number; readonly reason: OpenReason }

/**
 * A response that could not be read, or a 5xx. It may concern this token only, which an unauthenticated caller has
 * chosen: a filter in front of the issuer may respond to an unusual token with an HTML page.
 */
export interface UnreadableOutcome {
  readonly kind: 'unreadable'
}

/**
 * The outcome of a probe. `outdated`: it failed, but the issuer has responded to another call since the probe began. Such a
 * failure says nothing about the current state of the issuer.
 */
export type ProbeOutcome = CallOutcome | { readonly kind: 'outdated' }

/** Introspects a random token, which the issuer cannot know. */
export type Probe = () => Promise<ProbeOutcome>

/** A call with its result. */
export interface CompletedCall<T> {
  readonly result: T
  /**
   * Resolves when the outcome is recorded: immediately, or when the probe has ended. `true` if the issuer fails for every
   * token and no 429 has contributed. `false` without a record if too many calls wait for the probe.
   */
  readonly recorded: Promise<boolean>
}

/** Settings of {@link CircuitBreaker}. */
export interface CircuitBreakerSettings {
  /** Number of consecutive failures that open the circuit. */
  readonly breakerAfter: number
  /** Seconds for which the circuit stays open before a single trial call. */
  readonly breakerPause: number
}

/** A change that is reported as an issuer event. */
export type CircuitChange = 'opened' | 'refused' | 'recovered'

/** Upper limit of the issuer's `Retry-After`, in seconds. */
export const MAX_RETRY_AFTER = 120

/** The outcome to record after a probe: that of the probe, except that a `Retry-After` of the call is kept. */
function outcomeAfterProbe(probed: CallOutcome, outcome: CallOutcome | UnreadableOutcome): CallOutcome {
  const fails = probed.kind === 'failed' && probed.reason !== 'issuer_overloaded'
  return fails && outcome.kind === 'retry-after' ? outcome : probed
}

/**
 * Limits the calls to an issuer. Refuses a call while too many are in flight, and while the circuit is open after several
 * consecutive failures, rejected credentials or a `Retry-After`. When that time is over, a single trial call is made. All
 * other requests get 503 until it has succeeded.
 *
 * An unauthenticated caller chooses the token, and a filter in front of the issuer may fail for that token only. Therefore
 * an unreadable response counts only if a probe fails too. The circuit opens only if a probe fails too, except after a 429.
 * One probe is in flight at a time, and every call that ends during it shares its outcome. A call that waits for the probe
 * is no longer in flight, so a slow probe refuses no other calls.
 */
export class CircuitBreaker {
  readonly #options: CircuitBreakerSettings
  readonly #clock: Clock
  readonly #onChange: (change: CircuitChange) => void
  readonly #lastFailure: () => string
  readonly #limits: CallLimits
  #consecutiveFailures = 0
  #consecutiveDeclined = 0
  #opened: { readonly reason: OpenReason; readonly until: number } | undefined
  #isTrialInFlight = false
  /** Whether one of the consecutive failures was a 429, which our own load may have caused and is not an outage. */
  #isOverloaded = false
  readonly #probes = new SharedFlight<ProbeOutcome>()
  /** Whether the current rejection of our credentials was reported. */
  #isRejectionReported = false
  /** Whether the current open circuit was reported. */
  #isOpeningReported = false

  /** @param lastFailure - returns why the last call failed, for the `detail` of refusals. */
  constructor(
    options: CircuitBreakerSettings,
    clock: Clock,
    onChange: (change: CircuitChange) => void,
    lastFailure: () => string,
    limits: CallLimits,
  ) {
    this.#limits = limits
    this.#options = options
    this.#clock = clock
    this.#onChange = onChange
    this.#lastFailure = lastFailure
  }

  /** Returns the state. `open`: no calls. `half-open`: a single trial call is allowed. */
  state(): 'closed' | 'open' | 'half-open' {
    if (this.#opened === undefined) return 'closed'
    return this.#clock.elapsed() < this.#opened.until ? 'open' : 'half-open'
  }

  /** Returns the seconds until the next trial call; `undefined` if the circuit is closed. */
  secondsToNextCall(): number | undefined {
    return this.#opened === undefined ? undefined : Math.max(0, this.#opened.until - this.#clock.elapsed())
  }

  /**
   * Makes a call if one is allowed. Refusal `issuer_overloaded`, or the reason why the circuit is open, with the time until
   * the next trial call.
   */
  async run<T>(
    call: () => Promise<{ readonly result: T; readonly outcome: CallOutcome | UnreadableOutcome }>,
    probe: Probe,
  ): Promise<OrRefusal<CompletedCall<T>>> {
    const refusal = this.#refuseCall()
    if (refusal !== undefined) return refusal
    const isTrial = this.#opened !== undefined
    this.#isTrialInFlight ||= isTrial
    this.#limits.inFlight.take()
    try {
      const { result, outcome } = await call()
      return { result, recorded: this.#conclude(outcome, isTrial, probe) }
    } catch (error) {
      this.#limits.inFlight.release()
      this.#endTrial(isTrial)
      throw error
    }
  }

  /** Records an outcome. The call is no longer in flight, and a probe that it starts takes its place. */
  async #conclude(
    outcome: CallOutcome | UnreadableOutcome,
    isTrial: boolean,
    probe: Probe,
  ): Promise<boolean> {
    this.#limits.inFlight.release()
    try {
      if (outcome.kind !== 'unreadable' && !this.#wouldOpen(outcome, isTrial))
        return this.#record(outcome, isTrial)
      // While the circuit is open, calls are refused anyway, so a probe would change nothing.
      if (!isTrial && this.#opened !== undefined) return this.#opened.reason !== 'issuer_overloaded'
      if (!isTrial && !this.#limits.probing.hasRoom()) return false
      const probed = await this.#waitForProbe(probe)
      return probed.kind !== 'outdated' && this.#record(outcomeAfterProbe(probed, outcome), isTrial)
    } finally {
      this.#endTrial(isTrial)
    }
  }

  /** Joins the probe in flight, or starts one. */
  async #waitForProbe(probe: Probe): Promise<ProbeOutcome> {
    const { probing, inFlight } = this.#limits
    probing.take()
    try {
      return await this.#probes.share(async () => {
        inFlight.take()
        try {
          return await probe()
        } finally {
          inFlight.release()
        }
      })
    } finally {
      probing.release()
    }
  }

  /**
   * Whether this outcome would open the circuit for all tokens. The outcome may concern this token only, so a probe decides.
   * A 429 is not probed, because another call would add to the load.
   */
  #wouldOpen(outcome: CallOutcome, isTrial: boolean): boolean {
    if (outcome.kind === 'completed' || outcome.kind === 'declined') return false
    if (outcome.reason === 'issuer_overloaded') return false
    if (isTrial || this.#opened !== undefined) return isTrial
    return outcome.kind === 'retry-after' || this.#consecutiveFailures + 1 >= this.#options.breakerAfter
  }

  #endTrial(isTrial: boolean): void {
    if (isTrial) this.#isTrialInFlight = false
  }

  #refuseCall(): Refusal | undefined {
    const opened = this.#opened
    if (opened !== undefined) {
      const left = opened.until - this.#clock.elapsed()
      if (left > 0 || this.#isTrialInFlight) {
        const next = Math.max(0, left)
        return new Refusal(opened.reason, {
          retryAfterSeconds: next,
          cause: createCause(
            opened.reason === 'issuer_overloaded'
              ? 'circuit breaker open after a 429'
              : 'circuit breaker open after repeated failures',
          ),
          detail:
            opened.reason === 'issuer_overloaded'
              ? explain(opened.reason, 'open', { next })
              : explain(opened.reason, 'open', { next, failure: phrase(this.#lastFailure()) }),
        })
      }
    }
    return this.#limits.inFlight.hasRoom() ? undefined : tooManyCalls(this.#limits.inFlight)
  }

  /** Records an outcome. Returns whether the issuer fails for a reason other than our own load. */
  #record(outcome: CallOutcome, isTrial: boolean): boolean {
    this.#apply(outcome, isTrial)
    if (outcome.kind === 'completed' || outcome.kind === 'declined') return false
    return outcome.reason !== 'issuer_overloaded' && this.#opened?.reason !== 'issuer_overloaded'
  }

  #apply(outcome: CallOutcome, isTrial: boolean): void {
    switch (outcome.kind) {
      case 'completed':
        this.#consecutiveDeclined = 0
        this.#recover(isTrial)
        return
      case 'failed':
        this.#recordFailure(outcome.reason, isTrial)
        return
      case 'declined':
        this.#consecutiveDeclined += 1
        // One 403 may be caused by a filter and an unusual token. Several consecutive ones concern our credentials.
        if (this.#consecutiveDeclined === this.#options.breakerAfter) this.#onChange('refused')
        if (isTrial) this.#recover(isTrial)
        return
      case 'retry-after':
        if (!isTrial && this.#opened !== undefined) return
        this.#open(outcome.reason, outcome.seconds)
    }
  }

  #recordFailure(reason: OpenReason, isTrial: boolean): void {
    this.#consecutiveFailures += 1
    this.#isOverloaded ||= reason === 'issuer_overloaded'
    // Responses to calls made before the circuit opened must not keep it open longer.
    if (!isTrial && this.#opened !== undefined) return
    if (isTrial || this.#consecutiveFailures >= this.#options.breakerAfter) {
      this.#open(this.#isOverloaded && !isTrial ? 'issuer_overloaded' : reason, this.#options.breakerPause)
    } else if (reason === 'issuer_refused_us' && !this.#isRejectionReported) {
      this.#isRejectionReported = true
      this.#onChange('refused')
    }
  }

  #recover(isTrial: boolean): void {
    this.#consecutiveFailures = 0
    this.#isOverloaded = false
    this.#isRejectionReported = false
    // A response to a call made before the circuit opened says little about the current state of the issuer.
    if (this.#opened === undefined || !isTrial) return
    this.#opened = undefined
    this.#isOpeningReported = false
    this.#onChange('recovered')
  }

  #open(reason: OpenReason, seconds: number): void {
    const isRejection = reason === 'issuer_refused_us'
    const shouldReport = isRejection ? !this.#isRejectionReported : !this.#isOpeningReported
    if (isRejection) this.#isRejectionReported = true
    else this.#isOpeningReported = true
    this.#opened = { reason, until: this.#clock.elapsed() + Math.min(seconds, MAX_RETRY_AFTER) }
    if (shouldReport) this.#onChange(isRejection ? 'refused' : 'opened')
  }
}
