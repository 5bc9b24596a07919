import { randomBytes } from 'node:crypto'
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

/** Returns a JWT in a valid form, of an issuer that does not exist, with a random signature. */
export function invalidToken(): string {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const header = { alg: 'RS256', typ: 'at+jwt', kid: 'm2m-guard-audit' }
  const claims = { iss: 'https://m2m-guard-audit.invalid', sub: 'm2m-guard-audit', exp: 4_102_444_800 }
  return `${encode(header)}.${encode(claims)}.${randomBytes(256).toString('base64url')}`
}
