import { SharedFlight } from '../../util/single-flight.js'
import { TokenSourceError } from '../errors.js'
import type { AttemptOutcome } from './attempt.js'
import type { TokenHealth } from '../health.js'
import { startBackoff } from './backoff.js'
import { readMoment, type HeldToken, type Moment } from './held-token.js'
import { ANY_API, type RequestLimits } from './refusal-pauses.js'
import { triggerOf, type StartedRequest } from './token-report.js'
import type { CachedTokenSettings, TokenSet } from './token-set.js'
import { stateOf, type TokenState } from './token-state.js'
import { hasResponse, isClosed, wait } from './waiting.js'

/**
 * The token of one audience and scope set: see {@link TokenState}. It is obtained on first use and renewed before it
 * expires. At most one request is in flight, and none during the backoff after a failure.
 */
export class CachedToken {
  readonly #settings: CachedTokenSettings
  readonly #set: TokenSet

  readonly #flight = new SharedFlight<HeldToken>()
  readonly #refreshing = new SharedFlight<HeldToken>()
  /** Whether a caller waits for the request in flight since it started. */
  #isAwaited = false
  #held: HeldToken | undefined
  /** Smallest age in seconds from which an API refuses a token, as far as it is known. */
  #ageLimit = Number.POSITIVE_INFINITY

  constructor(settings: CachedTokenSettings, set: TokenSet) {
    this.#settings = settings
    this.#set = set
  }

  /** Whether a request is in flight. */
  get isBusy(): boolean {
    return this.#flight.inFlight !== undefined
  }

  /** The limits of this audience and scope set, if they apply to the next request. They must outlive an evicted cache entry. */
  get limits(): RequestLimits | undefined {
    const { backoff, refusals } = this.#set
    const isActive = backoff.activeError() !== undefined || refusals.areRemembered
    return isActive ? { backoff, refusals } : undefined
  }

  /** The cached token, if it is usable. */
  get held(): HeldToken | undefined {
    return this.#usable(readMoment(this.#settings.clock))
  }

