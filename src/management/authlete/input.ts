import { ownOptions } from '../../options/read-options.js'
import { flag, requiredText } from '../../options/readers.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import { isScopeToken, splitScopes } from '../../model/scopes.js'
import { isRecord } from '../../util/members.js'
import { parseDuration } from '../../options/duration.js'

/** Reads one member of an operation's input, and gives what is sent for it. */
export type Reader = (where: string, value: unknown) => unknown

/** What an operation knows of its input: the names, and how each is read. */
export type Readers<T> = Readonly<Record<keyof T & string, Reader>>

/**
 * Reads the input of an operation: unknown names are refused, and every member that is given is checked before
 * anything is sent.
 */
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

export const text: Reader = requiredText

export const trueOrFalse: Reader = (where, value) => flag(where, value, false)

/** True, or left out: `false` would read as if something were switched off. */
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

/** A client's number, as a text of digits or as a number that holds it exactly. */
export const clientNumber: Reader = (where, value) => {
  const digits = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value
  if (typeof digits !== 'string' || !/^[1-9]\d{0,18}$/.test(digits)) {
    throw new ConfigurationError(where, "must be the client's number, as a text of digits where it is long")
  }
  return digits
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
      needed(`${where}[${at}]`, read, ...required)
      return read
    })
  }
}
