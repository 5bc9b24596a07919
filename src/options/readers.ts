import { isRecord, mapItems } from '../util/members.js'
import { ConfigurationError } from './configuration-error.js'
import { custom, mapped, mismatch, type Description, type Reader } from './reader.js'

/** Reads a string, which must match the pattern if there is one. */
export function string(
  options: Partial<Description> & {
    readonly default?: string
    readonly pattern?: RegExp
    readonly expectation?: string
  } = {},
): Reader<string> {
  const { pattern, expectation = 'must be a string', ...description } = options
  return custom({ type: 'string', ...description }, (option, value = options.default) => {
    if (typeof value !== 'string' || pattern?.test(value) === false)
      throw mismatch(option, value, expectation)
    return value
  })
}

/** Reads a non-blank string that is shown to people, such as a reason. It may have several lines. */
export const nonBlankText: Reader<string> = string({
  pattern: /\S/,
  expectation: 'must be a non-empty string',
})

/**
 * White space or format characters at an end of a string, as a file or copying adds them. Anywhere in it: control
 * characters, line separators, invisible characters (U+2800 has no dots), and lone surrogates, which are sent as U+FFFD.
 */
const STRAY_CHARACTERS =
  /^[\s\p{Cf}]|[\s\p{Cf}]$|[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/u

/** Whether a string has white space at an end, or control or invisible characters. */
export function hasStrayCharacters(value: string): boolean {
  return STRAY_CHARACTERS.test(value)
}

/** Message for a string with stray characters. */
export const STRAY_CHARACTERS_PROBLEM =
  'must not begin or end with white space, and must not contain control characters or invisible characters'

/**
 * Reads a non-empty string that is compared or sent. Stray characters are refused, because the string is never
 * trimmed.
 */
export const nonEmptyString: Reader<string> = mapped(nonBlankText, (value, option) => {
  if (hasStrayCharacters(value)) throw new ConfigurationError(option, STRAY_CHARACTERS_PROBLEM)
  return value
})

/** Reads a list of at least one non-empty string. A single string counts as a list. */
export const stringList: Reader<readonly string[]> = custom(
  { type: 'list of strings', bounds: 'at least one' },
  (option, value) => {
    const list: readonly unknown[] = Array.isArray(value) ? value : [value]
    if (list.length === 0) throw mismatch(option, value, 'must not be an empty list')
    return Object.freeze(mapItems(list, (item) => nonEmptyString.read(option, item)))
  },
)

/** Reads a list whose items are read by another reader. */
export function listOf<T>(item: Reader<T>): Reader<readonly T[]> {
  return custom(`list of ${item.describe.type}`, (option, value) => {
    if (!Array.isArray(value)) throw mismatch(option, value, 'must be a list')
    return mapItems<unknown, T>(value, (one, index) => item.read(`${option}[${index}]`, one))
  })
}

/** Reads `true` or `false`. */
export function boolean(options: { readonly default?: boolean } = {}): Reader<boolean> {
  const fallback = options.default
  return custom({ type: 'boolean', default: fallback }, (option, value = fallback) => {
    if (typeof value !== 'boolean') throw mismatch(option, value, 'must be true or false')
    return value
  })
}

interface NumberOptions {
  readonly min: number
  readonly max: number
  readonly default?: number
}

/** Reads an integer within bounds. */
export function integer({ min, max, default: fallback }: NumberOptions): Reader<number> {
  return custom({ type: 'integer', bounds: { min, max }, default: fallback }, (option, value = fallback) => {
    if (!Number.isInteger(value) || Number(value) < min || Number(value) > max)
      throw mismatch(option, value, `must be an integer from ${min} to ${max}`)
    return Number(value)
  })
}

/** Reads a number within bounds. */
export function number({ min, max, default: fallback }: NumberOptions): Reader<number> {
  return custom({ type: 'number', bounds: { min, max }, default: fallback }, (option, value = fallback) => {
    if (typeof value !== 'number' || !(value >= min && value <= max))
      throw mismatch(option, value, `must be a number from ${min} to ${max}`)
    return value
  })
}

/** Reads one of several strings. */
export function oneOf<const T extends string>(values: readonly T[], fallback?: T): Reader<T> {
  const quoted = values.map((value) => `'${value}'`)
  const last = quoted.slice(-1)
  const type = [...(quoted.length > 1 ? [quoted.slice(0, -1).join(', ')] : []), ...last].join(' or ')
  return custom({ type, default: fallback }, (option, value = fallback) => {
    const match = values.find((candidate) => candidate === value)
    if (match === undefined) throw mismatch(option, value, `must be ${type}`)
    return match
  })
}

/** Reads a signal. Any other value would be a signal that aborts nothing, so it is refused. */
export const abortSignal: Reader<AbortSignal> = custom('AbortSignal', (option, value) => {
  if (value instanceof AbortSignal) return value
  throw mismatch(option, value, 'must be an AbortSignal')
})

/** Reads a function. Code that calls it must check its result, because that cannot be checked here. */
export function func<F>(options: { readonly type?: string; readonly default?: F } = {}): Reader<F> {
  const { type = 'function', default: fallback } = options
  return custom({ type, isOptional: fallback !== undefined }, (option, value = fallback) => {
    if (typeof value !== 'function') throw mismatch(option, value, 'must be a function')
    return value as F
  })
}

/** Reads an object that is neither `null` nor a list. Its properties are not checked. */
export const record: Reader<Readonly<Record<string, unknown>>> = custom('object', (option, value) => {
  if (!isRecord(value)) throw mismatch(option, value, 'must be an object')
  return value
})

/** Returns a value unchecked. Code that uses it must check it. */
export function unchecked<T>(type: string, fallback?: T): Reader<T | undefined> {
  const describe = { type, default: fallback, isOptional: true }
  return custom(describe, (_option, value) => (value === undefined ? fallback : (value as T)))
}
