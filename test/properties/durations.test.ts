import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseDuration } from '../../src/options/duration.js'
import { ConfigurationError } from '../../src/index.js'
import { runs } from './support.js'

const UNITS = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 }
const HUNDRED_YEARS = 100 * 365 * 86_400

function outcomeOf(value: unknown): number | 'refused' {
  try {
    return parseDuration('option', value)
  } catch (error) {
    if (!(error instanceof ConfigurationError) || error.option !== 'option') throw error
    return 'refused'
  }
}

/** Reads character by character, unlike the expression in the code. */
function expected(value: unknown): number | 'refused' {
  if (typeof value === 'number') return within(value)
  if (typeof value !== 'string') return 'refused'
  let digits = 0
  while (digits < value.length && '0123456789'.includes(value.charAt(digits))) digits += 1
  const unit = value.slice(digits)
  if (digits === 0 || digits > 15 || !Object.hasOwn(UNITS, unit)) return 'refused'
  const amount = Number(value.slice(0, digits))
  // Milliseconds are divided, because a factor of 0.001 is not exact.
  return within(unit === 'ms' ? amount / 1000 : amount * UNITS[unit as keyof typeof UNITS])
}

function within(seconds: number): number | 'refused' {
  return seconds >= 0 && seconds <= HUNDRED_YEARS ? seconds : 'refused'
}

const written = fc
  .tuple(
    fc.oneof(
      fc.nat().map(String),
      fc.stringMatching(/^\d{0,18}$/),
      fc.constantFrom('-1', '+1', '1.5', '1e3', ' 1', '٣', '', '0x10', '1_000'),
    ),
    fc.constantFrom(
      'ms',
      's',
      'm',
      'h',
      'd',
      '',
      'S',
      'min',
      'mo',
      'y',
      's ',
      '\n',
      'constructor',
      '__proto__',
    ),
  )
  .map(([amount, unit]) => amount + unit)

test('a duration is a number of seconds or digits with a unit, and nothing else', () => {
  fc.assert(
    fc.property(fc.oneof(written, fc.string(), fc.double(), fc.integer(), fc.anything()), (value) => {
      expect(outcomeOf(value)).toEqual(expected(value))
    }),
    runs(5000),
  )
})

test('a larger number is never a shorter duration', () => {
  fc.assert(
    fc.property(
      fc.nat({ max: 30_000 }),
      fc.nat({ max: 30_000 }),
      fc.constantFrom('ms', 's', 'm', 'h', 'd'),
      (a, b, unit) => {
        const [less, more] = [Math.min(a, b), Math.max(a, b)]
        expect(parseDuration('option', `${less}${unit}`)).toBeLessThanOrEqual(
          parseDuration('option', `${more}${unit}`),
        )
      },
    ),
    runs(1000),
  )
})

test('both bounds are inclusive', () => {
  fc.assert(
    fc.property(fc.nat({ max: 1000 }), fc.nat({ max: 1000 }), fc.nat({ max: 1000 }), (a, b, value) => {
      const bounds = { min: Math.min(a, b), max: Math.max(a, b) }
      const isWithin = value >= bounds.min && value <= bounds.max
      const parse = (): number => parseDuration('option', value, bounds)
      if (isWithin) expect(parse()).toBe(value)
      else expect(parse).toThrow(ConfigurationError)
    }),
    runs(1000),
  )
})
