import { explain } from '../model/detail/explain.js'
import { Refusal } from '../model/refusal/refusal.js'
import { within } from '../util/abort.js'
import { phrase } from '../util/quote.js'
import { timers } from '../util/timers.js'
import type { Entry } from './entry.js'
import type { LocalRevocations } from './local-revocations.js'
import type { LogReader } from './log-reader.js'
import { NudgeLimit } from './polling/nudge-limit.js'
import { clockDifference } from './read-target.js'
import type { RevocationsHealth } from './revocations.js'
import type { RevocationStore } from './store.js'
import { messageOf } from './store-failure.js'
import { StoreClock, type ReadTime } from './polling/store-clock.js'
import { WatchState, type Watcher } from './polling/watch-state.js'

/** Settings of {@link PolledStore}, in seconds. */
export interface PollSettings {
  readonly interval: number
  readonly maxStaleness: number
  /** Whether tokens are accepted although the revocations are older than `maxStaleness`. */
  readonly acceptsStale: boolean
  /** Subscribes to messages about changes, until the returned function is called. */
  readonly watch: ((watcher: Watcher) => () => void) | undefined
  /** Reads the time of the store. Without it the clocks are not compared. */
  readonly readTime?: ReadTime
}

/** Seconds without a response after which a reading or a writing counts as failed. */
const DEADLINE = 5

/** Fraction by which an interval may be shorter, so that processes do not read at the same time. */
const JITTER = 0.1

