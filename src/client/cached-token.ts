import type { Clock } from '../util/clock.js'
import { SharedFlight } from '../util/single-flight.js'
import { waitFor } from '../util/abort.js'
import { RenewalCooldown, type Backoff } from './renewal-pause.js'
import type { IssuedToken } from './grants/grant.js'
import { unreadable } from './grants/issuer-request.js'
import { TokenSourceError } from './errors.js'

/** What a token's life depends on. */
export interface CachedTokenSettings {
  readonly clock: Clock
  /** The part of its lifetime after which a token is renewed, give or take the jitter. */
  readonly renewAt: number
  /** After how many seconds a token that never expires is renewed. */
  readonly renewEverlasting: number
  /** The pause of everything that goes to the same issuer. */
  readonly issuerPause: Backoff
}

/** How much of the lifetime the moment of renewal varies, so that many processes do not renew together. */
const RENEW_JITTER = 0.1
/** A token is not handed out in its last seconds: on its way it would expire. Of a short life, a part. */
const MARGIN_SECONDS = 5
const MARGIN_PART = 0.1

/** A token and its times, in elapsed seconds. */
interface CachedValue {
  readonly token: string
  readonly renewAt: number
  readonly usableUntil: number
}

/**
 * The token of one audience and scope set: obtained on first use, used while it is good, renewed in the background
 * on use before it ends. One request is in flight at a time, and none in the pause after a failure.
 */
export class CachedToken {
  readonly #settings: CachedTokenSettings
  readonly #obtain: () => Promise<IssuedToken>
  /** After failures that say nothing of other sets. */
  readonly #ownPause: Backoff
  readonly #refusalPause: RenewalCooldown

  readonly #flight = new SharedFlight<string>()
  #held: CachedValue | undefined

  constructor(settings: CachedTokenSettings, ownPause: Backoff, obtain: () => Promise<IssuedToken>) {
    this.#settings = settings
    this.#obtain = obtain
    this.#ownPause = ownPause
    this.#refusalPause = new RenewalCooldown(settings.clock)
  }

  /** Whether a request is in flight. */
  get isBusy(): boolean {
    return this.#flight.inFlight !== undefined
  }

  /** The pause after failures that say nothing of other sets, if there is one: it outlives this set. */
  get pause(): Backoff | undefined {
    return this.#ownPause.activeError() === undefined ? undefined : this.#ownPause
  }

  /** Resolves once none is in flight, however it ended. */
  async settled(): Promise<void> {
    await this.#flight.inFlight?.catch(() => undefined)
  }

  /** The token, at once where there is a good one. */
  async get(signal: AbortSignal | undefined): Promise<string> {
    signal?.throwIfAborted()
    const now = this.#settings.clock.elapsed()
    const held = this.#usable(now)
    if (held === undefined) return waitFor(this.#renew(), signal)
    if (now >= held.renewAt) this.#renew().catch(() => undefined)
    return held.token
  }

  /**
   * A token other than one that an API has refused: the newer one that is there already, or a fresh one. Until that
   * has come, and should it not come, the others go on with the one they have. An API that refuses now this token,
   * now that, must not wear out the issuer: after each fresh one there is a pause.
   *
   * @returns undefined if there is none to be had.
   */
  async another(refused: string, signal: AbortSignal | undefined): Promise<string | undefined> {
    signal?.throwIfAborted()
    const held = this.#usable(this.#settings.clock.elapsed())
    if (held !== undefined && held.token !== refused) return held.token
    // One who gives up says so; anything else that goes wrong leaves the answer that the API has given.
    const fresh = await waitFor(
      this.#renewRefused().catch(() => undefined),
      signal,
    )
    return fresh === refused ? undefined : fresh
  }

  /** Drops a token if it is the current one. */
  forget(token: string): void {
    if (this.#held?.token === token) this.#held = undefined
  }

  #usable(now: number): CachedValue | undefined {
    return this.#held !== undefined && now < this.#held.usableUntil ? this.#held : undefined
  }

  /** Joins the request in flight or starts one, unless there is a pause. */
  #renew(): Promise<string> {
    const { inFlight } = this.#flight
    if (inFlight !== undefined) return inFlight
    const blocked = this.#settings.issuerPause.activeError() ?? this.#ownPause.activeError()
    if (blocked !== undefined) return Promise.reject(blocked)
    return this.#flight.share(() => this.#request())
  }

  async #renewRefused(): Promise<string | undefined> {
    const { inFlight } = this.#flight
    if (inFlight !== undefined) return inFlight
    if (!this.#refusalPause.isOver) return undefined
    const fresh = await this.#renew()
    this.#refusalPause.start()
    return fresh
  }

  async #request(): Promise<string> {
    const { clock, issuerPause } = this.#settings
    const startedAt = clock.elapsed()
    try {
      const held = this.#heldFrom(await this.#obtain(), startedAt)
      this.#held = held
      issuerPause.recordSuccess(startedAt)
      this.#ownPause.recordSuccess(startedAt)
      return held.token
    } catch (error) {
      if (!(error instanceof TokenSourceError) || error.reason === 'source_closed') throw error
      const pause = error.reason === 'request_refused' ? this.#ownPause : issuerPause
      pause.recordFailure(error, startedAt)
      throw pause.activeError() ?? error
    }
  }

  /** Counted from when the token was asked for: it cannot be younger than that. */
  #heldFrom({ token, lifetime }: IssuedToken, startedAt: number): CachedValue {
    const { clock, renewAt, renewEverlasting } = this.#settings
    const jittered = renewAt + (Math.random() * 2 - 1) * RENEW_JITTER
    if (lifetime === null) {
      return {
        token,
        renewAt: startedAt + renewEverlasting * jittered,
        usableUntil: Number.POSITIVE_INFINITY,
      }
    }
    const usableUntil = startedAt + lifetime - Math.min(MARGIN_SECONDS, lifetime * MARGIN_PART)
    if (clock.elapsed() >= usableUntil) throw unreadable('the token had expired when it arrived')
    return { token, renewAt: Math.min(startedAt + lifetime * jittered, usableUntil), usableUntil }
  }
}
