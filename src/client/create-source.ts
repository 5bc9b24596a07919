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

/** Parameters of one token request. Absent parameters default to the options of the source. */
export interface TokenRequest extends TokenRequestOptions {
  /** Aborts waiting for this caller only. Other callers that wait for the same token still receive it. */
  readonly signal?: AbortSignal
}

/** A source of access tokens for calling other services. */
export interface TokenSource {
  /**
   * Returns a token for the next request.
   * A valid cached token is returned immediately. The token is not expired and does not expire within 5 s, or
   * within the last tenth of a short lifetime. Do not store it: call `getToken` for every request.
   *
   * @throws TokenSourceError if no valid token is cached and none can be obtained. During the backoff after a
   * failure the error is thrown immediately.
   * @throws ConfigurationError for an invalid `audience`, `resource` or `scopes`.
   * @throws The reason of `signal` once it is aborted.
   *
   * @example
   * ```ts
   * // axios
   * api.interceptors.request.use(async (config) => {
   *   config.headers.set('authorization', `Bearer ${await source.getToken()}`)
   *   return config
   * })
   * // undici
   * await request(url, { headers: { authorization: `Bearer ${await source.getToken()}` } })
   * ```
   */
  readonly getToken: (request?: TokenRequest) => Promise<string>

  /**
   * Sends a request with a token, only to the origins in `allowedOrigins`. Otherwise the same as the global
   * `fetch`.
   *
   * - After a 401 the token is renewed, unless another caller has renewed it already. The request is then sent
   *   once more, never a third time. The 401 is returned instead if the body is a stream (that of a `Request`
   *   included), because a stream cannot be sent again; the token is then renewed for the next request. The 401
   *   is also returned if no other token can be obtained, and for 1 s after a renewal caused by a 401. This
   *   interval doubles to 60 s while 401 responses continue, so that an API that refuses valid tokens cannot
   *   overload the issuer.
   * - Redirects follow the fetch standard, 20 at most. The token is sent to allowed origins only. After a
   *   redirect to another origin it is not attached again. `response.url` is the last URL; `response.redirected`
   *   stays `false`.
   * - An `authorization` header in the request is a `ConfigurationError`.
   *
   * @throws TokenSourceError `request_not_sent` for an origin that is not allowed, and every error of `getToken`.
   * @throws ConfigurationError without `allowedOrigins`.
   * @throws TypeError and other errors of `fetch`.
   *
   * @example
   * ```ts
   * const response = await source.fetch('https://orders.internal/orders', { method: 'POST', body })
   * ```
   */
  readonly fetch: (
    url: string | URL | Request,
    init?: RequestInit,
    request?: Omit<TokenRequest, 'signal'>,
  ) => Promise<Response>

  /**
   * Drops a token that an API has refused, so that the next `getToken` obtains another. A token that is not
   * cached is ignored. `fetch` calls this itself; other HTTP clients need to call it.
   *
   * @example
   * ```ts
   * if (response.statusCode === 401) source.forget(token)
   * ```
   */
  readonly forget: (token: string) => void

  /**
   * Drops every token and aborts requests in flight. Later calls throw `source_closed`. An open source does not
   * keep the process alive.
   *
   * @example
   * ```ts
   * process.once('SIGTERM', () => source.close())
   * ```
   */
  readonly close: () => void
}

/** Options that every token source has. */
export interface CommonTokenSourceOptions {
  /**
   * Origins that `fetch` may send the token to, such as `'https://orders.internal'`: one or a list. `https:`, or
   * `http:` on loopback. `fetch` requires it; `getToken` does not.
   */
  readonly allowedOrigins?: string | readonly string[]
  /**
   * Fraction of the lifetime after which a token is renewed in the background, when it is used. From 0.1 to 0.9.
   * Jitter of ±0.1 is added, so that many processes do not renew simultaneously.
   *
   * @defaultValue `0.8`
   */
  readonly renewAt?: number
  /**
   * Deadline of one attempt to obtain a token, which includes reading the secret, discovery and a retry. From
   * `'10ms'` to `'60s'`.
   *
   * @defaultValue `'3s'`
   */
  readonly deadline?: Duration
  /**
   * Maximum number of cached tokens, from 1 to 100,000. The least recently used token is evicted first.
   *
   * @defaultValue `100`
   */
  readonly maxTokens?: number
  /**
   * Custom `fetch` for token requests and for `source.fetch`, such as one with a proxy or a private CA. It must
   * obey `redirect: 'manual'`.
   */
  readonly fetch?: typeof fetch
  /**
   * Current time in milliseconds since the epoch, for tests. By default lifetimes and backoff use the monotonic
   * clock.
   *
   * @defaultValue the system clocks
   */
  readonly clock?: () => number
}

