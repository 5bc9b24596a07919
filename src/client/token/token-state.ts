/**
 * State of the token of one audience and scope set:
 *
 * - `absent`: there is no usable token. The next caller requests one and waits for it.
 * - `fresh`: the token is returned.
 * - `due`: the token is usable and should be replaced. The next caller starts a renewal and receives the token meanwhile. It waits
 *   for the new one in the last seconds of a lifetime, above the age limit of an API, after a refusal, and with `'blocking'`.
 * - `renewing`: a token request is in flight. A usable token is returned meanwhile, with the exceptions of `due`.
 * - `stale`: the last renewal or refresh failed. The token is returned until it expires, and the backoff delays the next renewal.
 * - `failed`: there is no usable token and the last request failed. Callers get the error until the backoff ends.
 * - `paused`: an API refuses the token shortly after a renewal that another refusal caused. The token is returned until the
 *   pause ends, or until `fetch` finds that the API accepts it: 1 s, doubling to 5 minutes unless an API accepts new tokens for some time. At most one token request follows a
 *   refusal.
 */
export type TokenState = 'absent' | 'fresh' | 'due' | 'renewing' | 'stale' | 'failed' | 'paused'

/** The facts that determine the state of a token at one moment. */
export interface TokenFacts {
  /** Whether a token is cached that has expired by neither clock. */
  readonly isUsable: boolean
  /** Whether the renewal time of the token has come, or the age limit of an API. */
  readonly isDue: boolean
  /** Whether an API has refused the token. */
  readonly isRefused: boolean
  /** Whether a token request is in flight. */
  readonly isInFlight: boolean
  /** Whether the backoff after a failed request is active. */
  readonly isBackingOff: boolean
  /** Whether the pause after a renewal that a refusal caused is active. */
  readonly isRefusalPaused: boolean
}

/** Returns the state that the facts determine. */
export function stateOf(facts: TokenFacts): TokenState {
  if (facts.isInFlight) return 'renewing'
  if (!facts.isUsable) return facts.isBackingOff ? 'failed' : 'absent'
  if (!facts.isDue && !facts.isRefused) return 'fresh'
  if (facts.isBackingOff) return 'stale'
  return facts.isRefusalPaused && !facts.isDue ? 'paused' : 'due'
}
