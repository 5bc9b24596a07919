import { fingerprintOf, tokenDigest } from '../model/token-digest.js'
import type { TokenSourceReason } from './errors.js'

/**
 * Kind of an event of a token source:
 *
 * - `token_obtained`: a token request succeeded.
 * - `token_failed`: a token request failed. `usableUntil` is set if an old token is still used.
 * - `token_refused`: an API refused a token: `fetch` received a 401, or `forget` was called.
 * - `token_evicted`: a usable token was removed from the cache, because there are more sets than `maxTokens`.
 * - `store_failing`: the store of the option `tokens` fails or is too slow. It is not used for a while.
 * - `store_recovered`: that store is used again.
 * - `store_skipped`: that store has an entry that cannot be read. Reported at most once a minute per set.
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
  /** Name of the factory: `tokenSource` or `clerkTokenSource`. */
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

/** Observer of a token source. Its result and its errors are ignored. */
export type TokenSourceObserver = (event: TokenSourceEvent) => unknown

/** Identifies a token in events. */
export function fingerprint(token: string): string {
  return fingerprintOf(tokenDigest(token))
}

/** Reports an event to the observer, whose errors are ignored. */
export function report(observer: TokenSourceObserver | undefined, event: TokenSourceEvent): void {
  if (observer === undefined) return
  try {
    const result = observer(event)
    if (result instanceof Promise) result.catch(() => undefined)
  } catch {
    // An observer must not change what the source does.
  }
}
