import type { Refusal } from '../model/refusal/refusal.js'
import type { Clock } from '../util/clock.js'
import type { Entry } from './entry.js'
import type { RevocationSet } from './revocation-set.js'
import type { RevocationResult, Revocations, RevocationsHealth } from './revocations.js'

/** Store of revocations, which makes them known to other processes. */
export interface RevocationStore {
  /**
   * Makes entries known to other processes. They are already in the set of this process.
   *
   * @returns the number of replicas that have confirmed them.
   */
  append(entries: readonly Entry[]): Promise<number>
  /** Waits until the entries of the store are known. */
  ready(): Promise<void>
  /** Reads the store now, because a caller waits for an entry. */
  nudge(): void
  health(): Omit<RevocationsHealth, 'entries'>
  /** Seconds by which the clock of the store is ahead of that of this process, negative if it is behind; 0 if that is unknown. */
  lead(): number | Promise<number>
  /** Refuses a token that was not found in the set, if the set must not be relied on at this time. */
  refuseStale(now: number): Refusal | undefined
  /** Starts reading the store regularly. */
  start(): void
  /** Stops reading it. */
  stop(): void
}

/** Parts of revocations that a verifier uses. */
export interface RevocationsInternals {
  readonly set: RevocationSet
  /** Adds entries to the set and to the store. */
  append(entries: readonly Entry[]): Promise<RevocationResult>
  refuseStale(now: number): Refusal | undefined
  /** See {@link RevocationStore.lead}. */
  lead(): number | Promise<number>
  /**
   * Connects a verifier. Revocations without a `clock` take that of the first verifier.
   *
   * @param tolerance - maximum clock difference of the verifier, in seconds.
   * @returns a function that disconnects it. After the last one the store is no longer read.
   */
  attach(clock: Clock, tolerance: number): () => void
}

/** Shared by all copies of the package with the same internals. Increase the number when they change. */
const INTERNALS = Symbol.for('m2m-guard@0/revocations-internals/2')

/** Attaches the internals. They are not enumerable, so that a copy of the methods lacks them. */
export function setRevocationsInternals(revocations: Revocations, internals: RevocationsInternals): void {
  Object.defineProperty(revocations, INTERNALS, { value: internals })
}

/** Returns the internals; `undefined` for an object that this package did not create. */
export function revocationsInternalsOf(value: unknown): RevocationsInternals | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, INTERNALS)) return undefined
  return (value as { readonly [INTERNALS]?: RevocationsInternals })[INTERNALS]
}
