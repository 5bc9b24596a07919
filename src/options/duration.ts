import { custom, mismatch, type Reader } from './reader.js'

/**
 * Duration: a number of **seconds**, or an integer with a unit, such as `'250ms'`, `'90s'`, `'15m'`, `'1h'` or `'7d'`.
 * At least 0 and at most 100 years (`'36500d'`).
 */
export type Duration = number | string

const SECONDS_PER_UNIT: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }
const LONGEST = '36500d'

/**
 * Converts a {@link Duration} to seconds. Duration libraries accept more than is safe here: negative values, months, and
 * strings without a unit.
 *
 * @throws ConfigurationError that names the option if the value is not a duration within the bounds.
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
    /** Name of another duration that is the minimum of this one. It must precede this one in the table. */
    readonly atLeast?: string
  } = {},
): Reader<number> {
  const { min = '0s', max = LONGEST, default: fallback, atLeast } = options
  const describe = { type: 'Duration', bounds: { min: atLeast ?? min, max }, default: fallback }
  const [minSeconds, maxSeconds, defaultSeconds] = [secondsOf(min), secondsOf(max), secondsOf(fallback)]
  return custom(describe, (option, value, siblings) => {
    const minimum = atLeast === undefined ? minSeconds : Number(siblings?.[atLeast])
    if (value === undefined && fallback !== undefined) return Math.max(defaultSeconds, minimum)
    return parseDuration(option, value, { min: minimum, max: maxSeconds })
  })
}

function secondsOf(value: unknown): number {
  if (typeof value === 'number') return value
  const match = typeof value === 'string' ? /^(\d{1,15})(ms|s|m|h|d)$/.exec(value) : null
  if (match === null) return Number.NaN
  const [, amount = '', unit = ''] = match
  // Divided, because 700 * 0.001 is 0.7000000000000001, which messages would show.
  if (unit === 'ms') return Number(amount) / 1000
  return Number(amount) * (SECONDS_PER_UNIT[unit] ?? Number.NaN)
}
