import type { Transport } from '../http/transport/transport.js'
import { clock } from '../options/clock.js'
import { readOptions } from '../options/read-options.js'
import { optional, type Result, type Siblings, type Table, type TableOf } from '../options/reader.js'
import { func, integer, number, unchecked } from '../options/readers.js'
import { duration, type Duration } from '../options/duration.js'
import { allowedOrigins } from './fetch/allowed-origins.js'
import { authenticatedFetch } from './fetch/authenticated-fetch.js'
import { Backoff } from './renewal-pause.js'
import type { GrantContext, Grant, IssuedToken, TokenParameters } from './grants/grant.js'
import { CachedToken, type CachedTokenSettings } from './cached-token.js'
import { TokenCache } from './token-cache.js'
import { TokenSourceError } from './errors.js'
import { within } from '../util/abort.js'
import { tokenParameters, type TokenRequestOptions } from './token-request.js'

/** Which token is meant; what is left out is as the source's own options say. */
export interface TokenRequest extends TokenRequestOptions {
  /** Gives up waiting, alone: others who wait for the same token get it. */
  readonly signal?: AbortSignal
}

/** A source of access tokens for calling other services. */
export interface TokenSource {
  /**
   * A token, for use in the very next request. At once while there is a good one; it is never one that has expired or
   * will within seconds (5 s, of short lives a tenth). Do not keep it: ask again for every request.
   *
   * ```ts
   * // axios
   * api.interceptors.request.use(async (config) => {
   *   config.headers.set('authorization', `Bearer ${await source.getToken()}`)
   *   return config
   * })
   * // undici
   * await request(url, { headers: { authorization: `Bearer ${await source.getToken()}` } })
   * ```
   *
   * @throws TokenSourceError if there is no good token and none can be had; in the pause after a failure at once.
   * @throws ConfigurationError for a wrong `audience`, `resource` or `scopes`.
   * @throws The reason of `signal`, once it is aborted.
   */
  readonly getToken: (request?: TokenRequest) => Promise<string>

  /**
   * `fetch` with a token attached, to the origins of `allowedOrigins` only.
   *
   * - After a 401 it renews the token, or takes one that was renewed meanwhile, and sends the request once more, never
   *   twice. A body that is a stream, that of a `Request` included, can be sent one time only: then the 401 is the answer,
   *   and the token is renewed for the next request.
   *   So it is where no other token can be had, and for 1 s after a renewal because of a 401, doubling to 60 s while
   *   that goes on: an API that refuses good tokens does not wear out the issuer.
   * - Redirects are followed by the rules of the fetch standard, 20 at most. The token goes along within the allowed
   *   origins only; once a redirect has left them it is not attached again. `response.url` is the last address;
   *   `response.redirected` stays `false`.
   * - An `authorization` header of your own is refused.
   *
   * @throws TokenSourceError `request_not_sent` for another origin; and whatever `getToken` and `fetch` throw.
   * @throws ConfigurationError without `allowedOrigins`.
   */
  readonly fetch: (
    url: string | URL | Request,
    init?: RequestInit,
    request?: Omit<TokenRequest, 'signal'>,
  ) => Promise<Response>

  /**
   * Drops a token that an API has refused, if it is still in use: the next `getToken` obtains another. `fetch` does
   * so by itself; this is for other HTTP clients.
   */
  readonly forget: (token: string) => void

  /** Forgets every token and ends what is in flight. Nothing keeps the process alive without it either. */
  readonly close: () => void
}

/** Options of every token source. */
export interface CommonTokenSourceOptions {
  /**
   * The origins that `fetch` may send the token to: `'https://orders.internal'`, one or a list. `https:`, or `http:` on
   * loopback. Without it there is no `fetch`, only `getToken`.
   */
  readonly allowedOrigins?: string | readonly string[]
  /**
   * The part of its lifetime after which a token is renewed in the background, on use, from 0.1 to 0.9. It varies by a
   * tenth of the lifetime, so that many processes do not renew together. Default 0.8.
   */
  readonly renewAt?: number
  /** Bounds one attempt to get a token: reading the secret, discovery and a second try included. Default `'3s'`, at most `'60s'`. */
  readonly deadline?: Duration
  /** The most tokens kept; the least recently used goes first. Default 100. */
  readonly maxTokens?: number
  /** An own fetch, for token requests and for `source.fetch`: a proxy, a private CA. It must obey `redirect: 'manual'`. */
  readonly fetch?: typeof fetch
  /** The time, in milliseconds since the epoch. Default: the system's clocks; lifetimes and pauses then run on elapsed time. */
  readonly clock?: () => number
}

