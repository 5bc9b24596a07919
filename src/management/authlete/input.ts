import { ConfigurationError } from '../../options/configuration-error.js'
import { isScopeToken, splitScopes } from '../../model/scopes.js'
import { duration } from '../../options/duration.js'
import { readOptions } from '../../options/read-options.js'
import { custom, mapped, mismatch, type Reader, type Result, type Table } from '../../options/reader.js'
import { listOf, nonEmptyString, record, string } from '../../options/readers.js'
import { isListOf } from '../../util/members.js'

/**
 * Reads the input of an operation: unknown properties are refused, and every property is validated before a request is
 * sent. The result has only the properties that were given, because it is what is sent.
 */
export function readInput<T extends Table>(where: string, input: unknown, table: T): Partial<Result<T>> {
  const read = Object.entries(readOptions(where, input, table))
  return Object.fromEntries(read.filter(([, value]) => value !== undefined)) as Partial<Result<T>>
}

/** Requires exactly one of these properties and returns its name. With two of them, Authlete would silently ignore one. */
export function requireExactlyOne(where: string, fields: object, names: readonly string[]): string {
  const [first, second] = names.filter((name) => Object.hasOwn(fields, name))
  if (first === undefined) throw new ConfigurationError(where, `requires one of ${names.join(', ')}`)
  if (second !== undefined) throw new ConfigurationError(where, `accepts ${first} or ${second}, not both`)
  return first
}

/** Refuses two properties that exclude each other, because one of them would have no effect. */
export function refuseBoth(where: string, fields: object, one: string, other: string): void {
  if (Object.hasOwn(fields, one) && Object.hasOwn(fields, other)) {
    throw new ConfigurationError(`${where}.${other}`, `cannot be combined with ${one}. Remove one of them`)
  }
}

/** Requires all of these properties. */
export function requireFields(where: string, fields: object, ...names: readonly string[]): void {
  const missing = names.find((name) => !Object.hasOwn(fields, name))
  if (missing !== undefined) throw new ConfigurationError(`${where}.${missing}`, 'is required')
}

/** Accepts `true` only, because `false` would read as if something were switched off. */
export const onlyTrue: Reader<true> = custom('true', (option, value) => {
  if (value !== true) throw mismatch(option, value, 'must be true, or be omitted')
  return true
})

/** A client's number or alias. A number that JavaScript would round must be a string. */
export const clientId: Reader<string | number> = custom('string or integer', (option, value) => {
  if (typeof value !== 'number') return nonEmptyString.read(option, value)
  if (Number.isSafeInteger(value) && value > 0) return value
  throw mismatch(option, value, "must be the client's number or alias; pass a long number as a string")
})

/** A {@link clientId} as a string, for `clientIdentifier` on the wire. */
export const clientIdentifier: Reader<string> = mapped(clientId, (value) => String(value))

/** Renames fields to Authlete's names. */
export function renameFields(
  fields: Readonly<Record<string, unknown>>,
  names: Readonly<Record<string, string>>,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [names[name] ?? name, value]))
}

/** Reads a hash of a token as Authlete lists them (SHA-256 in base64url), or a thumbprint of a certificate or key. */
export const hash = string({
  pattern: /^[\w-]{43}$/,
  expectation: 'must be a SHA-256 value in base64url: 43 characters',
})

/** Reads scopes: a space-separated string or a list (RFC 6749 section 3.3). May be empty. */
export const scopes = custom('string or list', (option, value) => {
  const list: unknown = typeof value === 'string' ? splitScopes(value) : value
  if (!isListOf(list, isScopeToken)) {
    throw mismatch(option, value, "must be scopes: 'a b' or ['a', 'b']")
  }
  return list
})

/** Reads a list of non-empty strings. */
export const strings = listOf(nonEmptyString)

/** Reads resource indicators: absolute URIs without a fragment (RFC 8707 section 2). */
export const resources = mapped(strings, (list, option) => {
  if (list.every((item) => URL.canParse(item) && !item.includes('#'))) return list
  throw new ConfigurationError(option, 'must be a list of absolute URIs without a fragment')
})

/** Reads an absolute URI. */
export const uri = mapped(nonEmptyString, (value, option) => {
  if (URL.canParse(value)) return value
  throw new ConfigurationError(option, 'must be an absolute URI')
})

/** Reads a {@link Duration} in whole seconds. */
function wholeSeconds(min: string, hint: string): Reader<number> {
  return mapped(duration({ min }), (seconds, option) => {
    if (Number.isInteger(seconds)) return seconds
    throw new ConfigurationError(option, `must be in whole seconds${hint}`)
  })
}

/** Reads a lifetime. Authlete interprets 0 as the service's default, which is unexpected, so 0 is refused. */
export const lifetime = wholeSeconds('1s', ". Omit it for the service's default")

/** Reads an age, which may be 0. */
export const age = wholeSeconds('0s', '')

/** Maximum number of seconds since the epoch: the year 5138. In milliseconds it would be 1973. */
const LATEST_SECONDS = 1e11

const epochSeconds = custom('number', (option, value) => {
  if (typeof value === 'number' && value > 0 && value < LATEST_SECONDS) return value
  throw mismatch(option, value, 'must be in seconds since the epoch, not in milliseconds')
})

/** Reads seconds since the epoch, which are sent in milliseconds. */
export const momentInMilliseconds = mapped(epochSeconds, (seconds) => Math.round(seconds * 1000))

/** Reads seconds since the epoch, which are sent in whole seconds. */
export const momentInSeconds = mapped(epochSeconds, (seconds) => Math.floor(seconds))

/** Reads a JSON object, which is sent as a string. */
export const jsonString = mapped(record, (value, option) => {
  try {
    return JSON.stringify(value, (_name, item: unknown) => {
      if (!isJson(item)) throw new TypeError('not JSON')
      return item
    })
  } catch {
    throw new ConfigurationError(
      option,
      'must contain JSON values only: no undefined, NaN, function or circular reference',
    )
  }
})

/** `JSON.stringify` would silently omit other values or write them as null. */
function isJson(item: unknown): boolean {
  return item === null || ['string', 'boolean', 'object'].includes(typeof item) || Number.isFinite(item)
}

/** Reads a list of objects with the same fields. */
export function objects<T extends Table>(table: T): Reader<readonly Partial<Result<T>>[]> {
  return listOf(custom('object', (option, value) => readInput(option, value, table)))
}
