import { backoff } from '../../util/backoff.js'
import type { Clock } from '../../util/clock.js'

const PAUSE = { first: 1, longest: 300 }
/** Level from which the pause does not grow: 2 ** 9 s is longer than the longest pause. */
const HIGHEST_LEVEL = 10
/** Seconds for which an API must accept a new token, without refusing it, to lower the level by one. */
const SECONDS_PER_LEVEL = 5
/** The same for a token that the API has both refused and accepted. An API with an age limit accepts no token again. */
const SECONDS_PER_CONTESTED_LEVEL = 60

/**
 * Limits renewals caused by the tokens that one API refuses, so that an API that refuses valid tokens does not overload the issuer.
 *
 * Each such renewal raises a level and starts a pause: 1 s for the first level, doubling to 300 s. During the pause a refusal
 * causes no other renewal. Only lasting success lowers the level: by one for every 5 s in which the API accepts a token that was
 * really new and does not refuse it. A single accepted request lowers nothing, because an API may alternate between 200 and 401.
 * Once it has refused the new token, one level takes 60 s.
 *
 * In any period of T seconds, refusals therefore cause at most 10 + T / 5 renewals: 10 + T / 60 if the API refuses tokens that it
 * accepts later, and 10 + T / 300 if it refuses all tokens or the issuer returns the same one.
 */
export class RefusalPause {
  readonly #clock: Clock
  #level = 0
  #startedAt = Number.NEGATIVE_INFINITY
  /** Whether the issuer returned a token other than the refused one. */
  #isTokenNew = false
  /** Whether the API refused the token that the last renewal returned. */
  #isContested = false
  /** Since when the API has accepted the token without refusing it. */
  #acceptedSince: number | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get isActive(): boolean {
    const now = this.#clock.elapsed()
    return now < this.#startedAt + pauseOf(this.#levelAt(now))
  }

  /** Whether the next refusal depends on the earlier ones. */
  get isRemembered(): boolean {
    return this.#level > 0 && !this.#isQuietAt(this.#clock.elapsed())
  }

  /** Records that a token was renewed because an API refused it. */
  start(isTokenNew: boolean): void {
    const now = this.#clock.elapsed()
    this.#settle(now)
    this.#level = this.#isQuietAt(now) ? 1 : Math.min(this.#level + 1, HIGHEST_LEVEL)
    this.#startedAt = now
    this.#isTokenNew = isTokenNew
    this.#isContested = false
  }

  /** Records that a token was renewed for another reason. */
  recordRenewal(isTokenNew: boolean): void {
    this.#isTokenNew ||= isTokenNew
    this.#isContested &&= !isTokenNew
  }

  /** Records that an API accepted the current token. */
  recordAccepted(): void {
    this.#acceptedSince ??= this.#clock.elapsed()
  }

  /** Records that the current token was used for this time, in seconds, and the API did not refuse it meanwhile. */
  recordUsed(seconds: number): void {
    this.#acceptedSince ??= this.#clock.elapsed() - seconds
  }

  /** Records that an API refused the current token. */
  recordRefused(): void {
    this.#settle(this.#clock.elapsed())
    this.#isContested = true
  }

  /** Ends the pause and the doubling. */
  reset(): void {
    this.#level = 0
    this.#acceptedSince = undefined
  }

  /** Whether the last pause ended so long ago that the doubling starts again. */
  #isQuietAt(now: number): boolean {
    return now >= this.#startedAt + pauseOf(this.#level) + PAUSE.longest
  }

  /** Ends the time of success, and lowers the level by its length. */
  #settle(now: number): void {
    this.#level = this.#levelAt(now)
    this.#acceptedSince = undefined
  }

  #levelAt(now: number): number {
    if (this.#acceptedSince === undefined || !this.#isTokenNew) return this.#level
    const seconds = this.#isContested ? SECONDS_PER_CONTESTED_LEVEL : SECONDS_PER_LEVEL
    return Math.max(0, this.#level - Math.floor((now - this.#acceptedSince) / seconds))
  }
}

function pauseOf(level: number): number {
  return level === 0 ? 0 : backoff(level, PAUSE)
}
