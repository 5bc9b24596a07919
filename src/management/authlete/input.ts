import { ConfigurationError } from '../../options/configuration-error.js'
import { duration } from '../../options/duration.js'
import { readOptions } from '../../options/read-options.js'
import { custom, mapped, mismatch, type Reader, type Result, type Table } from '../../options/reader.js'
import { listOf, nonEmptyString, record, string } from '../../options/readers.js'

/**
 * Reads the input of an operation. Only what was given is in the result, because the result is sent: every value is
 * checked before that.
 */
export function readInput<T extends Table>(where: string, input: unknown, table: T): Partial<Result<T>> {
  const read = Object.entries(readOptions(where, input, table))
  return Object.fromEntries(read.filter(([, value]) => value !== undefined)) as Partial<Result<T>>
}

/** Exactly one of these names must be given: two would leave it to Authlete which of them counts. */
export function onlyOne(where: string, given: object, names: readonly string[]): string {
  const [first, second] = names.filter((name) => Object.hasOwn(given, name))
  if (first === undefined) throw new ConfigurationError(where, `needs one of ${names.join(', ')}`)
  if (second !== undefined)
    throw new ConfigurationError(where, `takes ${first} or ${second}, not both: only one would count`)
  return first
}

/** These names exclude each other: one of them would have no effect. */
export function notBoth(where: string, given: object, one: string, other: string): void {
  if (Object.hasOwn(given, one) && Object.hasOwn(given, other)) {
    throw new ConfigurationError(`${where}.${other}`, `has no effect beside ${one}: leave one of them out`)
  }
}

/** These names are needed. */
export function needed(where: string, given: object, ...names: readonly string[]): void {
  const missing = names.find((name) => !Object.hasOwn(given, name))
  if (missing !== undefined) throw new ConfigurationError(`${where}.${missing}`, 'is required')
}

/** True, or left out: `false` would read as if something were switched off. */
export const onlyTrue: Reader<true> = custom('true', (option, value) => {
  if (value !== true) throw mismatch(option, value, 'must be true, or be left out')
  return true
})

/** A client's number, as a string of digits or as a number that holds it exactly. */
export const clientNumber: Reader<string> = custom('string or integer', (option, value) => {
  const digits = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value
  if (typeof digits !== 'string' || !/^[1-9]\d{0,18}$/.test(digits)) {
    throw mismatch(option, value, "must be the client's number, as a string of digits where it is long")
  }
  return digits
})

/** A hash of a token, as Authlete lists them: SHA-256 in base64url. Also a thumbprint of a certificate or key. */
export const hash = string({
  pattern: /^[\w-]{43}$/,
  expectation: 'must be a SHA-256 value in base64url: 43 characters',
})

/** Scopes: a string with spaces, or a list of single ones (RFC 6749 section 3.3). May be empty. */
export const scopes = custom('string or list', (option, value) => {
  const list: unknown = typeof value === 'string' ? value.split(' ').filter((word) => word !== '') : value
  const isScope = (item: unknown): boolean =>
    typeof item === 'string' && /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(item)
  if (!Array.isArray(list) || !list.every(isScope)) {
    throw mismatch(option, value, "must be scopes: 'a b' or ['a', 'b']")
  }
  return list as readonly string[]
})

/** A list of non-empty strings. */
export const strings = listOf(nonEmptyString)

/** Resource indicators: absolute URIs without a fragment (RFC 8707 section 2). */
export const resources = mapped(strings, (list, option) => {
  if (list.every((item) => URL.canParse(item) && !item.includes('#'))) return list
  throw new ConfigurationError(option, 'must be a list of absolute URIs without a fragment')
})

/** An absolute URI. */
export const uri = mapped(nonEmptyString, (value, option) => {
  if (URL.canParse(value)) return value
  throw new ConfigurationError(option, 'must be an absolute URI')
})

/** A {@link Duration} in whole seconds. */
function wholeSeconds(min: string, hint: string): Reader<number> {
  return mapped(duration({ min }), (seconds, option) => {
    if (Number.isInteger(seconds)) return seconds
    throw new ConfigurationError(option, `must be whole seconds${hint}`)
  })
}

/** How long a token lives. At Authlete 0 is the service's default, which nobody expects of a 0. */
export const lifetime = wholeSeconds('1s', "; without it the service's default holds")

/** An age, which may be 0. */
export const age = wholeSeconds('0s', '')

/** The latest moment that is taken for one in seconds: in the year 5138, or 1973 if it were in milliseconds. */
const LATEST_SECONDS = 1e11

const epochSeconds = custom('number', (option, value) => {
  if (typeof value === 'number' && value > 0 && value < LATEST_SECONDS) return value
  throw mismatch(option, value, 'must be in seconds since the epoch, not in milliseconds')
})

/** A moment in seconds since the epoch, which is sent in milliseconds. */
export const momentInMilliseconds = mapped(epochSeconds, (seconds) => Math.round(seconds * 1000))

/** A moment in seconds since the epoch, which is sent in whole seconds. */
export const momentInSeconds = mapped(epochSeconds, (seconds) => Math.floor(seconds))

/** A JSON object, which is sent as a string. */
export const jsonString = mapped(record, (value, option) => {
  try {
    return JSON.stringify(value, (_name, item: unknown) => {
      if (!isJson(item)) throw new TypeError('not JSON')
      return item
    })
  } catch {
    throw new ConfigurationError(option, 'must be JSON: no undefined, NaN, function or circle in it')
  }
})

/** What `JSON.stringify` would leave out or write as null would be missing without a word. */
function isJson(item: unknown): boolean {
  return item === null || ['string', 'boolean', 'object'].includes(typeof item) || Number.isFinite(item)
}

/** A list of objects of the same table, each sent with what was given of it. */
export function objects<T extends Table>(table: T): Reader<readonly Partial<Result<T>>[]> {
  return listOf(custom('object', (option, value) => readInput(option, value, table)))
}
