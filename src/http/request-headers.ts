import { within } from '../util/abort.js'
import type { Awaitable } from '../util/awaitable.js'
import { isPlain, isRecord } from '../util/members.js'
import { formatSeconds } from '../util/quote.js'
import { formatErrorCode } from './exchange.js'
import { ExchangeError } from './exchange-error.js'

/** Header names (RFC 9110 section 5.6.2). */
const NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/i

/** Header values (RFC 9110 section 5.5) that every HTTP client sends unchanged. */
const VALUE = /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/

/** Headers that belong to the connection or to the reading of the response. */
const RESERVED = new Set([
  'accept-encoding',
  'connection',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/**
 * Calls the function that returns the headers of a request, and checks them.
 *
 * @param where - name of the function in errors.
 * @returns the headers with names in lower case.
 * @throws ExchangeError if the function or its result throws, if it takes longer than `seconds`, or if it returns an invalid
 * header. The message quotes neither a value, a name that is not well known, nor an error, which may contain a credential.
 */
export async function readRequestHeaders(
  where: string,
  headersOf: () => Awaitable<unknown>,
  seconds: number,
): Promise<Readonly<Record<string, string>>> {
  const late = (): Error => new ExchangeError(`${where} did not return within ${formatSeconds(seconds)}`)
  let entries: readonly [string, unknown][] | undefined
  try {
    entries = await within({ seconds, late }, async () => entriesOf(await headersOf()))
  } catch (error) {
    if (error instanceof ExchangeError) throw error
    throw new ExchangeError(`${where} failed${formatErrorCode(error)}`)
  }
  return checkEntries(where, entries)
}

/**
 * Checks the headers that a custom function returned.
 *
 * @returns the headers with names in lower case.
 * @throws ExchangeError that quotes neither a value nor an error.
 */
export function checkRequestHeaders(where: string, headers: unknown): Readonly<Record<string, string>> {
  let entries: readonly [string, unknown][] | undefined
  try {
    entries = entriesOf(headers)
  } catch (error) {
    throw new ExchangeError(`${where} failed${formatErrorCode(error)}`)
  }
  return checkEntries(where, entries)
}

function checkEntries(
  where: string,
  entries: readonly [string, unknown][] | undefined,
): Readonly<Record<string, string>> {
  if (entries === undefined)
    throw new ExchangeError(`${where} must return an object of header names and values`)
  const checked = new Map<string, string>()
  entries.forEach(([name, value], index) => {
    const problem = problemOf(name, value) ?? (checked.has(name.toLowerCase()) ? 'occurs twice' : undefined)
    if (problem !== undefined) throw new ExchangeError(`${where}: ${nameInError(name, index)} ${problem}`)
    checked.set(name.toLowerCase(), value as string)
  })
  return Object.fromEntries(checked)
}

/** Reads the headers once, because a getter or a proxy may throw, or return another value the next time. */
function entriesOf(headers: unknown): readonly [string, unknown][] | undefined {
  return isRecord(headers) && isPlain(headers) ? Object.entries(headers) : undefined
}

function problemOf(name: string, value: unknown): string | undefined {
  if (!NAME.test(name)) return 'is not a valid header name'
  if (RESERVED.has(name.toLowerCase())) return 'cannot be set'
  if (typeof value !== 'string') return 'must have a string as its value'
  return VALUE.test(value)
    ? undefined
    : 'must have a value of printable ASCII characters without white space at its ends'
}

/** Names that are quoted in errors, besides the reserved ones. */
const WELL_KNOWN = new Set([
  'accept',
  'authorization',
  'cookie',
  'proxy-authorization',
  'user-agent',
  'x-api-key',
])

/** Another name is not quoted, because a value may have been written in its place. */
function nameInError(name: string, index: number): string {
  const lower = name.toLowerCase()
  return WELL_KNOWN.has(lower) || RESERVED.has(lower) ? lower : `header ${index + 1}`
}
