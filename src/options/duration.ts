import { ConfigurationError } from './configuration-error.js'

/**
 * A length of time: a number of **seconds**, or a whole number with a unit: `'250ms'`, `'90s'`, `'15m'`,
 * `'1h'`, `'7d'`. Never negative, never more than 100 years.
 */
export type Duration = number | string

const SECONDS_PER_UNIT: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 }
const LONGEST_SECONDS = 100 * 365 * 86_400

/**
 * Reads a {@link Duration} option as seconds. A duration library would accept more than is safe here
 * (negative values, months, bare numbers in a string whose unit the reader has to guess).
 *
 * @throws ConfigurationError naming the option, for anything that is not a duration within bounds.
 */
export function parseDuration(
  option: string,
  value: unknown,
  bounds: { readonly min?: number; readonly max?: number } = {},
): number {
  const seconds =
    typeof value === 'number' ? value : typeof value === 'string' ? secondsOf(value) : Number.NaN
  const min = bounds.min ?? 0
  const max = bounds.max ?? LONGEST_SECONDS
  if (!Number.isFinite(seconds) || seconds < min || seconds > max) {
    throw new ConfigurationError(
      option,
      `must be a number of seconds or a string like '90s', '15m' or '1h', from ${min} to ${max} seconds`,
    )
  }
  return seconds
}

/** {@link parseDuration} for an option that may be left out. */
export function durationOr(
  option: string,
  value: unknown,
  fallbackSeconds: number,
  bounds?: { readonly min?: number; readonly max?: number },
): number {
  return value === undefined ? fallbackSeconds : parseDuration(option, value, bounds)
}

function secondsOf(text: string): number {
  const match = /^(\d{1,15})(ms|s|m|h|d)$/.exec(text)
  if (match === null) return Number.NaN
  const [, amount = '', unit = ''] = match
  return Number(amount) * (SECONDS_PER_UNIT[unit] ?? Number.NaN)
}
