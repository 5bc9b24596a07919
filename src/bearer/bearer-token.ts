import { Refusal, isRefusal } from '../model/refusal.js'
import { explain } from '../model/detail/explain.js'
import type { GuardedRequest, HeaderObject, HeaderReader } from '../model/request.js'
import { phrase, typeOf } from '../util/quote.js'
import { refuseMalformedCredentials, refuseMissingToken, refuseSeveralHeaders } from './malformed.js'

/**
 * Matches the Bearer scheme. A tab after it is malformed (RFC 9110 section 11.4), but does not make it another
 * scheme.
 */
const SCHEME = /^bearer(?:[ \t]|$)/i
const SPACE = 0x20
/** Matches the scheme in any case, at least one space, and a b64token (RFC 9110 section 11.4, RFC 6750 section 2.1). */
const CREDENTIALS = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i

/**
 * Reads the bearer token of a request from its `Authorization` header only. Tokens in the query, the body or a cookie are
 * ignored (RFC 9700 section 4.3.2).
 *
 * @returns the token, whose characters the caller must check with `isBearerToken`; refusal `token_missing` without a
 *   Bearer header; refusal `token_malformed` for a header that is not RFC 6750 syntax, and for several `Authorization`
 *   headers.
 */
export function readBearer(request: GuardedRequest): string | Refusal {
  const authorization = authorizationOf(request)
  // The common spelling. The verifier checks the characters of the token, once per token.
  return typeof authorization === 'string' &&
    // eslint-disable-next-line @typescript-eslint/prefer-string-starts-ends-with -- measured: startsWith() is a call, slice() is not
    authorization.slice(0, 7) === 'Bearer ' &&
    authorization.charCodeAt(7) > SPACE
    ? authorization.slice(7)
    : parseCredentials(authorization)
}

function parseCredentials(authorization: string | Refusal | undefined): string | Refusal {
  if (isRefusal(authorization)) return authorization
  if (authorization === undefined || !SCHEME.test(authorization)) return refuseMissingToken(authorization)
  const token = CREDENTIALS.exec(authorization)?.[1]
  return token ?? refuseMalformedCredentials(authorization)
}

function authorizationOf({ headers, rawHeaders }: GuardedRequest): string | undefined | Refusal {
  // Node keeps the first of several headers and drops the others, while a proxy may have checked the last one.
  if (rawHeaders !== undefined && countOf('authorization', rawHeaders) > 1) return refuseSeveralHeaders()
  const value = isHeaderReader(headers)
    ? (headers.get('authorization') ?? undefined)
    : headerOf(headers, rawHeaders === undefined)
  if (typeof value === 'string' || value === undefined || isRefusal(value)) return value
  return singleStringOf(value)
}

/**
 * Reads a list with one string. A custom header object may contain any value, which must not be coerced to a string.
 */
function singleStringOf(values: unknown): string | Refusal {
  if (Array.isArray(values) && values.length > 1) return refuseSeveralHeaders()
  const single: unknown = Array.isArray(values) ? values[0] : values
  if (typeof single === 'string') return single
  const type = phrase(typeOf(single))
  return new Refusal('token_malformed', { detail: explain('token_malformed', 'type', { type }) })
}

function isHeaderReader(headers: HeaderObject | HeaderReader): headers is HeaderReader {
  return typeof headers.get === 'function'
}

function headerOf(
  headers: HeaderObject,
  isCustom: boolean,
): string | readonly string[] | undefined | Refusal {
  if (!isCustom && Object.hasOwn(headers, 'authorization')) return headers['authorization']
  // A custom header object, or one of a gateway that keeps the case of names, may contain the header in two cases.
  let found: string | readonly string[] | undefined
  for (const name of Object.keys(headers)) {
    if (!isNamed('authorization', name)) continue
    // Measured: a constant key is read faster than the key of the loop.
    const value = name === 'authorization' ? headers['authorization'] : headers[name]
    // Despite the type, an absent header may be `null`.
    if (value === undefined || (value as unknown) === null) continue
    if (found !== undefined) return refuseSeveralHeaders()
    found = value
  }
  return found
}

function countOf(name: string, rawHeaders: readonly string[]): number {
  let count = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (isNamed(name, rawHeaders[index])) count += 1
  }
  return count
}

function isNamed(name: string, candidate: string | undefined): boolean {
  // Compares the lower-case name and the length first, because this runs for every header of every request.
  return candidate === name || (candidate?.length === name.length && candidate.toLowerCase() === name)
}
