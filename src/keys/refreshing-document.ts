import { backoffWithJitter } from '../util/backoff.js'
import type { Clock } from '../util/clock.js'
import { SharedFlight } from '../util/single-flight.js'
import { exchange } from '../http/exchange.js'
import { readRequestHeaders } from '../http/request-headers.js'
import { ExchangeError } from '../http/exchange-error.js'
import { retryAfterSeconds } from '../http/retry-after.js'
import type { HttpResponse, ResponseHeaders } from '../http/transport/messages.js'
import type { Transport } from '../http/transport/transport.js'
import type { DocumentOutages } from './document-outages.js'
import { Refusal, type OrRefusal } from '../model/refusal.js'
import type { RequestHeaders } from '../model/issuer.js'
import { timers } from '../util/timers.js'
import type { KeySettings } from '../model/issuer-settings.js'
import type { DocumentHealth } from '../model/health.js'

/** Fetches and validates a document. An unusable document is an Error whose message is meant for logs. */
export type DocumentLoader<T> = () => Promise<LoadedDocument<T>>

/** Validated document with its caching limit. */
export interface LoadedDocument<T> {
  readonly value: T
  /** Seconds that the server allows the document to be cached; `undefined` if it states none. */
  readonly maxAge: number | undefined
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

  /** Creates the refusal for an unusable document. Its `Retry-After` covers the backoff, and at least `minimumSeconds`. */
  createRefusal(minimumSeconds = 0): Refusal {
    return new Refusal('keys_unavailable', {
      retryAfterSeconds: Math.max(this.secondsToNextAttempt(), minimumSeconds),
      cause: new Error(this.#failure ?? 'not loaded'),
    })
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

  #succeed({ value, maxAge }: LoadedDocument<T>): void {
    const now = this.#clock.elapsed()
    const lifetime = Math.max(
      SHORTEST_LIFETIME,
      Math.min(this.#options.lifetime, maxAge ?? this.#options.lifetime),
    )
    const { title, outages, onLoaded, problemOf } = this.#watcher
    const problem = problemOf?.(value)
    onLoaded?.(value, this.#value)
    if (problem === undefined) outages.end(this, `${title}: fetched again`)
    else outages.begin(this, `${title}: ${problem}`)
    this.#value = value
    this.#successes += 1
    this.#loadedAt = now
    this.#expiresAt = now + lifetime
    this.#refreshAt = now + lifetime * (REFRESH_AT + (Math.random() * 2 - 1) * REFRESH_JITTER)
    this.#failures = 0
    this.#pausedUntil = Number.NEGATIVE_INFINITY
    this.#lastSuccess = this.#clock.now()
    this.#failure = problem
    this.#isOverloaded = false
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
    this.#failure = error instanceof Error ? error.message : 'unknown failure'
    this.#watcher.outages.begin(this, `${this.#watcher.title}: ${this.#failure}`)
  }
}

/** A document that this one depends on is unavailable. This document has the same backoff as that one. */
export class PrerequisiteError extends ExchangeError {
  readonly secondsToNextAttempt: number
  constructor(message: string, secondsToNextAttempt: number) {
    super(message)
    this.secondsToNextAttempt = secondsToNextAttempt
  }
}

/**
 * Fetches one JSON document within the limits of the options.
 *
 * @throws ExchangeError if there is no readable response, or its status is not 200.
 */
export async function fetchDocument(
  url: string,
  options: KeySettings,
  extras: {
    readonly transport: Transport
    /** Returns further headers of the request. */
    readonly headers?: RequestHeaders | undefined
  },
): Promise<HttpResponse> {
  const { headers, deadlineSeconds } = await headersWithin(options.deadline, extras.headers)
  const response = await exchange({
    url,
    method: 'GET',
    headers: { accept: 'application/json, application/jwk-set+json', ...headers },
    deadlineSeconds,
    maxBytes: options.maxBytes,
    transport: extras.transport,
  })
  if (response.status !== 200) throw new DocumentStatusError(url, response)
  return response
}

/** Calls the function of the headers. The time that it takes counts toward the deadline. */
async function headersWithin(
  deadlineSeconds: number,
  headersOf: RequestHeaders | undefined,
): Promise<{ readonly headers: Readonly<Record<string, string>>; readonly deadlineSeconds: number }> {
  if (headersOf === undefined) return { headers: {}, deadlineSeconds }
  const started = timers.elapsed()
  const headers = await readRequestHeaders('keys.headers', headersOf, deadlineSeconds)
  return { headers, deadlineSeconds: Math.max(0.001, deadlineSeconds - (timers.elapsed() - started)) }
}

/** Maximum number of characters of a URL in an error, because an issuer's metadata may choose the URL. */
const LONGEST_NAMED = 200

/** A server responded with another status than 200. */
class DocumentStatusError extends ExchangeError {
  readonly status: number
  readonly #headers: ResponseHeaders
  constructor(url: string, { status, headers }: HttpResponse) {
    // The query is left out because it may contain a secret.
    const { origin, pathname } = new URL(url)
    super(`status ${status} from ${`${origin}${pathname}`.slice(0, LONGEST_NAMED)}`)
    this.status = status
    this.#headers = headers
  }

  /** Seconds of the `Retry-After` header of a 429 or 503; otherwise 0. */
  retryAfterSeconds(nowSeconds: number): number {
    if (this.status !== 429 && this.status !== 503) return 0
    return retryAfterSeconds(this.#headers, nowSeconds) ?? 0
  }
}
