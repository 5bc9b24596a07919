import { ConfigurationError } from '../../options/configuration-error.js'
import { custom, mismatch, type Reader } from '../../options/reader.js'

/** Token of the option `token`, or a function that returns one for each request. */
export type TokenSource = string | (() => string | Promise<string>)

/** Syntax of a token (RFC 6750 section 2.1). */
const TOKEN = /^[\w.~+/-]+=*$/

const EXPECTATION = "without 'Bearer': letters, digits and -._~+/ only"

/** Reads the option `token`. Its error does not contain the value. */
export const token: Reader<TokenSource> = custom('string, or function that returns one', (option, value) => {
  if (typeof value === 'function') return value as TokenSource
  if (isToken(value)) return value
  throw mismatch(option, value, `must be a token ${EXPECTATION}, or a function that returns one`)
})

/**
 * Returns the token for a request.
 *
 * @throws ConfigurationError if the function returns something else than a token.
 */
export async function tokenOf(source: TokenSource): Promise<string> {
  const value: unknown = typeof source === 'string' ? source : await source()
  if (isToken(value)) return value
  throw new ConfigurationError('assertEveryRouteIsGuarded.token', `must return a token ${EXPECTATION}`)
}

function isToken(value: unknown): value is string {
  return typeof value === 'string' && TOKEN.test(value)
}
