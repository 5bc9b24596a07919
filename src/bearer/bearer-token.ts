import { Refusal } from '../model/refusal.js'

/** What the guard reads of a request: Node's `IncomingMessage`, a fetch `Request`, or anything alike. */
export interface GuardedRequest {
  readonly method?: string | undefined
  /** Path and query, or the whole address. Only ever reported, without its query. */
  readonly url?: string | undefined
  /** The address before a framework cut a mount path off it; reported in place of `url`. */
  readonly originalUrl?: string | undefined
  /** Node's header object (lower-case names) or a `Headers`. */
  readonly headers: HeaderObject | HeaderReader
  /** Node's flat list of names and values: the only place where a second `Authorization` header shows. */
  readonly rawHeaders?: readonly string[] | undefined
}

/** Node's `req.headers`. */
export type HeaderObject = Readonly<Record<string, string | readonly string[] | undefined>>

/** The part of `Headers` that is needed. */
export interface HeaderReader {
  get(name: string): string | null
}

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
  if (authorization instanceof Refusal) return authorization
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
  if (typeof value === 'string' || value === undefined || value instanceof Refusal) return value
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

/** The request's path without its query, which may hold secrets. */
export function pathOf({ originalUrl, url }: GuardedRequest): string | undefined {
  const address: unknown = originalUrl ?? url
  if (typeof address !== 'string') return undefined
  const path = address.startsWith('/') || !URL.canParse(address) ? address : new URL(address).pathname
  return path.split(/[?#]/, 1)[0]
}

/** The form of a refused request's body: the OAuth members, or RFC 9457 problem details. */
export type RefusalBody = 'oauth' | 'problem'

/** A refusal as it goes over the wire. */
export interface RefusalAnswer {
  readonly status: number
  /** The refusal's headers and the `Content-Type`. */
  readonly headers: Readonly<Record<string, string>>
  /** JSON text. */
  readonly body: string
}

/** Renders a refusal as an HTTP answer. */
export function answerOf(refusal: Refusal, form: RefusalBody): RefusalAnswer {
  const problem = form === 'problem'
  return {
    status: refusal.status,
    headers: {
      ...refusal.headers,
      'Content-Type': problem ? 'application/problem+json' : 'application/json; charset=utf-8',
    },
    body: JSON.stringify(problem ? problemOf(refusal) : oauthOf(refusal)),
  }
}

/** The body of `token_missing` names no OAuth error either (RFC 6750 section 3.1), but is never without a code. */
const NO_OAUTH_ERROR = 'unauthorized'

function oauthOf(refusal: Refusal): Record<string, unknown> {
  return { error: refusal.error ?? NO_OAUTH_ERROR, error_description: refusal.description }
}

/** RFC 9110 section 15. Not from `node:http`, which takes longer to load than all of the library, also where no server of Node's runs. */
const STATUS_PHRASES: Readonly<Record<Refusal['status'], string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  503: 'Service Unavailable',
}

/** `about:blank`, so the title is the status phrase (RFC 9457 section 4.2.1). */
function problemOf(refusal: Refusal): Record<string, unknown> {
  return {
    type: 'about:blank',
    title: STATUS_PHRASES[refusal.status],
    status: refusal.status,
    detail: refusal.description,
    error: refusal.error ?? NO_OAUTH_ERROR,
    ...(refusal.required === undefined ? {} : { scope: refusal.required.join(' ') }),
  }
}
