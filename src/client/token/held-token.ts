import type { Clock } from '../../util/clock.js'
import type { IssuedToken } from '../grants/grant.js'

/** Settings that determine the times of a token. */
export interface LifetimeSettings {
  readonly clock: Clock
  /** Fraction of the lifetime after which a token is renewed, before jitter. */
  readonly renewAt: number
  /** Seconds after which a token that never expires is renewed. */
  readonly renewNonExpiringAfter: number
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
/** A caller that finds a token with less than this left, after idle time, waits for another one. */
const SHORT_REST_SECONDS = 30

/** A token and its times. It cannot be older than the request for it, so its times count from there. */
export class HeldToken {
  readonly token: string
  /** Number of callers that received the token. */
  timesReturned = 0
  /** Whether an API has refused the token. */
  isRefused = false
  readonly #dueAt: number
  readonly #usableUntil: number
  readonly #usableUntilTime: number
  readonly #shortFrom: number

  constructor({ token, lifetime }: IssuedToken, requested: Moment, settings: LifetimeSettings) {
    this.token = token
    const jittered = settings.renewAt + (Math.random() * 2 - 1) * RENEW_JITTER
    const rest = lifetime ?? Number.POSITIVE_INFINITY
    const usable = rest - Math.min(MARGIN_SECONDS, rest * MARGIN_PART)
    const due = Math.min((lifetime ?? settings.renewNonExpiringAfter) * jittered, usable)
    this.#usableUntil = requested.elapsed + usable
    this.#usableUntilTime = requested.now + usable
    this.#dueAt = requested.elapsed + due
    this.#shortFrom = requested.elapsed + rest - Math.min(SHORT_REST_SECONDS, rest * MARGIN_PART)
  }

  /** Whether the token has expired by neither clock. The monotonic clock may stand still while a machine is suspended. */
  isUsable({ elapsed, now }: Moment): boolean {
    return elapsed < this.#usableUntil && now < this.#usableUntilTime
  }

  /** Whether the renewal time has come. */
  isDue({ elapsed }: Moment): boolean {
    return elapsed >= this.#dueAt
  }

  /** Whether so little of the lifetime is left that the token may expire on its way. */
  isShort({ elapsed }: Moment): boolean {
    return elapsed >= this.#shortFrom
  }
}

/** Reads both clocks. */
export function readMoment(clock: Clock): Moment {
  const now = clock.now()
  return { now, elapsed: clock.elapsed(now) }
}
