import { ownOptions } from '../../options/read-options.js'
import { flag, requiredText } from '../../options/readers.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import { isScopeToken, splitScopes } from '../../model/scopes.js'
import { isRecord } from '../../util/members.js'
import { parseDuration } from '../../options/duration.js'

/** Validates one property of an operation's input and returns the value to send. */
export type Reader = (where: string, value: unknown) => unknown

/** One reader for each property of an operation's input. */
export type Readers<T> = Readonly<Record<keyof T & string, Reader>>

/** Reads the input of an operation. Unknown properties are refused, and every property is validated before a request is sent. */
export function readInput<T extends object>(
  where: string,
  input: T,
  readers: Readers<T>,
): Readonly<Partial<Record<keyof T & string, unknown>>> {
  const known = Object.fromEntries(Object.keys(readers).map((name) => [name, true]))
  const own = ownOptions(where, input, known as Readonly<Record<keyof T & string, true>>)
  const read = Object.entries(own)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, readers[name as keyof T & string](`${where}.${name}`, value)] as const)
  return Object.fromEntries(read) as Readonly<Partial<Record<keyof T & string, unknown>>>
}

/** Requires exactly one of these properties and returns its name. With two of them, Authlete would silently ignore one. */
export function requireExactlyOne(where: string, fields: object, names: readonly string[]): string {
  const [first, second] = names.filter((name) => Object.hasOwn(fields, name))
  if (first === undefined) throw new ConfigurationError(where, `needs one of ${names.join(', ')}`)
  if (second !== undefined)
    throw new ConfigurationError(where, `takes ${first} or ${second}, not both: only one would count`)
  return first
}

/** Refuses two properties that exclude each other, because one of them would have no effect. */
export function refuseBoth(where: string, fields: object, one: string, other: string): void {
  if (Object.hasOwn(fields, one) && Object.hasOwn(fields, other)) {
    throw new ConfigurationError(`${where}.${other}`, `has no effect beside ${one}: leave one of them out`)
  }
}

/** Requires all of these properties. */
export function requireFields(where: string, fields: object, ...names: readonly string[]): void {
  const missing = names.find((name) => !Object.hasOwn(fields, name))
  if (missing !== undefined) throw new ConfigurationError(`${where}.${missing}`, 'is required')
}

export const text: Reader = requiredText

export const trueOrFalse: Reader = (where, value) => flag(where, value, false)

/** Accepts `true` only, because `false` would read as if something were switched off. */
export const onlyTrue: Reader = (where, value) => {
  if (value !== true) throw new ConfigurationError(where, 'must be true, or be left out')
  return true
}

/** A whole number from 0. */
export const index: Reader = (where, value) => {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new ConfigurationError(where, 'must be a whole number from 0')
  }
  return value
}

/** A client's number or alias. A number that JavaScript would round must be a string. */
export const clientId: Reader = (where, value) => {
  if (typeof value !== 'number') return requiredText(where, value)
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new ConfigurationError(where, "must be the client's number or alias; pass a long number as a string")
}

/** A {@link clientId} as a string, for `clientIdentifier` on the wire. */
export const clientIdentifier: Reader = (where, value) => String(clientId(where, value))

/** The fields with Authlete's names for those that have another name here. */
export function renameFields(
  fields: Readonly<Record<string, unknown>>,
  names: Readonly<Record<string, string>>,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [names[name] ?? name, value]))
}

/** A hash of a token, as Authlete lists them: SHA-256 in base64url. Also a thumbprint of a certificate or key. */
export const hash: Reader = (where, value) => {
  if (typeof value !== 'string' || !/^[\w-]{43}$/.test(value)) {
    throw new ConfigurationError(where, 'must be a SHA-256 value in base64url: 43 characters')
  }
  return value
}

/** Scopes: a text with spaces, or a list of single ones (RFC 6749 section 3.3). Empty is none. */
export const scopes: Reader = (where, value) => {
  const list: unknown = typeof value === 'string' ? splitScopes(value) : value
  if (!Array.isArray(list) || !list.every(isScopeToken)) {
    throw new ConfigurationError(where, "must be scopes: 'a b' or ['a', 'b']")
  }
  return list
}

/** A list of texts, none of them empty. */
export const texts: Reader = (where, value) => {
  if (!Array.isArray(value)) throw new ConfigurationError(where, 'must be a list of texts')
  return value.map((item, at) => requiredText(`${where}[${at}]`, item))
}

/** Resource indicators: absolute URIs without a fragment (RFC 8707 section 2). */
export const resources: Reader = (where, value) => {
  const list = texts(where, value) as readonly string[]
  if (!list.every((uri) => URL.canParse(uri) && !uri.includes('#'))) {
    throw new ConfigurationError(where, 'must be a list of absolute URIs without a fragment')
  }
  return list
}

/** An absolute URI. */
export const uri: Reader = (where, value) => {
  if (!URL.canParse(requiredText(where, value)))
    throw new ConfigurationError(where, 'must be an absolute URI')
  return value
}

/** A {@link Duration} in whole seconds. */
function wholeSeconds(min: number, hint: string): Reader {
  return (where, value) => {
    const seconds = parseDuration(where, value, { min })
    if (!Number.isInteger(seconds)) throw new ConfigurationError(where, `must be whole seconds${hint}`)
    return seconds
  }
}

/** How long a token lives. At Authlete 0 is the service's default, which nobody expects of a 0. */
export const lifetime = wholeSeconds(1, "; without it the service's default holds")

/** An age, which may be 0. */
export const age = wholeSeconds(0, '')

/** The latest moment that is taken for one in seconds: in the year 5138, or 1973 if it were in milliseconds. */
const LATEST_SECONDS = 1e11

function seconds(where: string, value: unknown): number {
  if (typeof value !== 'number' || !(value > 0 && value < LATEST_SECONDS)) {
    throw new ConfigurationError(where, 'must be in seconds since the epoch, not in milliseconds')
  }
  return value
}

/** A moment in seconds since the epoch, which goes out in milliseconds. */
export const momentInMilliseconds: Reader = (where, value) => Math.round(seconds(where, value) * 1000)

/** A moment in seconds since the epoch, which goes out in whole seconds. */
export const momentInSeconds: Reader = (where, value) => Math.floor(seconds(where, value))

/** A JSON object, which goes out as a text. */
export const jsonText: Reader = (where, value) => {
  if (!isRecord(value)) throw new ConfigurationError(where, 'must be an object')
  try {
    return JSON.stringify(value, (_name, item: unknown) => {
      if (!isJson(item)) throw new TypeError('not JSON')
      return item
    })
  } catch {
    throw new ConfigurationError(where, 'must be JSON: no undefined, NaN, function or circle in it')
  }
}

/** What `JSON.stringify` would leave out or write as null would be missing without a word. */
function isJson(item: unknown): boolean {
  return item === null || ['string', 'boolean', 'object'].includes(typeof item) || Number.isFinite(item)
}

/** One of a list of words. */
export function oneOf(words: readonly string[]): Reader {
  return (where, value) => {
    if (typeof value !== 'string' || !words.includes(value)) {
      throw new ConfigurationError(where, `must be one of ${words.join(', ')}`)
    }
    return value
  }
}

/** A list of objects, each read by the same readers. */
export function listOf<T extends object>(readers: Readers<T>, ...required: readonly string[]): Reader {
  return (where, value) => {
    if (!Array.isArray(value)) throw new ConfigurationError(where, 'must be a list')
    return value.map((item, at) => {
      const read = readInput(`${where}[${at}]`, item as T, readers)
      requireFields(`${where}[${at}]`, read, ...required)
      return read
    })
  }
}
