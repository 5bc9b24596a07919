import { backoffWithJitter } from '../util/backoff.js'
import type { Clock } from '../util/clock.js'
import { SharedFlight } from '../util/single-flight.js'
import { exchange } from '../http/exchange.js'
import { ExchangeError } from '../http/exchange-error.js'
import { retryAfterSeconds } from '../http/retry-after.js'
import type { HttpResponse, ResponseHeaders } from '../http/transport/messages.js'
import type { Transport } from '../http/transport/transport.js'
import type { DocumentOutages } from './document-outages.js'
import { Refusal, type OrRefusal } from '../model/refusal.js'
import type { KeySettings } from '../model/issuer.js'
import type { DocumentHealth } from '../model/health.js'

/** Downloads and checks a document; throws an Error with a sentence for the log if it cannot be used. */
export type DocumentLoader<T> = () => Promise<LoadedDocument<T>>

/** A checked document and how long its server lets it be kept, in seconds. */
export interface LoadedDocument<T> {
  readonly value: T
  readonly maxAge: number | undefined
}

/** Who hears of a document's fetches. */
export interface DocumentWatcher<T> {
  /** Why a document that was fetched and read is of no use; undefined if it is. */
  readonly problemOf?: (value: T) => string | undefined
  /** Told of every successful fetch, before anyone sees the new value. */
  readonly onLoaded?: (value: T, previous: T | undefined) => void
  /** Told of every failure, and of every success. */
  readonly outages: DocumentOutages
  /** What the document is, in words for a log. */
  readonly title: string
}

/** Seconds below which no `Cache-Control` shortens the lifetime. */
export const SHORTEST_LIFETIME = 60

/** The part of the lifetime after which a document is fetched again in the background, give or take the jitter. */
export const REFRESH_AT = 0.8
const REFRESH_JITTER = 0.1

/**
 * A document kept fresh: fetched once and shared, refreshed in the background before it ages out, kept
 * in use for a bounded time while fetches fail, and never fetched in the pause after a failure. Runs on
 * use, not on timers: an idle guard asks nobody, and nothing keeps the process alive.
 */
