/**
 * Why no token was obtained, or why a request was not sent:
 *
 * - `credentials_refused`: the issuer rejects the client id, secret or key (`invalid_client`, any 401).
 * - `credentials_unavailable`: the custom function or promise did not return a secret or key.
 * - `request_refused`: the issuer does not issue such a token to this client (`invalid_scope`, `invalid_target`,
 *   …).
 * - `issuer_unavailable`: no response, a timeout, 408, 429 or 5xx.
 * - `answer_unreadable`: the response is not that of a token endpoint: HTML, a redirect, another `token_type`.
 * - `request_not_sent`: `source.fetch` did not send the request, because its origin is not allowed or a redirect
 *   cannot be followed.
 * - `source_closed`: the source is closed.
 */
export type TokenSourceReason =
  | 'credentials_refused'
  | 'credentials_unavailable'
  | 'request_refused'
  | 'issuer_unavailable'
  | 'answer_unreadable'
  | 'request_not_sent'
  | 'source_closed'

/**
 * Kind of an event of a token source:
 *
 * - `token_obtained`: a token request succeeded, or a token of another process was taken from the store of the option
 *   `tokens`: without `trigger` and `durationMs`, because no request was sent.
 * - `token_failed`: a token request failed. `usableUntil` is set if an old token is still used.
 * - `token_refused`: an API refused a token: `fetch` received a 401, or `forget` was called.
 * - `token_evicted`: a usable token was removed from the cache, because there are more sets than `maxTokens`.
 * - `store_failing`: the store of the option `tokens` fails or is too slow. It is not used for a while.
 * - `store_recovered`: that store is used again.
 * - `store_skipped`: that store has an entry or a lease of another program, or waiting for leases brought no result. Reported at most
 *   once a minute per set.
 */
export type TokenSourceEventKind =
  | 'token_obtained'
  | 'token_failed'
  | 'token_refused'
  | 'token_evicted'
  | 'store_failing'
  | 'store_recovered'
  | 'store_skipped'

/** Event of a token source. It contains no token and no credential. */
export interface TokenSourceEvent {
  /** Kind of the event. */
  readonly kind: TokenSourceEventKind
  /** Name of the factory: `tokenSource`, `clerkTokenSource`, `tokenExchangeSource` or `jwtBearerTokenSource`. */
  readonly source: string
  /** Requested audience, sorted. */
  readonly audience: readonly string[]
  /** Requested resource, sorted. */
  readonly resource: readonly string[]
  /** Requested scopes, sorted. */
  readonly scopes: readonly string[]
  /** First 16 hex digits of the SHA-256 of the token, as in the events of a guard; absent without a token. */
  readonly fingerprint?: string
  /** Expiry of the obtained token, in seconds since the epoch; absent if it never expires. */
  readonly expiresAt?: number
  /** Why the token was requested; absent for other events. */
  readonly trigger?: TokenRequestTrigger
  /** Milliseconds that the token request took. */
  readonly durationMs?: number
  /** Why the token request failed. */
  readonly reason?: TokenSourceReason
  /** HTTP status of the issuer's response. */
  readonly status?: number
  /** Error code of the issuer. */
  readonly code?: string
  /** Seconds until the next request to the issuer. */
  readonly retryAfter?: number
  /** Time until which the old token is used, in seconds since the epoch; absent if there is none. */
  readonly usableUntil?: number
  /** Description for logs. */
  readonly detail: string
}

/**
 * Why a token was requested:
 *
 * - `absent`: there was no usable token, so that callers waited.
 * - `due`: the renewal time had come, by the lifetime or by an age limit.
 * - `refused`: an API had refused the token.
 * - `refresh`: `refresh()` was called.
 */
export type TokenRequestTrigger = 'absent' | 'due' | 'refused' | 'refresh'

/** Observer of a token source. Its result and its errors are ignored. */
export type TokenSourceObserver = (event: TokenSourceEvent) => unknown
