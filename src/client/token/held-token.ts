import { jittered } from '../../util/backoff.js'
import type { Clock } from '../../util/clock.js'
import type { IssuedToken } from '../grants/grant.js'
import { ANY_API } from './refusal-pauses.js'

/** Settings that determine the times of a token. */
export interface LifetimeSettings {
  readonly clock: Clock
  /** Fraction of the lifetime after which a token is renewed, before jitter. */
  readonly renewAt: number
  /** Seconds after which a token that never expires is renewed. */
  readonly renewNonExpiringAfter: number
  /** Seconds before its expiry in which a token is not returned; `undefined` is the default. */
  readonly margin: number | undefined
  /** Age in seconds from which a token is not returned. */
  readonly maxAge: number | undefined
}

/** The moment of a request, by both clocks. */
export interface Moment {
  /** Seconds of the monotonic clock. */
  readonly elapsed: number
  /** Seconds since the epoch. */
  readonly now: number
}

/** Jitter of the renewal time as a fraction of the lifetime, so that many processes do not renew simultaneously. */
const RENEW_JITTER = 0.1
/**
 * A token is not returned in its last seconds, because it could expire before the API receives it. Short
 * lifetimes use a fraction.
 */
const MARGIN_SECONDS = 5
const MARGIN_PART = 0.1
/** Largest part of a lifetime that a configured margin may take. */
const LARGEST_MARGIN_PART = 0.5
/**
 * Shortest age limit of an API for which a token is renewed ahead, in seconds and as a multiple of the time that the token
 * request took. A challenge with a smaller `max_age` would otherwise keep the issuer busy.
 */
const SHORTEST_AGE_LIMIT = 10
const SHORTEST_AGE_LIMIT_REQUESTS = 4
/** A caller that finds a token with less than this left, after idle time, waits for another one. */
const SHORT_REST_SECONDS = 30

/** A token and its times. It cannot be older than the request for it, so its times count from there. */
export class HeldToken {
  readonly token: string
  /** Scopes of the token, if the issuer stated them. */
  readonly scopes: readonly string[] | undefined
  /** Whether another process has obtained the token. */
  readonly isShared: boolean
  /** Expiry in seconds since the epoch; `undefined` if the token never expires. */
  readonly expiresAt: number | undefined
  /** The APIs that have refused the token and may cause its renewal. */
  readonly refusedBy = new Set<string>()
  /** The APIs that have refused the token during their pause, and have not accepted it since. They cause no renewal. */
  readonly refusedInPauseBy = new Set<string>()
  /** Whether callers have waited for a renewal that failed, since an API has last begun to refuse the token. */
  hasFailedRenewal = false
  /** Whether a refresh that a caller required has failed. */
  hasFailedRefresh = false
  /** Times of the first and the last return since an API refused the token, by the monotonic clock. */
  #firstReturn: number | undefined
  #lastReturn = 0
  readonly #settings: LifetimeSettings
  readonly #bornAt: number
  readonly #dueFraction: number
  readonly #expiresAtElapsed: number
  readonly #dueAt: number
  readonly #usableUntil: number
  readonly #usableUntilTime: number
  readonly #shortFrom: number
  readonly #shortestAgeLimit: number

  constructor(issued: IssuedToken, requested: Moment, settings: LifetimeSettings) {
    const { token, lifetime, age = 0, sharedFor = 0, scopes } = issued
    const { maxAge = Number.POSITIVE_INFINITY, renewAt, renewNonExpiringAfter } = settings
    this.token = token
    this.scopes = scopes
    this.isShared = issued.sharedFor !== undefined
    this.expiresAt = lifetime === null ? undefined : requested.now + lifetime
    this.#expiresAtElapsed = requested.elapsed + (lifetime ?? Number.POSITIVE_INFINITY)
    this.#settings = settings
    this.#bornAt = requested.elapsed - age
    this.#dueFraction = jittered(renewAt, RENEW_JITTER)
    const rest = Math.min(lifetime ?? Number.POSITIVE_INFINITY, maxAge - age)
    // The lifetime when the token was issued, which another process may have used in part.
    const whole = rest + sharedFor
    const usable = rest - marginOf(whole, settings)
    const due = (Number.isFinite(rest) ? whole : renewNonExpiringAfter) * this.#dueFraction - sharedFor
    this.#usableUntil = requested.elapsed + usable
    this.#usableUntilTime = requested.now + usable
    this.#dueAt = requested.elapsed + Math.min(due, usable)
    const requestSeconds = settings.clock.elapsed() - requested.elapsed
    this.#shortestAgeLimit = Math.max(SHORTEST_AGE_LIMIT, requestSeconds * SHORTEST_AGE_LIMIT_REQUESTS)
    this.#shortFrom = requested.elapsed + rest - Math.min(SHORT_REST_SECONDS, whole * MARGIN_PART)
  }

