import { waitFor } from '../../util/abort.js'
import type { Clock } from '../../util/clock.js'
import { SharedFlight } from '../../util/single-flight.js'
import { TokenSourceError } from '../errors.js'
import type { AttemptOutcome } from './attempt.js'
import type { Backoff } from './backoff.js'
import { readMoment, type HeldToken, type Moment } from './held-token.js'
import { RefusalPause } from './refusal-pause.js'
import { stateOf, type TokenState } from './token-state.js'

/** Settings of {@link CachedToken}. */
export interface CachedTokenSettings {
  readonly clock: Clock
  /** Whether a caller waits for a renewal that is due, instead of receiving the old token meanwhile. */
  readonly isRenewalBlocking: boolean
  /** Backoff shared by all requests to the same issuer. */
  readonly issuerBackoff: Backoff
}

/** Sends a token request. */
type Attempt = (isFreshRequired: boolean) => Promise<AttemptOutcome>

/** Minimum number of uses after which a token that was not refused at first counts as accepted by an API. */
const MIN_USES = 3

/**
 * The token of one audience and scope set: see {@link TokenState}. It is obtained on first use and renewed before it
 * expires. At most one request is in flight, and none during the backoff after a failure.
 */
export class CachedToken {
  readonly #settings: CachedTokenSettings
  readonly #attempt: Attempt
  /** Backoff after failures that do not affect other audience and scope sets. */
  readonly #setBackoff: Backoff
  readonly #refusalPause: RefusalPause

  readonly #flight = new SharedFlight<HeldToken>()
  /** Whether a caller waits for the request in flight since it started. */
  #isAwaited = false
  #held: HeldToken | undefined

  constructor(settings: CachedTokenSettings, setBackoff: Backoff, attempt: Attempt) {
    this.#settings = settings
    this.#attempt = attempt
    this.#setBackoff = setBackoff
    this.#refusalPause = new RefusalPause(settings.clock)
  }

  /** Whether a request is in flight. */
  get isBusy(): boolean {
    return this.#flight.inFlight !== undefined
  }

  /** The active backoff of this audience and scope set, if any. It must outlive an evicted cache entry. */
  get backoff(): Backoff | undefined {
    return this.#setBackoff.activeError() === undefined ? undefined : this.#setBackoff
  }

  /** Resolves when no request is in flight, whether it succeeded or failed. */
  async settled(): Promise<void> {
    await this.#flight.inFlight?.catch(() => undefined)
  }

