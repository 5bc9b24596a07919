import type { TokenSourceReason } from '../model/token-source-event.js'
import type { StoreHealth } from '../store/guarded-store.js'
import type { TokenState } from './token/token-state.js'

/** Health of a token source. */
export interface TokenSourceHealth {
  /**
   * `ok`; `degraded`: the last token request of a set failed, and another set or an old token is usable, or an API refuses the
   * token of a set (`paused`); `down`: no set has a usable token, and the last request of one failed.
   */
  readonly status: 'ok' | 'degraded' | 'down'
  /** One entry per cached audience and scope set. */
  readonly tokens: readonly TokenHealth[]
  /** State of the store of shared tokens; absent without the option `tokens`. */
  readonly store?: StoreHealth
  /** Hosts that may be called over plain http: the option `insecureHosts`; absent without such hosts. */
  readonly insecureHosts?: readonly string[]
}

/** Health of the token of one audience and scope set. */
export interface TokenHealth {
  /** Requested audience, sorted. */
  readonly audience: readonly string[]
  /** Requested resource, sorted. */
  readonly resource: readonly string[]
  /** Requested scopes, sorted. */
  readonly scopes: readonly string[]
  /** State of the token. */
  readonly state: TokenState
  /** Expiry of the usable token, in seconds since the epoch; absent without one, and if it never expires. */
  readonly expiresAt?: number
  /** Seconds until that expiry, by both clocks. Callers get another token shortly before; absent with `expiresAt`. */
  readonly expiresIn?: number
  /** Seconds since the usable token was requested; absent without one. */
  readonly age?: number
  /** Time of the last successful token request, in seconds since the epoch. */
  readonly lastSuccess?: number
  /** Time of the last failed token request, in seconds since the epoch. */
  readonly lastFailure?: number
  /** Why the last token request failed; absent once one succeeds. */
  readonly reason?: TokenSourceReason
  /** Message of the last failure; absent once a token request succeeds. */
  readonly failure?: string
}

/** Determines the health of a source from that of its sets. */
export function sourceHealth(
  tokens: readonly (TokenHealth & { readonly isUsable: boolean })[],
  insecureHosts: readonly string[],
  store: StoreHealth | undefined,
): TokenSourceHealth {
  const isFailing = tokens.some(({ failure }) => failure !== undefined)
  const isUsable = tokens.some((token) => token.isUsable)
  const isPaused = tokens.some(({ state }) => state === 'paused')
  return Object.freeze({
    status: isFailing && !isUsable ? 'down' : isFailing || isPaused ? 'degraded' : 'ok',
    tokens: tokens.map(({ isUsable: _, ...token }) => Object.freeze(token)),
    ...(store === undefined ? {} : { store }),
    ...(insecureHosts.length === 0 ? {} : { insecureHosts }),
  })
}