  /** The health of the token. */
  get health(): TokenHealth & { readonly isUsable: boolean } {
    const moment = readMoment(this.#settings.clock)
    const held = this.#usable(moment)
    const state = this.#stateAt(moment, held)
    return { ...this.#set.report.health, state, ...held?.timesAt(moment), isUsable: held !== undefined }
  }

  /** Reports that a usable token is removed from the cache. */
  reportEviction(): void {
    const { held } = this
    if (held !== undefined) this.#set.report.evicted(held)
  }

  /** Resolves when no request is in flight, whether it succeeded or failed. */
  async settled(): Promise<void> {
    await this.#flight.inFlight?.catch(() => undefined)
  }

  /** Returns the cached token if it is valid, otherwise waits for a new one. `api` is what the token is for, if it is known. */
  async get(signal?: AbortSignal, api?: string): Promise<HeldToken> {
    signal?.throwIfAborted()
    const moment = readMoment(this.#settings.clock)
    const held = this.#usable(moment)
    const state = this.#stateAt(moment, held)
    if (held === undefined) return this.#returned(await wait(this.#obtain(state), signal), api)
    if (state !== 'due' && state !== 'renewing') return this.#returned(held, api)
    if (!this.#isWorthWaiting(held, moment, state, api)) {
      // The old token is returned meanwhile. If the renewal fails, the backoff delays the next one.
      this.#renew({ isAwaited: false }).catch(() => undefined)
      return this.#returned(held, api)
    }
    const renewed = this.#renew({ isAwaited: true }).catch((error: unknown) => this.#fallback(error))
    return this.#returned(await wait(renewed, signal), api)
  }

  /** Obtains a new token, whatever the state of the cached one. */
  async refresh(signal: AbortSignal | undefined): Promise<HeldToken> {
    signal?.throwIfAborted()
    const refreshed = this.#refreshing.share(async () => {
      // The request in flight may have started before the reason of the caller.
      await this.settled()
      return this.#renew({ isAwaited: true, isFreshRequired: true })
    })
    return this.#returned(await wait(refreshed, signal))
  }

  /** Ends the backoff of the set and the pauses after refusals, and forgets the age limit. */
  reset(): void {
    this.#set.backoff.reset()
    this.#set.refusals.reset()
    this.#ageLimit = Number.POSITIVE_INFINITY
  }

  /** Records that an API refuses tokens from an age, in seconds. */
  limitAge(seconds: number): void {
    this.#ageLimit = Math.min(this.#ageLimit, seconds)
  }

  /**
   * Returns another token after an API refused one: the token that is cached meanwhile, or a renewed one. Returns
   * `undefined` if no other token can be obtained, or during the pause after such a renewal.
   */
  async replaceRefused(
    refused: string,
    signal: AbortSignal | undefined,
    api: string,
  ): Promise<string | undefined> {
    signal?.throwIfAborted()
    const held = this.#usable(readMoment(this.#settings.clock))
    if (held !== undefined && held.token !== refused) return held.token
    if (held !== undefined && !this.#recordRefused(held, api)) return undefined
    // An aborted signal rejects. Any other failure leaves the caller with the response of the API.
    const renewed = await wait(
      this.#renew({ isAwaited: true }).catch(() => undefined),
      signal,
    )
    return renewed === undefined || renewed.token === refused ? undefined : renewed.token
  }

  /** Records whether an API accepted a token: whether the response was not a 401. */
  recordResponse(token: string, isAccepted: boolean, api: string): void {
    if (this.#held?.token !== token) return
    if (isAccepted) {
      this.#held.refusedInPauseBy.delete(api)
      this.#set.refusals.recordAccepted(api)
    } else this.#set.refusals.of(api).recordRefused()
  }

  /** Records that an API refused a token, so that the next caller obtains another one. */
  forget(token: string): void {
    const held = this.#held
    if (held?.token !== token) return
    // Other HTTP clients do not report success. A token that was returned for some time without being forgotten was accepted.
    // Callers that received it in the same moment say nothing, because the API may refuse it to all of them.
    const seconds = held.endUse()
    if (seconds > 0) this.#set.refusals.of(ANY_API).recordUsed(seconds)
    this.#recordRefused(held, ANY_API)
    held.addRefusal(ANY_API)
  }

  /** Records that a token is returned to a caller that does not name its API. The responses of the others are recorded. */
  #returned(held: HeldToken, api?: string): HeldToken {
    if (api === undefined) held.recordReturn(this.#settings.clock.elapsed())
    return held
  }

  #usable(moment: Moment): HeldToken | undefined {
    return this.#held?.isUsable(moment) === true ? this.#held : undefined
  }

  #stateAt(moment: Moment, held: HeldToken | undefined): TokenState {
    const { refusals } = this.#set
    return stateOf({
      isUsable: held !== undefined,
      isDue: held?.isDue(moment, this.#ageLimit) === true,
      isRefused: held !== undefined && (held.isRefused || refusals.isAnyActive(held.refusedInPauseBy)),
      isInFlight: this.isBusy,
      isBackingOff: this.#activeError() !== undefined,
      isRefusalPaused: held !== undefined && refusals.areActive(held.refusedBy),
    })
  }

  /** Whether the caller waits for a renewal although the cached token has not expired. */
  #isWorthWaiting(held: HeldToken, moment: Moment, state: TokenState, api: string | undefined): boolean {
    const isRefused = held.isRefusedBy(api) || held.isTooOld(moment, this.#ageLimit)
    if (this.#settings.isRenewalBlocking) return isRefused || held.isDue(moment, this.#ageLimit)
    // Callers have waited for a renewal that failed. An issuer that hangs must not make them wait after each backoff again.
    if (held.hasFailedRenewal) return false
    if (isRefused) return true
    if (!held.isDue(moment, this.#ageLimit)) return false
    return held.isShort(moment) && (state === 'due' || this.#isAwaited)
  }

  #activeError(): TokenSourceError | undefined {
    return this.#settings.issuerBackoff.activeError() ?? this.#set.backoff.activeError()
  }

  /** Returns whether a renewal may replace the refused token. */
  #recordRefused(held: HeldToken, api: string): boolean {
    const pause = this.#set.refusals.of(api)
    this.#set.report.refused(held)
    this.#set.onRefused(held.token)
    pause.recordRefused()
    if (api === ANY_API) held.endUse()
    if (this.isBusy) return true
    if (pause.isActive) {
      held.refusedInPauseBy.add(api)
      return false
    }
    held.addRefusal(api)
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
      return this.#flight.share(() => this.#request(false))
    }
  }

  /** Joins the request in flight or starts one, unless a backoff is active. */
  #renew(how: { readonly isAwaited: boolean; readonly isFreshRequired?: boolean }): Promise<HeldToken> {
    const { inFlight } = this.#flight
    if (inFlight !== undefined) return inFlight
    const activeError = this.#activeError()
    if (activeError !== undefined) return Promise.reject(activeError)
    this.#isAwaited = how.isAwaited
    return this.#flight.share(() => this.#request(how.isFreshRequired === true))
  }

  async #request(isFreshRequired: boolean): Promise<HeldToken> {
    const { slots } = this.#settings
    const hasWaited = await slots.acquire()
    try {
      // The issuer may have failed while the request waited.
      const activeError = hasWaited ? this.#activeError() : undefined
      if (activeError !== undefined) throw activeError
      return await this.#requestNow(isFreshRequired)
    } finally {
      slots.release()
    }
  }

  async #requestNow(isRefresh: boolean): Promise<HeldToken> {
    const { clock, issuerBackoff, isAgeLimited } = this.#settings
    const old = this.#held
    // A refresh that failed is repeated by the next renewal.
    const isFreshRequired = isRefresh || old?.hasFailedRefresh === true
    const refusedBy = [...(old?.refusedBy ?? [])]
    const isRefused = refusedBy.length > 0
    const isTooOld = old !== undefined && (isAgeLimited || Number.isFinite(this.#ageLimit))
    const requested = readMoment(clock)
    const trigger = isFreshRequired ? 'refresh' : triggerOf(this.#usable(requested))
    const needs = { isFreshRequired: isFreshRequired || isRefused || isTooOld, replaced: old?.token }
    const outcome = await this.#set.attempt({ ...needs, isNewRequired: isFreshRequired })
    if ('error' in outcome) throw this.#recordFailure(outcome, { requested, trigger })
    const { held } = outcome
    issuerBackoff.recordSuccess(requested.elapsed)
    this.#set.backoff.recordSuccess(requested.elapsed)
    const isNew = held.token !== old?.token
    this.#set.refusals.recordRenewal(refusedBy, isNew)
    // The issuer may return the same token. It was refused again only if an API refused it during this request: otherwise one
    // refusal would cause token requests without end.
    if (!isNew && !isRefused) for (const api of old?.refusedBy ?? []) held.refusedBy.add(api)
    this.#held = held
    this.#set.report.obtained(held, { requested, trigger })
    return held
  }

  #recordFailure(
    { error, isBackoffNeeded }: Extract<AttemptOutcome, { readonly error: unknown }>,
    started: StartedRequest,
  ): unknown {
    if (!(error instanceof TokenSourceError) || isClosed(error)) return error
    const { issuerBackoff } = this.#settings
    if (isBackoffNeeded)
      startBackoff({ issuer: issuerBackoff, set: this.#set.backoff }, error, started.requested.elapsed)
    this.#held?.recordFailure({
      isRefresh: started.trigger === 'refresh',
      isAwaited: this.#isAwaited || this.#held.isRefused,
    })
    const reported = (isBackoffNeeded ? this.#activeError() : undefined) ?? error
    this.#set.report.failed(reported, started, this.held)
    return reported
  }

  /** The cached token if a renewal failed that a caller waited for, otherwise the error. */
  #fallback(error: unknown): HeldToken {
    const { held } = this
    if (held === undefined || isClosed(error)) throw error
    return held
  }
}
