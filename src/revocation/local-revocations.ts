import type { RevocationEvent, RevocationEventKind, RevocationObserver } from '../model/revocation.js'
import { revocationChannel } from '../telemetry/channels.js'
import { deliver } from '../telemetry/deliver.js'
import { ObserverList } from '../telemetry/observer-list.js'
import type { Clock } from '../util/clock.js'
import { timers } from '../util/timers.js'
import { describeEntry, toRevocation, type Entry } from './entry.js'
import { RevocationSet } from './revocation-set.js'

/** Kinds of events that cause a process warning if there is no observer. */
const WARNINGS: ReadonlySet<RevocationEventKind> = new Set([
  'store_failing',
  'entry_skipped',
  'entry_coarsened',
  'clock_differs',
])

/** Maximum clock tolerance of a verifier, in seconds. */
export const MAX_TOLERANCE = 60

/** Caller that waits until entries are refused. */
interface Waiter {
  readonly entries: readonly Entry[]
  readonly resolve: (isReached: boolean) => void
}

/** Settings of {@link LocalRevocations}. */
export interface LocalSettings {
  readonly maxEntries: number
  /** Clock of the options; `undefined` to take that of the first verifier. */
  readonly clock: Clock | undefined
  readonly systemClock: Clock
  readonly observer: RevocationObserver | undefined
}

/** The revocations that this process knows, with its clock, its observer and the callers that wait for entries. */
export class LocalRevocations {
  readonly set: RevocationSet
  readonly #observers = new ObserverList<RevocationEvent>()
  readonly #waiters = new Set<Waiter>()
  readonly systemClock: Clock
  #clock: Clock
  #hasClock: boolean
  #tolerance: number | undefined

  constructor({ maxEntries, clock, systemClock, observer }: LocalSettings) {
    this.set = new RevocationSet(maxEntries)
    this.#clock = clock ?? systemClock
    this.systemClock = systemClock
    this.#hasClock = clock !== undefined
    if (observer !== undefined) this.#observers.add(observer)
  }

  get clock(): Clock {
    return this.#clock
  }

  /** Maximum clock difference, in seconds: the lowest of the verifiers. */
  get tolerance(): number {
    return this.#tolerance ?? MAX_TOLERANCE
  }

  /** Takes the clock of a verifier, unless there is one from the options or from an earlier verifier. */
  adoptClock(clock: Clock, tolerance: number): void {
    this.#tolerance = Math.min(this.tolerance, tolerance)
    if (this.#hasClock) return
    this.#clock = clock
    this.#hasClock = true
  }

  /** Adds entries of this or another process to the set. */
  apply(entries: readonly Entry[]): void {
    const coarsened = this.set.add(entries, this.#clock.now())
    if (coarsened.length > 0) {
      const first = coarsened[0] === undefined ? '' : `, first ${describeEntry(coarsened[0])}`
      const detail = `there are more entries than maxEntries: ${coarsened.length} of them refuse more tokens than was requested${first}`
      this.tell('entry_coarsened', detail, coarsened)
    }
    this.#wakeWaiters()
  }

  /** Whether everything that entries refuse is refused. */
  covers(entries: readonly Entry[]): boolean {
    const now = this.#clock.now()
    return entries.every((entry) => this.set.covers(entry, now))
  }

  /** Waits until everything that entries refuse is refused. Resolves to `false` after a number of seconds. */
  waitFor(entries: readonly Entry[], seconds: number): Promise<boolean> {
    if (this.covers(entries)) return Promise.resolve(true)
    if (seconds === 0) return Promise.resolve(false)
    return new Promise((resolve) => {
      const finish = (isReached: boolean): void => {
        cancel()
        this.#waiters.delete(waiter)
        resolve(isReached)
      }
      const waiter = { entries, resolve: finish }
      const cancel = timers.after(seconds, () => {
        finish(false)
      })
      this.#waiters.add(waiter)
    })
  }

  /** Reports an event. Without an observer, events that need action cause a process warning. */
  tell(kind: RevocationEventKind, detail: string, entries: readonly Entry[]): void {
    if (this.#observers.isEmpty && WARNINGS.has(kind))
      process.emitWarning(detail, { code: 'M2M_GUARD_REVOCATIONS' })
    const createEvent = (): RevocationEvent => ({
      kind,
      detail,
      entries: Object.freeze(entries.map(toRevocation)),
    })
    deliver(createEvent, this.#observers, revocationChannel)
  }

  #wakeWaiters(): void {
    for (const waiter of this.#waiters) if (this.covers(waiter.entries)) waiter.resolve(true)
  }
}
