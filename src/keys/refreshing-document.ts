import { backoffWithJitter, jittered } from '../util/backoff.js'
import type { Clock } from '../util/clock.js'
import { SharedFlight } from '../util/single-flight.js'
import { formatErrorCode } from '../http/exchange.js'
import { ExchangeError } from '../http/exchange-error.js'
import type { DocumentOutages } from './document-outages.js'
import { DocumentStatusError, PrerequisiteError } from './fetch-document.js'
import { explain } from '../model/detail/explain.js'
import { createCause, Refusal, type OrRefusal } from '../model/refusal/refusal.js'
import { phrase } from '../util/quote.js'
import type { KeySettings } from '../model/issuer/issuer-settings.js'
import type { DocumentHealth } from '../model/issuer/health.js'

/** Fetches and validates a document. An unusable document is an Error whose message is meant for logs. */
export type DocumentLoader<T> = () => Promise<LoadedDocument<T>>

/** Validated document with its caching limit. */
export interface LoadedDocument<T> {
  readonly value: T
  /** Seconds that the server allows the document to be cached; `undefined` if it states none. */
  readonly maxAge: number | undefined
  /** URL of the document without its query, for logs. */
  readonly url?: string
}

/** Observers of a document's fetches. */
export interface DocumentWatcher<T> {
  /** Returns why a fetched document is unusable, or `undefined` if it is usable. */
  readonly problemOf?: (value: T) => string | undefined
  /** Called after every successful fetch, before a caller gets the new value. */
  readonly onLoaded?: (value: T, previous: T | undefined) => void
  /** Notified of every failure and every success. */
  readonly outages: DocumentOutages
  /** Name of the document in logs. */
  readonly title: string
}

/** Minimum lifetime in seconds. `Cache-Control` cannot shorten the lifetime further. */
export const SHORTEST_LIFETIME = 60

/** Fraction of the lifetime after which a document is refreshed in the background, plus or minus the jitter. */
export const REFRESH_AT = 0.8
const REFRESH_JITTER = 0.1

/**
 * Document that is fetched on first use, shared by all callers and refreshed in the background before it expires. While
 * fetches fail it stays in use for a bounded time, and no fetch starts during the backoff after a failure. It has no
 * timers, so an idle guard makes no calls and nothing keeps the process alive.
 */
export class RefreshingDocument<T> {
  readonly #load: DocumentLoader<T>
  readonly #options: KeySettings
  readonly #clock: Clock
  readonly #watcher: DocumentWatcher<T>
  readonly #flight = new SharedFlight<void>()
  /** Shared, so that a caller that stops waiting leaves no promise in memory. */
  readonly #loading = new SharedFlight<OrRefusal<T>>()

  #value: T | undefined
  #loadedAt = Number.NEGATIVE_INFINITY
  #refreshAt = Number.NEGATIVE_INFINITY
  #expiresAt = Number.NEGATIVE_INFINITY
  #successes = 0
  #failures = 0
  #failedAt = Number.NEGATIVE_INFINITY
  #pausedUntil = Number.NEGATIVE_INFINITY
  #lastSuccess: number | undefined
  #lastFailure: number | undefined
  #failure: string | undefined
  /** URL of the last failed fetch, unless the failure names it. */
  #failedUrl: string | undefined
  /** Time of the first failure in a row, in seconds since the epoch. */
  #failingSince: number | undefined
  #isOverloaded = false

  constructor(load: DocumentLoader<T>, options: KeySettings, clock: Clock, watcher: DocumentWatcher<T>) {
    this.#load = load
    this.#options = options
    this.#clock = clock
    this.#watcher = watcher
  }

