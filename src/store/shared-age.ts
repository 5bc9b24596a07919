import type { Clock } from '../util/clock.js'
import { parseJson } from '../util/json.js'
import { isRecord, number, type UntrustedObject } from '../util/members.js'

/** When a stored value was obtained and stored. */
export interface StoredTimes {
  /** Time of the request to the issuer, in seconds since the epoch, by the clock of the process that sent it. */
  readonly at: number
  /** Seconds from the request to the writing. */
  readonly age: number
  /** Milliseconds for which it was stored. */
  readonly ttl: number
}

/** Reads a stored JSON object with its times; `undefined` for anything else. */
export function parseStored(
  text: string,
): { readonly times: StoredTimes; readonly stored: UntrustedObject } | undefined {
  const stored = parseJson(text)
  if (!isRecord(stored)) return undefined
  const at = number(stored, 'at')
  const age = number(stored, 'age')
  const ttl = number(stored, 'ttl')
  if (at === undefined || age === undefined || ttl === undefined) return undefined
  return { times: { at, age, ttl }, stored }
}

/**
 * Returns the age of a stored value in seconds: the larger of the age by the wall clocks of both processes, which may differ, and
 * the age by the clock of the store.
 *
 * @param millisecondsLeft - milliseconds until the store drops it.
 * @param sentElapsed - monotonic time before the store was read.
 */
export function ageOf(
  { at, age, ttl }: StoredTimes,
  millisecondsLeft: number,
  clock: Clock,
  sentElapsed: number,
): number {
  const now = clock.now()
  const byStore = age + (ttl - millisecondsLeft) / 1000 + (clock.elapsed(now) - sentElapsed)
  return Math.max(now - at, byStore, 0)
}
