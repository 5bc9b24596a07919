import { splitWords } from './server/http.js'

/** Splits a space-separated string; a list is returned as it is. */
export function wordsOf(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? splitWords(value) : value
}

/** Rounds down to seconds, as issuers do, unless the duration has a fraction. */
export function wholeUnless(duration: number, now: number): number {
  return Number.isInteger(duration) ? Math.floor(now) : now
}

/** Removes the members that are `undefined`. */
export function withoutUndefined(
  members: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}