  /** Whether an API has refused the token. */
  get isRefused(): boolean {
    return this.refusedBy.size > 0
  }

  /** Whether this API has refused the token; without one, whether any has. */
  isRefusedBy(api: string | undefined): boolean {
    return api === undefined ? this.isRefused : this.refusedBy.has(api) || this.refusedBy.has(ANY_API)
  }

  /** Records that an API has refused the token and may cause its renewal. */
  addRefusal(api: string): void {
    // Callers wait for the first renewal after a refusal, whatever failed before.
    if (!this.refusedBy.has(api)) this.hasFailedRenewal = false
    this.refusedBy.add(api)
  }

  /** Records that a request failed that would have replaced the token. */
  recordFailure({
    isRefresh,
    isAwaited,
  }: {
    readonly isRefresh: boolean
    readonly isAwaited: boolean
  }): void {
    this.hasFailedRenewal ||= isAwaited
    this.hasFailedRefresh ||= isRefresh
  }

  /** Records that a caller received the token. */
  recordReturn(elapsed: number): void {
    this.#firstReturn ??= elapsed
    this.#lastReturn = elapsed
  }

  /** Ends the use without a refusal, and returns its seconds: from the first return to the last one. */
  endUse(): number {
    const seconds = this.#firstReturn === undefined ? 0 : this.#lastReturn - this.#firstReturn
    this.#firstReturn = undefined
    return seconds
  }

  /** Time until which the token is returned, in seconds since the epoch. */
  get usableUntil(): number {
    return this.#usableUntilTime
  }

  /** Age and expiry, for `health()`. */
  timesAt({ elapsed, now }: Moment): {
    readonly age: number
    readonly expiresAt?: number
    readonly expiresIn?: number
  } {
    const age = elapsed - this.#bornAt
    if (this.expiresAt === undefined) return { age }
    const byElapsed = this.#expiresAtElapsed - elapsed
    return { age, expiresAt: this.expiresAt, expiresIn: Math.min(byElapsed, this.expiresAt - now) }
  }

  /** Whether the token has expired by neither clock. The monotonic clock may stand still while a machine is suspended. */
  isUsable({ elapsed, now }: Moment): boolean {
    return elapsed < this.#usableUntil && now < this.#usableUntilTime
  }

  /** Whether the renewal time has come, by the lifetime, by the age limit of an API, or because a refresh failed. */
  isDue({ elapsed }: Moment, ageLimit: number): boolean {
    if (this.hasFailedRefresh || elapsed >= this.#dueAt) return true
    return elapsed - this.#bornAt >= this.#limitOf(ageLimit) * this.#dueFraction
  }

  /** Whether an API with this age limit probably refuses the token. */
  isTooOld({ elapsed }: Moment, ageLimit: number): boolean {
    const limit = this.#limitOf(ageLimit)
    return elapsed - this.#bornAt >= limit - marginOf(limit, this.#settings)
  }

  /** Whether so little of the lifetime is left that the token may expire on its way. */
  isShort({ elapsed }: Moment): boolean {
    return elapsed >= this.#shortFrom
  }

  #limitOf(ageLimit: number): number {
    return Math.max(ageLimit, this.#shortestAgeLimit)
  }
}

function marginOf(lifetime: number, { margin }: LifetimeSettings): number {
  if (margin !== undefined) return Math.min(margin, lifetime * LARGEST_MARGIN_PART)
  return Math.min(MARGIN_SECONDS, lifetime * MARGIN_PART)
}

/** Reads both clocks. */
export function readMoment(clock: Clock): Moment {
  const now = clock.now()
  return { now, elapsed: clock.elapsed(now) }
}