/** Store that is read at regular intervals. Each reading shows at the same time that the store can be read. */
export class PolledStore implements RevocationStore {
  readonly #local: LocalRevocations
  readonly #reader: LogReader
  readonly #settings: PollSettings
  readonly #changes = new NudgeLimit(() => {
    this.nudge()
  })
  readonly #watched: WatchState
  readonly #clock: StoreClock
  #isClockReported = false
  #unwatch: (() => void) | undefined
  #isRunning = false
  #isAgain = false
  #reading: Promise<void> | undefined
  #cancelNext: (() => void) | undefined
  #cancelExpiry: (() => void) | undefined
  /** Time of the last complete reading, in seconds since the epoch. */
  #asOf: number | undefined
  #failure: string | undefined
  /** Whether the failure was reported. */
  #isReported = false
  /** Seconds elapsed at the start; `undefined` while the store is not read regularly. */
  #startedAt: number | undefined
  /** Callers of `ready()`. */
  #waiting: ((failure: string | undefined) => void)[] = []

  constructor(local: LocalRevocations, reader: LogReader, settings: PollSettings) {
    this.#local = local
    this.#reader = reader
    this.#settings = settings
    this.#watched = new WatchState((kind, detail) => {
      local.tell(kind, detail, [])
    })
    this.#clock = new StoreClock(settings.readTime, local.systemClock, () => {
      this.#reportClock()
    })
    local.set.freshUntil = Number.NEGATIVE_INFINITY
  }

  lead(): number | Promise<number> {
    // Once the store was read, no revocation waits before this process refuses.
    return this.#asOf === undefined ? this.#clock.lead() : this.#clock.lastLead
  }

  async append(entries: readonly Entry[]): Promise<number> {
    try {
      return await within({ seconds: DEADLINE, late: createWriteTimeout }, () => this.#reader.append(entries))
    } catch (cause) {
      const message = `the revocation is not stored: ${messageOf(cause)}. This process refuses the tokens and will store it when the store can be written`
      throw new Error(message, { cause })
    }
  }

  async ready(): Promise<void> {
    if (this.#asOf !== undefined && this.#failure === undefined) return
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push((failure) => {
        if (failure === undefined) resolve()
        else reject(new Error(failure))
      })
      void this.#read()
    })
  }

  nudge(): void {
    if (this.#reading !== undefined) this.#isAgain = true
    else void this.#read()
  }

  health(): Omit<RevocationsHealth, 'entries'> {
    const { freshUntil } = this.#local.set
    const isStale = this.#local.clock.now() > Math.min(freshUntil, this.#freshUntil())
    const { writeFailure } = this.#reader
    const failure =
      this.#failure ??
      (writeFailure === undefined
        ? this.#clockProblem()
        : `revocations cannot be written: ${messageOf(writeFailure)}`)
    const isDown = isStale && this.#local.set.freshUntil !== Number.POSITIVE_INFINITY
    return {
      status: isDown ? 'down' : isStale || failure !== undefined ? 'degraded' : 'ok',
      ...(this.#asOf === undefined ? {} : { asOf: this.#asOf }),
      ...(failure === undefined ? {} : { failure }),
      ...(this.#watched.failure === undefined ? {} : { nudgeFailure: this.#watched.failure }),
    }
  }

  refuseStale(now: number): Refusal | undefined {
    if (now <= this.#local.set.freshUntil) return undefined
    const failure = phrase(this.#failure ?? 'no response yet')
    const { maxStaleness: limit } = this.#settings
    const detail =
      this.#asOf === undefined
        ? explain('revocations_unavailable', 'initial', { failure })
        : explain('revocations_unavailable', 'stale', { age: now - this.#asOf, limit, failure })
    return new Refusal('revocations_unavailable', { detail })
  }

  start(): void {
    if (this.#isRunning) return
    this.#isRunning = true
    this.#startedAt = timers.elapsed()
    this.#unwatch = this.#settings.watch?.({ onChange: this.#changes.request, onState: this.#watched.set })
    void this.#read()
  }

  stop(): void {
    this.#isRunning = false
    this.#startedAt = undefined
    this.#unwatch?.()
    this.#unwatch = undefined
    this.#watched.reset()
    this.#changes.cancel()
    this.#cancelNext?.()
  }

  #freshUntil(): number {
    return (this.#asOf ?? Number.NEGATIVE_INFINITY) + this.#settings.maxStaleness
  }

  /** Reads the store, unless a reading is in progress. Never rejects. */
  #read(): Promise<void> {
    this.#cancelNext?.()
    this.#reading ??= this.#readOnce()
    return this.#reading
  }

  async #readOnce(): Promise<void> {
    // The time of the request, because what was appended later need not be in the response.
    const [now, elapsed] = [this.#local.clock.now(), timers.elapsed()]
    let cancel = (): void => undefined
    const awaitResponse = (): void => {
      cancel()
      cancel = timers.after(DEADLINE, () => {
        this.#fail(`no response within ${DEADLINE} s`)
      })
    }
    awaitResponse()
    this.#clock.refresh()
    try {
      await this.#reader.read(awaitResponse)
      this.#succeed(now, elapsed)
    } catch (error) {
      this.#fail(messageOf(error))
    }
    cancel()
    this.#reading = undefined
    if (this.#isAgain) {
      this.#isAgain = false
      await this.#read()
    } else this.#scheduleNext()
  }

  #scheduleNext(): void {
    this.#cancelNext?.()
    if (!this.#isRunning) return
    this.#cancelNext = timers.after(this.#settings.interval * (1 - Math.random() * JITTER), () => {
      void this.#read()
    })
  }

  #succeed(now: number, elapsed: number): void {
    const { maxStaleness, acceptsStale } = this.#settings
    this.#asOf = now
    this.#failure = undefined
    const { set } = this.#local
    set.freshUntil = acceptsStale ? Number.POSITIVE_INFINITY : this.#freshUntil()
    this.#cancelExpiry?.()
    // In addition to the wall clock, which may be set back.
    if (!acceptsStale) {
      this.#cancelExpiry = timers.after(Math.max(0, elapsed + maxStaleness - timers.elapsed()), () => {
        set.freshUntil = Number.NEGATIVE_INFINITY
      })
    }
    if (this.#isReported) this.#local.tell('store_recovered', 'the revocations can be read again', [])
    this.#isReported = false
    this.#wake(undefined)
  }

  #fail(failure: string): void {
    this.#failure = failure
    if (this.#settings.acceptsStale) this.#local.set.freshUntil = Number.POSITIVE_INFINITY
    if (!this.#isReported && !this.#mayConnect()) {
      this.#isReported = true
      this.#local.tell('store_failing', `the revocations cannot be read: ${failure}`, [])
    }
    this.#wake(failure)
  }

  /** What is wrong with the clock of this process, or with that of the store. */
  #clockProblem(): string | undefined {
    const lead = this.#clock.lastLead
    return Math.abs(lead) > this.#local.tolerance ? clockDifference(lead) : undefined
  }

  /** Reports a difference of the clocks once. */
  #reportClock(): void {
    const problem = this.#clockProblem()
    if (problem !== undefined && !this.#isClockReported) this.#local.tell('clock_differs', problem, [])
    this.#isClockReported = problem !== undefined
  }

  /** Whether the application may still connect its client, so that a failure is not reported yet. */
  #mayConnect(): boolean {
    if (this.#asOf !== undefined || this.#startedAt === undefined || this.#waiting.length > 0) return false
    return timers.elapsed() < this.#startedAt + DEADLINE
  }

  #wake(failure: string | undefined): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake(failure)
  }
}

function createWriteTimeout(): Error {
  return new Error(`writing takes longer than ${DEADLINE} s`)
}
