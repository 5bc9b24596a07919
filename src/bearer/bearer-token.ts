import { isBearerToken } from './b64token.js'
import { Refusal, isRefusal } from '../model/refusal/refusal.js'
import { explain } from '../model/detail/explain.js'
import type { GuardedRequest, HeaderObject, HeaderReader } from '../model/request.js'
import { phrase, typeOf } from '../util/quote.js'
import {
  AUTHORIZATION,
  refuseMalformedCredentials,
  refuseMalformedToken,
  refuseMissingHeader,
  refuseMissingToken,
  refuseSeveralHeaders,
} from './malformed.js'

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
    // oxlint-disable-next-line typescript/prefer-string-starts-ends-with -- measured: startsWith() is a call, slice() is not
    authorization.slice(0, 7) === 'Bearer ' &&
    authorization.charCodeAt(7) > SPACE
    ? authorization.slice(7)
    : parseCredentials(authorization)
}

/**
 * Reads a bare token, without a scheme, from one header and from no other. For gateways that pass the token in a header of
 * their own.
 *
 * @param name - lower-case name of the header.
 * @returns the token; refusal `token_missing` if the header is absent; refusal `token_malformed` if it is not exactly one
 *   token, and for several headers of this name.
 */
export function readBareToken(request: GuardedRequest, name: string): string | Refusal {
  const value = fieldOf(request, name)
  if (value === undefined) return refuseMissingHeader(name)
  return isRefusal(value) || isBearerToken(value) ? value : refuseMalformedToken(value)
}

/**
 * Returns a request whose `Authorization` header is the bare token of another header, for code that reads only
 * `Authorization`. An absent or malformed token stays absent or malformed.
 */
export function withAuthorizationFrom(request: GuardedRequest, name: string): GuardedRequest {
  const { method, url, originalUrl, headers } = request
  const token = readBareToken(request, name)
  return { method, url, originalUrl, headers: withAuthorization(headers, authorizationFor(token)) }
}

/** A malformed token becomes a scheme without a token, which is malformed too. */
function authorizationFor(token: string | Refusal): string | undefined {
  if (!isRefusal(token)) return `Bearer ${token}`
  return token.reason === 'token_missing' ? undefined : 'Bearer '
}

function withAuthorization(
  headers: HeaderObject | HeaderReader,
  authorization: string | undefined,
): HeaderObject | HeaderReader {
  if (isHeaderReader(headers)) {
    return {
      get: (name) => (isNamed('authorization', name) ? (authorization ?? null) : headers.get(name)),
    }
  }
  const others = Object.entries(headers).filter(([name]) => !isNamed('authorization', name))
  return Object.fromEntries([...others, ['authorization', authorization]])
}

function parseCredentials(authorization: string | Refusal | undefined): string | Refusal {
  if (isRefusal(authorization)) return authorization
  if (authorization === undefined || !SCHEME.test(authorization)) return refuseMissingToken(authorization)
  const token = CREDENTIALS.exec(authorization)?.[1]
  return token ?? refuseMalformedCredentials(authorization)
}

function authorizationOf({ headers, rawHeaders }: GuardedRequest): string | undefined | Refusal {
  // Node keeps the first of several headers and drops the others, while a proxy may have checked the last one.
  if (rawHeaders !== undefined && countOf('authorization', rawHeaders) > 1)
    return refuseSeveralHeaders(AUTHORIZATION)
  const value = isHeaderReader(headers)
    ? (headers.get('authorization') ?? undefined)
    : headerOf(headers, rawHeaders === undefined)
  if (typeof value === 'string' || value === undefined || isRefusal(value)) return value
  return singleStringOf(value, AUTHORIZATION)
}

/** Like {@link authorizationOf}, for any header. Separate, because a constant name is read faster. */
function fieldOf({ headers, rawHeaders }: GuardedRequest, name: string): string | undefined | Refusal {
  if (rawHeaders !== undefined && countOf(name, rawHeaders) > 1) return refuseSeveralHeaders(name)
  const value = isHeaderReader(headers) ? (headers.get(name) ?? undefined) : findHeader(headers, name)
  if (typeof value === 'string' || value === undefined || isRefusal(value)) return value
  return singleStringOf(value, name)
}

/**
 * Reads a list with one string. A custom header object may contain any value, which must not be coerced to a string.
 */
function singleStringOf(values: unknown, header: string): string | Refusal {
  if (Array.isArray(values) && values.length > 1) return refuseSeveralHeaders(header)
  const single: unknown = Array.isArray(values) ? values[0] : values
  if (typeof single === 'string') return single
  const detail = explain('token_malformed', 'type', { header: phrase(header), type: phrase(typeOf(single)) })
  return new Refusal('token_malformed', { detail })
}

function isHeaderReader(headers: HeaderObject | HeaderReader): headers is HeaderReader {
  return typeof headers.get === 'function'
}

function headerOf(
  headers: HeaderObject,
  isCustom: boolean,
): string | readonly string[] | undefined | Refusal {
  if (!isCustom && Object.hasOwn(headers, 'authorization')) return headers['authorization']
  return findHeader(headers, 'authorization')
}

function findHeader(headers: HeaderObject, target: string): string | readonly string[] | undefined | Refusal {
  // A custom header object, or one of a gateway that keeps the case of names, may contain the header in two cases.
  let found: string | readonly string[] | undefined
  for (const name of Object.keys(headers)) {
    if (!isNamed(target, name)) continue
    // Measured: a constant key is read faster than the key of the loop.
    const value = name === 'authorization' ? headers['authorization'] : headers[name]
    // Despite the type, an absent header may be `null`.
    if (value === undefined || (value as unknown) === null) continue
    if (found !== undefined) return refuseSeveralHeaders(target === 'authorization' ? AUTHORIZATION : target)
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