/** The options of every token source. */
export const SOURCE_OPTIONS = {
  allowedOrigins: optional(allowedOrigins),
  renewAt: number({ min: 0.1, max: 0.9, default: 0.8 }),
  deadline: duration({ min: '10ms', max: '60s', default: '3s' }),
  maxTokens: integer({ min: 1, max: 100_000, default: 100 }),
  fetch: optional(func<typeof fetch>()),
  clock,
} satisfies TableOf<CommonTokenSourceOptions>

/** What a kind of source brings along. */
export interface SourceKind {
  /** The factory's name. */
  readonly where: string
  /** What is asked for where a request says nothing. */
  readonly defaults: TokenParameters
  /** The options a request may have, beside `signal`. */
  readonly requestOptions: Table
  /** After how many seconds a token that never expires is renewed. */
  readonly renewNonExpiringAfter: number
  readonly grant: Grant
  /** What the grant sends its requests with. */
  readonly transport: Transport
}

/** Puts a source together. */
export function createSource(kind: SourceKind, options: Result<typeof SOURCE_OPTIONS>): TokenSource {
  const { where, grant } = kind
  const { clock, deadline: seconds } = options
  const closing = new AbortController()
  const settings: CachedTokenSettings = {
    clock,
    renewAt: options.renewAt,
    renewEverlasting: kind.renewNonExpiringAfter,
    issuerPause: new Backoff(clock),
  }
  const sets = new TokenCache(
    options.maxTokens,
    (parameters, pause) =>
      new CachedToken(settings, pause ?? new Backoff(clock), () =>
        obtainWithin(seconds, closing.signal, grant, parameters),
      ),
  )
  const find = (siblings: Siblings): CachedToken => {
    closing.signal.throwIfAborted()
    return sets.of(tokenParameters(siblings, kind.defaults))
  }
  const table = { ...kind.requestOptions, signal: unchecked<AbortSignal>('AbortSignal') }
  const send = authenticatedFetch({
    where,
    allowedOrigins: options.allowedOrigins,
    fetch: options.fetch,
  })
  return Object.freeze({
    getToken: async (request: TokenRequest = {}) => {
      const { signal, ...parameters } = readOptions('getToken', request, table)
      return find(parameters).get(signal)
    },
    fetch: async (url: string | URL | Request, init?: RequestInit, request: TokenRequest = {}) => {
      const parameters = readOptions('fetch', request, table)
      return send(() => find(parameters), url, init)
    },
    forget: (token: string) => {
      sets.forget(token)
    },
    close: () => {
      closing.abort(new TokenSourceError({ reason: 'source_closed', problem: `this ${where} was closed` }))
      sets.clear()
      kind.transport.close()
    },
  })
}

/** One attempt, bounded as a whole; who was waited for at its end is who is to blame. */
function obtainWithin(
  seconds: number,
  closing: AbortSignal,
  grant: Grant,
  parameters: TokenParameters,
): Promise<IssuedToken> {
  let isReading = false
  const reading: GrantContext['reading'] = async (read) => {
    isReading = true
    const value = await read()
    isReading = false
    return value
  }
  const late = (): TokenSourceError =>
    isReading ? credentialTimeoutError(seconds) : issuerTimeoutError(seconds)
  return within({ seconds, signal: closing, late }, (signal) =>
    grant.obtain(parameters, { signal, closing, reading }),
  )
}

function issuerTimeoutError(seconds: number): TokenSourceError {
  return new TokenSourceError({
    reason: 'issuer_unavailable',
    problem: `no token within ${seconds} s`,
    advice: 'It is asked again after a pause',
  })
}

function credentialTimeoutError(seconds: number): TokenSourceError {
  return new TokenSourceError({
    reason: 'credentials_unavailable',
    problem: `the function or promise of the secret or key gave nothing within ${seconds} s`,
    advice: 'Look where it gets it from',
  })
}