export class RefreshingDocument<T> {
  readonly #load: DocumentLoader<T>
  readonly #options: KeySettings
  readonly #clock: Clock
  readonly #watcher: DocumentWatcher<T>
  readonly #flight = new SharedFlight<void>()
  /** Shared, so that a caller that does not wait after all leaves nothing behind. */
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
   * The document: immediately if it is usable, otherwise after a fetch. Refusal `keys_unavailable` if there is no
   * document and none can be fetched, or the last one is too old.
   *
   * @param timeOfDay what the clock has just said, if it was read.
   */
  current(timeOfDay?: number): T | Promise<OrRefusal<T>> {
    const now = this.#clock.elapsed(timeOfDay)
    if (this.#value !== undefined && now < this.#expiresAt) {
      if (now >= this.#refreshAt) this.#refreshInBackground(now)
      return this.#value
    }
    if (this.#value !== undefined && this.#isKnownToFail(now) && this.#isWithinStaleBound(now)) {
      // Its server is known to be failing: making each caller wait for the next failure helps nobody.
      this.#refreshInBackground(now)
      return this.#value
    }
    return this.#loading.share(() => this.#fetched(now))
  }

  /** Fetches now unless a failure pause forbids it; never rejects. Callers at the same time share one fetch. */
  async refresh(): Promise<void> {
    if (this.#flight.inFlight === undefined && this.#clock.elapsed() < this.#pausedUntil) return
    await this.#startFetch()
  }

  /** The fetch in flight, if there is one. Never rejects. */
  underWay(): Promise<void> | undefined {
    return this.#flight.inFlight
  }

  /** How many fetches succeeded: tells whether the document is newer than at another time, also within one tick of the clock. */
  successes(): number {
    return this.#successes
  }

  /** Seconds until another attempt may be made. */
  secondsToNextAttempt(): number {
    return Math.max(0, this.#pausedUntil - this.#clock.elapsed())
  }

  /** Says that there is no usable document, and when to try again: after the pause, and not before `atLeast` seconds. */
  unavailable(atLeast = 0): Refusal {
    return new Refusal('keys_unavailable', {
      retryAfterSeconds: Math.max(this.secondsToNextAttempt(), atLeast),
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
    const usable = this.#value !== undefined && this.#isWithinStaleBound(now)
    const failing = this.isFailing()
    return {
      status: this.#failure === undefined ? 'ok' : !failing || usable ? 'degraded' : 'down',
      ...(this.#value === undefined ? {} : { age: now - this.#loadedAt }),
      ...(this.#lastSuccess === undefined ? {} : { lastSuccess: this.#lastSuccess }),
      ...(this.#lastFailure === undefined ? {} : { lastFailure: this.#lastFailure }),
      ...(this.#failure === undefined ? {} : { failure: this.#failure }),
    }
  }

  async #fetched(now: number): Promise<OrRefusal<T>> {
    if (this.#flight.inFlight !== undefined || now >= this.#pausedUntil) await this.#startFetch()
    if (this.#value !== undefined && this.#isWithinStaleBound(this.#clock.elapsed())) return this.#value
    return this.unavailable()
  }

  #refreshInBackground(now: number): void {
    if (this.#flight.inFlight !== undefined || now < this.#pausedUntil) return
    // It rejects only where an injected clock breaks, which whoever reads it next finds out.
    this.#startFetch().catch(() => undefined)
  }

  #isWithinStaleBound(now: number): boolean {
    return now - this.#loadedAt < this.#options.stale
  }

  /** Only a recent failure counts: after a long silence the server may be well again, and is asked first. */
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
    const prescribed = error instanceof PrerequisiteError ? error.secondsToNextAttempt : undefined
    this.#failures = prescribed === undefined ? this.#failures + 1 : Math.max(1, this.#failures)
    this.#failedAt = now
    this.#isOverloaded = error instanceof DocumentStatusError && error.status === 429
    const retryAfter = error instanceof DocumentStatusError ? error.secondsAsked(this.#clock.now()) : 0
    const settings = { first: pause, longest: longestPause, retryAfter, longestRetryAfter: longestPause }
    this.#pausedUntil = now + (prescribed ?? backoffWithJitter(this.#failures, settings))
    this.#lastFailure = this.#clock.now()
    this.#failure = error instanceof Error ? error.message : 'unknown failure'
    this.#watcher.outages.begin(this, `${this.#watcher.title}: ${this.#failure}`)
  }
}

/** Another document that this one depends on cannot be had: this one waits as long as that one does, no longer. */
export class PrerequisiteError extends ExchangeError {
  readonly secondsToNextAttempt: number
  constructor(message: string, secondsToNextAttempt: number) {
    super(message)
    this.secondsToNextAttempt = secondsToNextAttempt
  }
}

/** Gets one JSON document within the limits of the options. */
export async function fetchDocument(
  url: string,
  options: KeySettings,
  extras: {
    readonly transport: Transport
    readonly headers?: Readonly<Record<string, string>> | undefined
  },
): Promise<HttpResponse> {
  const answer = await exchange({
    url,
    method: 'GET',
    headers: { accept: 'application/json, application/jwk-set+json', ...extras.headers },
    deadlineSeconds: options.deadline,
    maxBytes: options.maxBytes,
    transport: extras.transport,
  })
  if (answer.status !== 200) throw new DocumentStatusError(url, answer)
  return answer
}

/** How much of an address an error names, because an issuer's metadata may choose it. */
const LONGEST_NAMED = 200

/** A document's server answered, but not with the document. */
class DocumentStatusError extends ExchangeError {
  readonly status: number
  readonly #headers: ResponseHeaders
  constructor(url: string, { status, headers }: HttpResponse) {
    // Without its query, which may hold a secret.
    const { origin, pathname } = new URL(url)
    super(`status ${status} from ${`${origin}${pathname}`.slice(0, LONGEST_NAMED)}`)
    this.status = status
    this.#headers = headers
  }

  /** For how many seconds the server asked to be left alone. */
  secondsAsked(nowSeconds: number): number {
    if (this.status !== 429 && this.status !== 503) return 0
    return retryAfterSeconds(this.#headers, nowSeconds) ?? 0
  }
}
