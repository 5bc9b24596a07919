import type { TokenSourceObserver } from '../model/token-source-event.js'
import type { TokenSourceHealth } from './health.js'
import type { TokenRequestOptions } from './token-request.js'

/** Parameters of one token request. Absent parameters default to the options of the source. */
export interface TokenRequest extends TokenRequestOptions {
  /** Aborts waiting for this caller only. Other callers that wait for the same token still receive it. */
  readonly signal?: AbortSignal
}

/** A token with its times and scopes. */
export interface TokenInfo {
  /** The token, for the next request. */
  readonly token: string
  /** Expiry in seconds since the epoch, by the clock of this machine; `undefined` if the token never expires. */
  readonly expiresAt: number | undefined
  /** Scopes that the issuer granted, or the requested scopes if it did not state them (RFC 6749 section 5.1). */
  readonly scopes: readonly string[]
}

/** Functions that `source.observe()` adds to a token source. */
export interface TokenSourceObservers {
  /** Called for every event, synchronously: see the option `onEvent`. */
  readonly onEvent?: TokenSourceObserver
}

/** A source of access tokens for calling other services. */
export interface TokenSource {
  /**
   * Returns a token for the next request.
   * A valid cached token is returned immediately. The token is not expired by the wall clock or the monotonic clock
   * and does not expire within 5 s, or within the last tenth of a short lifetime. Do not store it: call `getToken` for every request.
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
   *   once more, never a third time. The 401 is returned instead if the body is a stream, or that of
   *   a `Request` above 1 MiB, because it cannot be sent again; the token is then renewed for the next request. The 401
   *   is also returned if no other token can be obtained, and for 1 s after a renewal caused by a 401. This
   *   interval doubles to 5 minutes unless the API accepts the new tokens for some time, so that an API that
   *   refuses valid tokens cannot overload the issuer. With several `allowedOrigins`, each has its own interval.
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
    request?: TokenRequest,
  ) => Promise<Response>

  /**
   * Reports a token that an API has refused, so that the next `getToken` obtains another. A token that is not
   * cached is ignored. `fetch` does this itself; other HTTP clients need to call it.
   * `getToken` returns the old token if the renewal fails, and during the interval after a renewal caused by a
   * refusal, which is 1 s to 5 minutes as for `fetch`.
   *
   * @example
   * ```ts
   * if (response.statusCode === 401) source.forget(token)
   * ```
   */
  readonly forget: (token: string) => void

  /**
   * Returns a token like `getToken`, with its expiry and its scopes.
   *
   * @throws The errors of `getToken`.
   *
   * @example
   * ```ts
   * const { token, expiresAt, scopes } = await source.getTokenInfo()
   * ```
   */
  readonly getTokenInfo: (request?: TokenRequest) => Promise<TokenInfo>

  /**
   * Obtains a new token, although the cached one is valid: for example after the permissions of the client have changed. Callers
   * of the same audience and scope set share the request. The old token stays in use if the request fails.
   * A later call then repeats it in the background.
   *
   * @throws The errors of `getToken`.
   *
   * @example
   * ```ts
   * const token = await source.refresh()
   * ```
   */
  readonly refresh: (request?: TokenRequest) => Promise<string>

  /**
   * Ends every backoff and every interval after a refused token, so that the next call sends a token request, and forgets the age
   * limits that APIs have stated. Cached tokens stay.
   * For an operator, after the cause of an outage is removed.
   *
   * @example
   * ```ts
   * source.reset()
   * ```
   */
  readonly reset: () => void

  /**
   * Obtains a token before traffic, unless a valid one is cached.
   *
   * @throws The errors of `getToken`, which say why the service could not call others now.
   *
   * @example
   * ```ts
   * await source.ready()
   * ```
   */
  readonly ready: (request?: TokenRequest) => Promise<void>

  /**
   * Returns the state of the source: per audience and scope set the state, the expiry, and the last success and failure. It makes
   * no network calls and contains no token.
   *
   * @example
   * ```ts
   * const { status, tokens } = source.health()
   * ```
   */
  readonly health: () => TokenSourceHealth

  /**
   * Adds an observer of events, in addition to the option `onEvent`. Observers are called in the order in which they were
   * added, and their errors are ignored. Events are frozen, and all observers get the same object.
   *
   * @returns a function that removes the observer. It may be called repeatedly.
   * @throws ConfigurationError if the observer is not a function.
   *
   * @example
   * ```ts
   * const stop = source.observe({ onEvent: ({ kind, detail }) => console.log(JSON.stringify({ kind, detail })) })
   * ```
   */
  readonly observe: (observer: TokenSourceObservers) => () => void

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

  /** Calls `close`, for `await using`. */
  readonly [Symbol.asyncDispose]: () => Promise<void>
}
