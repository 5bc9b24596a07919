import type { KeyObject, webcrypto } from 'node:crypto'
import type { DocumentHealth } from '../issuer/health.js'
import type { OrRefusal, Refusal } from '../refusal/refusal.js'
import type { Awaitable } from '../../util/awaitable.js'

/** Published key that verifies signatures. */
export interface VerificationKey {
  readonly kid: string | undefined
  /** `alg` values that the key may be used with (RFC 8725 section 3.1); only one if the key states its `alg`. */
  readonly algorithms: readonly string[]
  /** Issuer or issuer template that the key set names for this key (Microsoft's `issuer` member); usually absent. */
  readonly issuer: string | undefined
  /** Uniquely identifies the key together with its published metadata. */
  readonly identity: string
  /** Whether verifying is about as cheap as dispatching to the thread pool. */
  readonly isQuick: boolean
  /** Set when a fetched key set no longer lists the key. Tokens that it signed are refused from then on. */
  withdrawn: boolean
  /** Returns the key for `node:crypto`; `undefined` if the platform does not support it. */
  keyObject(): KeyObject | undefined
  /** Returns the key for jose and one of its algorithms; rejects if the platform does not support it. */
  import(algorithm: string): Promise<webcrypto.CryptoKey>
}

/** Key set of an issuer. */
export interface KeySet {
  /**
   * Finds the keys that may have signed a token with this header: usually one, none if the key is unknown. Synchronous
   * unless a fetch is needed.
   *
   * @param characters - length of the token, which stays in memory while it waits.
   * @returns refusal `keys_unavailable` if there are no usable keys, `issuer_overloaded` if too many tokens wait for the
   *   fetch.
   */
  find(query: KeyQuery, characters: number): Awaitable<OrRefusal<readonly VerificationKey[]>>
  /**
   * Checks whether keys that were found earlier are still usable, and starts a background refresh when one is due. For
   * cached tokens, which look up no key.
   *
   * @param now - the wall-clock time in seconds, just read. Within one tick of it the result cannot change.
   * @returns refusal `keys_unavailable` if they are not usable.
   */
  ensureUsable(now: number): Awaitable<Refusal | undefined>
  /** Explains why {@link KeySet.find} found no key, for the `detail` of `key_unknown`. */
  explainUnknown(query: KeyQuery): () => string
  /** Loads the keys before they are needed. Returns the same refusal as {@link KeySet.find}. */
  load(): Promise<Refusal | undefined>
  /** Number of usable keys. */
  size(): number
  health(): DocumentHealth
}

/** Properties of a token by which its key is looked up. */
export interface KeyQuery {
  readonly kid: string | undefined
  readonly algorithm: string
  /** The unverified `iss` of the token. Keys that the key set names another issuer for are not used. */
  readonly iss: unknown
}
