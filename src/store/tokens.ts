import { readOptions } from '../options/read-options.js'
import type { StoreHealth } from './guarded-store.js'
import { SHARED_TOKENS_OPTIONS, type SharedStoreOptions, type SharedStoreSettings } from './options.js'
import { SealedStore } from './sealed-store.js'
import { SharedWork } from './shared-work.js'

/** Tokens of a caller that several processes share: the option `tokens` of a token source. */
export interface Tokens {
  /**
   * Returns the state of the store. Makes no network call.
   *
   * @example
   * ```ts
   * const tokens = sharedTokens({ store, secret })
   * console.log(tokens.health().status)
   * ```
   */
  health(): StoreHealth
}

/** Parts of shared tokens that a source uses. */
export interface TokensInternals {
  readonly store: SealedStore
  /** Work that one process does while the others wait. */
  readonly work: SharedWork
}

/** Shared by all copies of the package with the same internals. Increase the number when they change. */
const INTERNALS = Symbol.for('m2m-guard@0/tokens-internals/2')

/** Returns the internals; `undefined` for an object that this package did not create. */
export function tokensInternalsOf(value: unknown): TokensInternals | undefined {
  return typeof value === 'object' && value !== null
    ? (value as { [INTERNALS]?: TokensInternals })[INTERNALS]
    : undefined
}

/** Creates shared tokens from checked options. */
export function createTokens(settings: SharedStoreSettings): Tokens {
  const store = new SealedStore(settings, 'tokens')
  const tokens: Tokens = { health: () => store.health() }
  const internals: TokensInternals = { store, work: new SharedWork(store, settings.maxWait) }
  return Object.freeze(Object.defineProperty(tokens, INTERNALS, { value: internals }))
}

/**
 * Creates tokens that several processes share through a store of yours, such as a table of a database. For Redis and Valkey use
 * `redisTokens()` of `m2m-guard/redis`.
 *
 * @throws ConfigurationError that names the option that is missing, invalid or unknown.
 *
 * @example
 * ```ts
 * const source = tokenSource({ issuer, clientId, clientSecret, tokens: sharedTokens({ store, secret }) })
 * ```
 */
export function sharedTokens(options: SharedStoreOptions): Tokens {
  return createTokens(readOptions('sharedTokens', options, SHARED_TOKENS_OPTIONS))
}
