import { custom, mismatch, type Reader } from './reader.js'

/**
 * A length of time: a number of **seconds**, or an integer with a unit: `'250ms'`, `'90s'`, `'15m'`,
 * `'1h'`, `'7d'`. Never negative, never more than 100 years.
 */
export type Duration = number | string

const SECONDS_PER_UNIT: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 }
const LONGEST = '36500d'

/**
 * Reads a {@link Duration} option as seconds. A duration library would accept more than is safe here
 * (negative values, months, bare numbers in a string whose unit the reader has to guess).
 *
 * @throws ConfigurationError naming the option, for anything that is not a duration within bounds.
 */
export function parseDuration(
  option: string,
  value: unknown,
  { min = 0, max = secondsOf(LONGEST) }: { readonly min?: number; readonly max?: number } = {},
): number {
  const seconds = secondsOf(value)
  if (!Number.isFinite(seconds) || seconds < min || seconds > max) {
    throw mismatch(
      option,
      value,
      `must be a number of seconds or a string like '90s', '15m' or '1h', from ${min} to ${max} seconds`,
    )
  }
  return seconds
}

/** Reads a {@link Duration} within bounds, as seconds. */
export function duration(
  options: {
    readonly min?: Duration
    readonly max?: Duration
    readonly default?: Duration
    /** Another duration of the same table, listed before this one, that this one must not be below. */
    readonly atLeast?: string
  } = {},
): Reader<number> {
  const { min = '0s', max = LONGEST, default: fallback, atLeast } = options
  const describe = { type: 'Duration', bounds: { min: atLeast ?? min, max }, default: fallback }
  const [least, most, usual] = [secondsOf(min), secondsOf(max), secondsOf(fallback)]
  return custom(describe, (option, value, siblings) => {
    const sibling = atLeast === undefined ? least : Number(siblings?.[atLeast])
    if (value === undefined && fallback !== undefined) return Math.max(usual, sibling)
    return parseDuration(option, value, { min: sibling, max: most })
  })
}

function secondsOf(value: unknown): number {
  if (typeof value === 'number') return value
  const match = typeof value === 'string' ? /^(\d{1,15})(ms|s|m|h|d)$/.exec(value) : null
  if (match === null) return Number.NaN
  const [, amount = '', unit = ''] = match
  return Number(amount) * (SECONDS_PER_UNIT[unit] ?? Number.NaN)
}