/** Readers of {@link CommonTokenSourceOptions}. */
export const SOURCE_OPTIONS = {
  allowedOrigins: optional(allowedOrigins),
  renewAt: number({ min: 0.1, max: 0.9, default: 0.8 }),
  deadline: duration({ min: '10ms', max: '60s', default: '3s' }),
  maxTokens: integer({ min: 1, max: 100_000, default: 100 }),
  fetch: optional(func<typeof fetch>()),
  clock,
} satisfies TableOf<CommonTokenSourceOptions>

/** What differs between `tokenSource` and `clerkTokenSource`. */
export interface SourceKind {
  /** Name of the factory, for error messages. */
  readonly where: string
  /** Token parameters that a request does not specify. */
  readonly defaults: TokenParameters
  /** Options of one token request, except `signal`. */
  readonly requestOptions: Table
  /** Age in seconds at which a token that never expires is renewed. */
  readonly renewNonExpiringAfter: number
  readonly grant: Grant
  /** Transport of the grant's requests. */
  readonly transport: Transport
}

/** Creates a token source from its grant and its options. */
export function createSource(kind: SourceKind, options: Result<typeof SOURCE_OPTIONS>): TokenSource {
  const { where, grant } = kind
  const { clock, deadline: deadlineSeconds } = options
  const closing = new AbortController()
  const settings: CachedTokenSettings = {
    clock,
    renewAt: options.renewAt,
    renewNonExpiringAfter: kind.renewNonExpiringAfter,
    issuerBackoff: new Backoff(clock),
  }
  const cache = new TokenCache(
    options.maxTokens,
    (parameters, backoff) =>
      new CachedToken(settings, backoff ?? new Backoff(clock), () =>
        obtainWithin(deadlineSeconds, closing.signal, grant, parameters),
      ),
  )
  const findToken = (request: Siblings): CachedToken => {
    closing.signal.throwIfAborted()
    return cache.get(tokenParameters(request, kind.defaults))
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
      return findToken(parameters).get(signal)
    },
    fetch: async (url: string | URL | Request, init?: RequestInit, request: TokenRequest = {}) => {
      const parameters = readOptions('fetch', request, table)
      return send(() => findToken(parameters), url, init)
    },
    forget: (token: string) => {
      cache.forget(token)
    },
    close: () => {
      closing.abort(new TokenSourceError({ reason: 'source_closed', problem: `this ${where} is closed` }))
      cache.clear()
      kind.transport.close()
    },
  })
}

/**
 * Obtains a token within the deadline. The timeout error names the part that was pending: the credential or the
 * issuer.
 */
function obtainWithin(
  deadlineSeconds: number,
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
  const createTimeoutError = (): TokenSourceError =>
    isReading ? credentialTimeoutError(deadlineSeconds) : issuerTimeoutError(deadlineSeconds)
  return within({ seconds: deadlineSeconds, signal: closing, late: createTimeoutError }, (signal) =>
    grant.obtain(parameters, { signal, closing, reading }),
  )
}

function issuerTimeoutError(deadlineSeconds: number): TokenSourceError {
  return new TokenSourceError({
    reason: 'issuer_unavailable',
    problem: `the issuer did not return a token within ${deadlineSeconds} s`,
    advice: 'The next request is sent after the backoff',
  })
}

function credentialTimeoutError(deadlineSeconds: number): TokenSourceError {
  return new TokenSourceError({
    reason: 'credentials_unavailable',
    problem: `the credential function or promise did not return within ${deadlineSeconds} s`,
    advice: 'Check the secret store it reads from',
  })
}
