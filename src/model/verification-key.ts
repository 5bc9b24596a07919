import type { KeyObject } from 'node:crypto'
import type { CryptoKey } from 'jose'
import type { DocumentHealth } from './health.js'
import type { OrRefusal, Refusal } from './refusal.js'
import type { Awaitable } from '../util/awaitable.js'

/** A published key that may verify signatures. */
export interface VerificationKey {
  readonly kid: string | undefined
  /** The `alg` values it may be used with (RFC 8725 section 3.1: one key, one algorithm, as far as it says). */
  readonly algorithms: readonly string[]
  /** Tells this key, with all that was published of it, from any other. */
  readonly identity: string
  /** Whether a check takes hardly longer than it takes to hand it to another thread and take it back. */
  readonly isQuick: boolean
  /** Set once a fetch of the key set succeeded that no longer lists the key: nothing it signed is accepted. */
  withdrawn: boolean
  /** The key as Node's own functions take it; undefined if the platform refuses it. */
  keyObject(): KeyObject | undefined
  /** The key for use by jose with one of its algorithms; rejects if the platform refuses it. */
  import(algorithm: string): Promise<CryptoKey>
}

/** An issuer's keys. */
export interface KeySet {
  /**
   * The keys that may have signed a token with this header: usually one, none if the key is unknown. Available
   * immediately unless a fetch is needed. Refusal `keys_unavailable` if there are no keys that may still be used,
   * `issuer_overloaded` if too many tokens wait for the fetch.
   *
   * @param characters Length of the token, which stays in memory while it waits.
   */
  find(query: KeyQuery, characters: number): Awaitable<OrRefusal<readonly VerificationKey[]>>
  /**
   * Whether keys that were found earlier may still be used; starts a background refresh when one is due. For cached
   * tokens, which look up no key.
   *
   * @param now the wall clock time in seconds, just read: within one tick of it the answer cannot change.
   * @returns refusal `keys_unavailable` if they may not be used.
   */
  ensureUsable(now: number): Awaitable<Refusal | undefined>
  /** Loads the keys before they are needed. Refusal as {@link KeySet.find}. */
  load(): Promise<Refusal | undefined>
  /** Number of usable keys. */
  size(): number
  health(): DocumentHealth
}

/** The header members a key is looked up by. */
export interface KeyQuery {
  readonly kid: string | undefined
  readonly algorithm: string
}
