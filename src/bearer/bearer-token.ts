import { Refusal, isRefusal } from '../model/refusal.js'
import type { GuardedRequest, HeaderObject, HeaderReader } from '../model/request.js'

/**
 * Credentials with the scheme in any case, one or more spaces, and a b64token and nothing after it
 * (RFC 9110 section 11.4, RFC 6750 section 2.1). A tab ends the scheme as well, and is then malformed:
 * it is no other scheme.
 */
const SCHEME = /^bearer(?:[ \t]|$)/i
const SPACE = 0x20
const CREDENTIALS = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i

/**
 * Takes the token out of the `Authorization` header. Nowhere else is looked: a token in the query, the
 * body or a cookie is no token (RFC 9700 section 4.3.2).
 *
 * @returns the token, whose characters are yet to be judged by `isBearerToken`, or the refusal: `token_missing` without a Bearer header, `token_malformed` for one
 *   that is not RFC 6750 syntax and for several `Authorization` headers.
 */
export function readBearer(request: GuardedRequest): string | Refusal {
  const authorization = authorizationOf(request)
  // The usual spelling. The token's own characters are judged by the verifier, once per token.
  return typeof authorization === 'string' &&
    // eslint-disable-next-line @typescript-eslint/prefer-string-starts-ends-with -- measured: startsWith() is a call, this is not
    authorization.slice(0, 7) === 'Bearer ' &&
    authorization.charCodeAt(7) > SPACE
    ? authorization.slice(7)
    : readUnusual(authorization)
}

function readUnusual(authorization: string | Refusal | undefined): string | Refusal {
  if (isRefusal(authorization)) return authorization
  if (authorization === undefined || !SCHEME.test(authorization)) return new Refusal('token_missing')
  const token = CREDENTIALS.exec(authorization)?.[1]
  return token ?? new Refusal('token_malformed')
}

function authorizationOf({ headers, rawHeaders }: GuardedRequest): string | undefined | Refusal {
  // Node keeps the first of several and hides the rest, while a proxy in front may have judged the last.
  if (rawHeaders !== undefined && countOf('authorization', rawHeaders) > 1)
    return new Refusal('token_malformed')
  const value = isHeaderReader(headers)
    ? (headers.get('authorization') ?? undefined)
    : headerOf(headers, rawHeaders === undefined)
  if (typeof value === 'string' || value === undefined || isRefusal(value)) return value
  return onlyTextOf(value)
}

/** Made by hand, anything may stand there: what is no text must not become one by being read as such. */
function onlyTextOf(values: unknown): string | Refusal {
  const only: unknown = Array.isArray(values) && values.length === 1 ? values[0] : undefined
  return typeof only === 'string' ? only : new Refusal('token_malformed')
}

function isHeaderReader(headers: HeaderObject | HeaderReader): headers is HeaderReader {
  return typeof headers.get === 'function'
}

function headerOf(
  headers: HeaderObject,
  isMadeByHand: boolean,
): string | readonly string[] | undefined | Refusal {
  if (!isMadeByHand && Object.hasOwn(headers, 'authorization')) return headers['authorization']
  // Header objects made by hand, or by gateways that keep the case of names: they may hold one in two cases.
  let found: string | readonly string[] | undefined
  for (const name of Object.keys(headers)) {
    if (!isNamed('authorization', name)) continue
    // Measured: sooner read by its name than by what the loop has found.
    const value = name === 'authorization' ? headers['authorization'] : headers[name]
    // Whatever its type says: some write what is absent as null.
    if (value === undefined || (value as unknown) === null) continue
    if (found !== undefined) return new Refusal('token_malformed')
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
  // The usual spelling and the length first: this runs for every header of every request.
  return candidate === name || (candidate?.length === name.length && candidate.toLowerCase() === name)
}