  /** Returns the cached token if it is valid, otherwise waits for a new one. */
  async get(signal: AbortSignal | undefined): Promise<string> {
    signal?.throwIfAborted()
    const moment = readMoment(this.#settings.clock)
    const held = this.#usable(moment)
    const state = this.#stateAt(moment, held)
    if (held === undefined) return returned(await waitFor(this.#obtain(state), signal))
    if (state !== 'due' && state !== 'renewing') return returned(held)
    if (!this.#isWorthWaiting(held, moment, state)) {
      // The old token is returned meanwhile. If the renewal fails, the backoff delays the next one.
      this.#renew({ isAwaited: false }).catch(() => undefined)
      return returned(held)
    }
    const renewed = this.#renew({ isAwaited: true }).catch((error: unknown) => this.#fallback(error))
    return returned(await waitFor(renewed, signal))
  }

  /**
   * Returns another token after an API refused one: the token that is cached meanwhile, or a renewed one. Returns
   * `undefined` if no other token can be obtained, or during the pause after such a renewal.
   */
  async replaceRefused(refused: string, signal: AbortSignal | undefined): Promise<string | undefined> {
    signal?.throwIfAborted()
    const held = this.#usable(readMoment(this.#settings.clock))
    if (held !== undefined && held.token !== refused) return returned(held)
    if (held !== undefined && !this.#recordRefused(held)) return undefined
    // An aborted signal rejects. Any other failure leaves the caller with the response of the API.
    const renewed = await waitFor(
      this.#renew({ isAwaited: true }).catch(() => undefined),
      signal,
    )
    return renewed === undefined || renewed.token === refused ? undefined : returned(renewed)
  }

  /** Records whether an API accepted a token: whether the response was not a 401. */
  recordResponse(token: string, isAccepted: boolean): void {
    if (this.#held?.token !== token) return
    if (isAccepted) this.#refusalPause.recordAccepted()
    else this.#refusalPause.recordRefused()
  }

  /** Records that an API refused a token, so that the next caller obtains another one. */
  forget(token: string): void {
    const held = this.#held
    if (held?.token !== token) return
    // Other HTTP clients do not report success. A token that was used for a while without being forgotten was accepted.
    const { isActive, elapsed } = this.#refusalPause
    if (!isActive && held.timesReturned >= MIN_USES && elapsed >= 2) this.#refusalPause.recordAccepted()
    this.#recordRefused(held)
    held.isRefused = true
  }

  #usable(moment: Moment): HeldToken | undefined {
    return this.#held?.isUsable(moment) === true ? this.#held : undefined
  }

  #stateAt(moment: Moment, held: HeldToken | undefined): TokenState {
    return stateOf({
      isUsable: held !== undefined,
      isDue: held?.isDue(moment) === true,
      isRefused: held?.isRefused === true,
      isInFlight: this.isBusy,
      isBackingOff: this.#activeError() !== undefined,
      isRefusalPaused: this.#refusalPause.isActive,
    })
  }

  /** Whether the caller waits for a renewal although the cached token has not expired. */
  #isWorthWaiting(held: HeldToken, moment: Moment, state: TokenState): boolean {
    if (held.isRefused) return true
    if (!held.isDue(moment)) return false
    if (this.#settings.isRenewalBlocking) return true
    return held.isShort(moment) && (state === 'due' || this.#isAwaited)
  }

  #activeError(): TokenSourceError | undefined {
    return this.#settings.issuerBackoff.activeError() ?? this.#setBackoff.activeError()
  }

  /** Returns whether a renewal may replace the refused token. */
  #recordRefused(held: HeldToken): boolean {
    this.#refusalPause.recordRefused()
    if (this.isBusy) return true
    if (this.#refusalPause.isActive) return false
    held.isRefused = true
    return true
  }

  /** Obtains a token for a caller that has none. */
  async #obtain(state: TokenState): Promise<HeldToken> {
    const isJoined = state === 'renewing' && !this.#isAwaited
    try {
      return await this.#renew({ isAwaited: true })
    } catch (error) {
      // The request was started in the background, perhaps long before this caller came. Without a response in time, it says nothing
      // about the issuer now, so the caller gets an attempt with a deadline of its own.
      if (!isJoined || hasResponse(error)) throw error
      this.#isAwaited = true
      return this.#flight.share(() => this.#request())
    }
  }

  /** Joins the request in flight or starts one, unless a backoff is active. */
  #renew({ isAwaited }: { readonly isAwaited: boolean }): Promise<HeldToken> {
    const { inFlight } = this.#flight
    if (inFlight !== undefined) return inFlight
    const activeError = this.#activeError()
    if (activeError !== undefined) return Promise.reject(activeError)
    this.#isAwaited = isAwaited
    return this.#flight.share(() => this.#request())
  }

  async #request(): Promise<HeldToken> {
    const { clock, issuerBackoff } = this.#settings
    const old = this.#held
    const isRefused = old?.isRefused === true
    const startedAt = clock.elapsed()
    const outcome = await this.#attempt(isRefused)
    if ('error' in outcome) throw this.#recordFailure(outcome, startedAt)
    const { held } = outcome
    issuerBackoff.recordSuccess(startedAt)
    this.#setBackoff.recordSuccess(startedAt)
    if (isRefused) this.#refusalPause.start()
    // The issuer may return the token again that an API refused meanwhile.
    held.isRefused = old?.isRefused === true && held.token === old.token
    this.#held = held
    return held
  }

  #recordFailure(
    { error, isBackoffNeeded }: Extract<AttemptOutcome, { readonly error: unknown }>,
    startedAt: number,
  ): unknown {
    if (!(error instanceof TokenSourceError) || error.reason === 'source_closed') return error
    if (!isBackoffNeeded) return error
    const backoff = error.reason === 'request_refused' ? this.#setBackoff : this.#settings.issuerBackoff
    backoff.recordFailure(error, startedAt)
    return backoff.activeError() ?? error
  }

  /** The cached token if a renewal failed that a caller waited for, otherwise the error. */
  #fallback(error: unknown): HeldToken {
    const held = this.#usable(readMoment(this.#settings.clock))
    if (held === undefined || isClosed(error)) throw error
    return held
  }
}

function returned(held: HeldToken): string {
  held.timesReturned += 1
  return held.token
}

/** Whether a failure is a response of the issuer. A failure without a backoff came too late to be one. */
function hasResponse(error: unknown): boolean {
  if (!(error instanceof TokenSourceError) || error.reason === 'source_closed') return true
  if (error.status !== undefined) return true
  return error.reason !== 'issuer_unavailable' && error.retryAfter !== undefined
}

function isClosed(error: unknown): boolean {
  return error instanceof TokenSourceError && error.reason === 'source_closed'
}
