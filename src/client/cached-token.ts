import type { Clock } from '../util/clock.js'
import { SharedFlight } from '../util/single-flight.js'
import { waitFor } from '../util/abort.js'
import { RenewalCooldown, type Backoff } from './renewal-pause.js'
import type { IssuedToken } from './grants/grant.js'
import { unreadableResponseError } from './grants/issuer-request.js'
import { TokenSourceError } from './errors.js'

/** Settings of {@link CachedToken}. */
export interface CachedTokenSettings {
  readonly clock: Clock
  /**
   * Fraction of the lifetime after which a token is renewed, before jitter.
   * Age in seconds at which a token that never expires is renewed.
   */
  readonly renewAt: number
  /** After how many seconds a token that never expires is renewed. */
  readonly renewNonExpiringAfter: number
  /** Backoff shared by all requests to the same issuer. */
  readonly issuerBackoff: Backoff
}

/** Jitter of the renewal time as a fraction of the lifetime, so that many processes do not renew simultaneously. */
const RENEW_JITTER = 0.1
/**
 * A token is not returned in its last seconds, because it could expire before the API receives it. Short
 * lifetimes use a fraction.
 */
const MARGIN_SECONDS = 5
const MARGIN_PART = 0.1

/** A token and its times, in seconds of the monotonic clock. */
interface CachedValue {
  readonly token: string
  readonly renewAt: number
  readonly usableUntil: number
}

/**
 * The token of one audience and scope set. It is obtained on first use and renewed in the background before it
 * expires. At most one request is in flight, and none during the backoff after a failure.
 */
export class CachedToken {
  readonly #settings: CachedTokenSettings
  readonly #obtain: () => Promise<IssuedToken>
  /** Backoff after failures that do not affect other audience and scope sets. */
  readonly #setBackoff: Backoff
  readonly #refusalCooldown: RenewalCooldown

  readonly #flight = new SharedFlight<string>()
  #held: CachedValue | undefined

  constructor(settings: CachedTokenSettings, setBackoff: Backoff, obtain: () => Promise<IssuedToken>) {
    this.#settings = settings
    this.#obtain = obtain
    this.#setBackoff = setBackoff
    this.#refusalCooldown = new RenewalCooldown(settings.clock)
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
    const now = this.#settings.clock.elapsed()
    const held = this.#usable(now)
    if (held === undefined) return waitFor(this.#renew(), signal)
    if (now >= held.renewAt) this.#renew().catch(() => undefined)
    return held.token
  }

  /**
   * Returns a token other than the one that an API refused: a newer cached token, or a new one. Other callers
   * keep the cached token until the new one arrives. A cooldown follows each renewal, so that an API that refuses
   * every token cannot overload the issuer.
   *
   * @returns `undefined` if no other token can be obtained.
   */
  async replaceRefused(refused: string, signal: AbortSignal | undefined): Promise<string | undefined> {
    signal?.throwIfAborted()
    const held = this.#usable(this.#settings.clock.elapsed())
    if (held !== undefined && held.token !== refused) return held.token
    // An aborted signal rejects. Any other failure leaves the caller with the response of the API.
    const renewed = await waitFor(
      this.#renewRefused().catch(() => undefined),
      signal,
    )
    return renewed === refused ? undefined : renewed
  }

  /** Drops a token if it is the cached one. */
  forget(token: string): void {
    if (this.#held?.token === token) this.#held = undefined
  }

  #usable(now: number): CachedValue | undefined {
    return this.#held !== undefined && now < this.#held.usableUntil ? this.#held : undefined
  }

  /** Joins the request in flight or starts one, unless a backoff is active. */
  #renew(): Promise<string> {
    const { inFlight } = this.#flight
    if (inFlight !== undefined) return inFlight
    const activeError = this.#settings.issuerBackoff.activeError() ?? this.#setBackoff.activeError()
    if (activeError !== undefined) return Promise.reject(activeError)
    return this.#flight.share(() => this.#request())
  }

  async #renewRefused(): Promise<string | undefined> {
    const { inFlight } = this.#flight
    if (inFlight !== undefined) return inFlight
    if (!this.#refusalCooldown.isOver) return undefined
    const renewed = await this.#renew()
    this.#refusalCooldown.start()
    return renewed
  }

  async #request(): Promise<string> {
    const { clock, issuerBackoff } = this.#settings
    const startedAt = clock.elapsed()
    try {
      const held = this.#cachedValueOf(await this.#obtain(), startedAt)
      this.#held = held
      issuerBackoff.recordSuccess(startedAt)
      this.#setBackoff.recordSuccess(startedAt)
      return held.token
    } catch (error) {
      if (!(error instanceof TokenSourceError) || error.reason === 'source_closed') throw error
      const backoff = error.reason === 'request_refused' ? this.#setBackoff : issuerBackoff
      backoff.recordFailure(error, startedAt)
      throw backoff.activeError() ?? error
    }
  }

  /** Times count from the start of the request, because the token cannot be older than that. */
  #cachedValueOf({ token, lifetime }: IssuedToken, startedAt: number): CachedValue {
    const { clock, renewAt, renewNonExpiringAfter } = this.#settings
    const jittered = renewAt + (Math.random() * 2 - 1) * RENEW_JITTER
    if (lifetime === null) {
      return {
        token,
        renewAt: startedAt + renewNonExpiringAfter * jittered,
        usableUntil: Number.POSITIVE_INFINITY,
      }
    }
    const usableUntil = startedAt + lifetime - Math.min(MARGIN_SECONDS, lifetime * MARGIN_PART)
    if (clock.elapsed() >= usableUntil)
      throw unreadableResponseError('the token expired before it was received')
    return { token, renewAt: Math.min(startedAt + lifetime * jittered, usableUntil), usableUntil }
  }
}