  /**
   * Returns the document: synchronously if it is usable, otherwise after a fetch.
   *
   * @param timeOfDay - the wall-clock time in seconds, if the caller has just read it.
   * @returns refusal `keys_unavailable` if no document can be fetched, and the last one is absent or too old.
   */
  current(timeOfDay?: number): T | Promise<OrRefusal<T>> {
    const now = this.#clock.elapsed(timeOfDay)
    if (this.#value !== undefined && now < this.#expiresAt) {
      if (now >= this.#refreshAt) this.#refreshInBackground(now)
      return this.#value
    }
    if (this.#value !== undefined && this.#isKnownToFail(now) && this.#isWithinStaleBound(now)) {
      // The server is known to fail: callers must not wait for the next failure.
      this.#refreshInBackground(now)
      return this.#value
    }
    return this.#loading.share(() => this.#fetchAndRead(now))
  }

  /** Fetches the document, except during the backoff after a failure. Never rejects. Concurrent callers share one fetch. */
  async refresh(): Promise<void> {
    if (this.#flight.inFlight === undefined && this.#clock.elapsed() < this.#pausedUntil) return
    await this.#startFetch()
  }

  /** Returns the fetch in flight, if there is one. The promise never rejects. */
  fetchInFlight(): Promise<void> | undefined {
    return this.#flight.inFlight
  }

  /** Number of successful fetches. It shows whether the document was fetched again, also within one tick of the clock. */
  successes(): number {
    return this.#successes
  }

  /** Seconds until the next fetch is allowed. */
  secondsToNextAttempt(): number {
    return Math.max(0, this.#pausedUntil - this.#clock.elapsed())
  }

  /**
   * Creates the refusal for an unusable document. Its `Retry-After` covers the backoff, and at least `minimumSeconds`.
   *
   * @param kid - the unknown key id, if an older document is cached and does not list it.
   */
  createRefusal(minimumSeconds = 0, kid?: string): Refusal {
    const next = Math.max(this.secondsToNextAttempt(), minimumSeconds)
    const since = this.#failingSince
    const failing = { ...this.failing(), next }
    return new Refusal('keys_unavailable', {
      retryAfterSeconds: next,
      cause: createCause(this.#describeFailure()),
      detail:
        since === undefined
          ? explain('keys_unavailable', 'unusable', failing)
          : kid === undefined
            ? explain('keys_unavailable', 'failing', { ...failing, since })
            : explain('keys_unavailable', 'unknown_kid', { ...failing, since, kid }),
    })
  }

  /** The document and why its last fetch failed, with the URL, for the `detail` of a refusal. */
  failing(): { readonly document: object; readonly failure: object } {
    return { document: phrase(this.#watcher.title), failure: phrase(this.#describeFailure()) }
  }

  #describeFailure(): string {
    const failure = this.#failure ?? 'not loaded'
    const url = this.#failedUrl
    return url === undefined || failure.includes(url) ? failure : `${failure} from ${url}`
  }

  /** Whether the latest fetch failed. */
  isFailing(): boolean {
    return this.#failures > 0
  }

  /** Whether the latest fetch failed with a 429, which our own load may have caused. */
  isOverloaded(): boolean {
    return this.#isOverloaded
  }

  health(): DocumentHealth {
    const now = this.#clock.elapsed()
    const isUsable = this.#value !== undefined && this.#isWithinStaleBound(now)
    return {
      status: this.#failure === undefined ? 'ok' : !this.isFailing() || isUsable ? 'degraded' : 'down',
      ...(this.#value === undefined ? {} : { age: now - this.#loadedAt }),
      ...(this.#lastSuccess === undefined ? {} : { lastSuccess: this.#lastSuccess }),
      ...(this.#lastFailure === undefined ? {} : { lastFailure: this.#lastFailure }),
      ...(this.#failure === undefined ? {} : { failure: this.#failure }),
    }
  }

  async #fetchAndRead(now: number): Promise<OrRefusal<T>> {
    if (this.#flight.inFlight !== undefined || now >= this.#pausedUntil) await this.#startFetch()
    if (this.#value !== undefined && this.#isWithinStaleBound(this.#clock.elapsed())) return this.#value
    return this.createRefusal()
  }

  #refreshInBackground(now: number): void {
    if (this.#flight.inFlight !== undefined || now < this.#pausedUntil) return
    // It rejects only if an injected clock throws. The next caller that reads the clock gets that error.
    this.#startFetch().catch(() => undefined)
  }

  #isWithinStaleBound(now: number): boolean {
    return now - this.#loadedAt < this.#options.stale
  }

  /** Whether a fetch failed recently. After a longer time without fetches the server may work again, so it is tried first. */
  #isKnownToFail(now: number): boolean {
    return this.#failures > 0 && now - this.#failedAt <= 2 * this.#options.longestPause
  }

  #startFetch(): Promise<void> {
    return this.#flight.share(() => this.#fetch())
  }

  async #fetch(): Promise<void> {
    try {
      this.#succeed(await this.#load())
    } catch (error) {
      this.#fail(error)
    }
  }

  #succeed({ value, maxAge, url }: LoadedDocument<T>): void {
    const now = this.#clock.elapsed()
    const lifetime = Math.max(
      SHORTEST_LIFETIME,
      Math.min(this.#options.lifetime, maxAge ?? this.#options.lifetime),
    )
    const { title, outages, onLoaded, problemOf } = this.#watcher
    const problem = problemOf?.(value)
    onLoaded?.(value, this.#value)
    if (problem === undefined) outages.end(this, `${title}: fetched again`)
    this.#value = value
    this.#successes += 1
    this.#loadedAt = now
    this.#expiresAt = now + lifetime
    this.#refreshAt = now + lifetime * jittered(REFRESH_AT, REFRESH_JITTER)
    this.#failures = 0
    this.#pausedUntil = Number.NEGATIVE_INFINITY
    this.#lastSuccess = this.#clock.now()
    this.#failure = problem
    this.#failedUrl = url
    this.#failingSince = undefined
    this.#isOverloaded = false
    if (problem !== undefined) outages.begin(this, `${title}: ${this.#describeFailure()}`)
  }

  #fail(error: unknown): void {
    const now = this.#clock.elapsed()
    const { pause, longestPause } = this.#options
    const dependencyPause = error instanceof PrerequisiteError ? error.secondsToNextAttempt : undefined
    this.#failures = dependencyPause === undefined ? this.#failures + 1 : Math.max(1, this.#failures)
    this.#failedAt = now
    this.#isOverloaded = error instanceof DocumentStatusError && error.status === 429
    const retryAfter = error instanceof DocumentStatusError ? error.retryAfterSeconds(this.#clock.now()) : 0
    const settings = { first: pause, longest: longestPause, retryAfter, longestRetryAfter: longestPause }
    this.#pausedUntil = now + (dependencyPause ?? backoffWithJitter(this.#failures, settings))
    this.#lastFailure = this.#clock.now()
    this.#failingSince ??= this.#lastFailure
    // Any other error may be of custom code, whose message may contain a credential.
    this.#failure = error instanceof ExchangeError ? error.message : `internal error${formatErrorCode(error)}`
    this.#failedUrl = error instanceof ExchangeError ? error.url : undefined
    this.#watcher.outages.begin(this, `${this.#watcher.title}: ${this.#describeFailure()}`)
  }
}
