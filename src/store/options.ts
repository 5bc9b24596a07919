import { duration, type Duration } from '../options/duration.js'
import { custom, type Reader, type Result, type TableOf } from '../options/reader.js'
import { ConfigurationError } from '../options/configuration-error.js'
import { string } from '../options/readers.js'
import { isRecord } from '../util/members.js'
import type { SharedStore } from './contract.js'
import { storeSecret, type StoreSecret } from './secret.js'

/** Options of everything that is kept encrypted in a store that several processes share. */
export interface SealedStoreOptions {
  /**
   * Secret that encrypts: at least 32 bytes, as a string or as bytes. All processes that share the store have it. Of a list, the
   * first one encrypts and every one decrypts. To replace a secret, add the new one at the end in all processes, then
   * move it to the front, then remove the old one.
   */
  readonly secret: StoreSecret
  /**
   * Prefix of the keys in the store, without braces and white space.
   *
   * @defaultValue `'m2m-guard'`
   */
  readonly prefix?: string
  /**
   * Maximum time for which a request waits for one operation of the store, from `'1ms'` to `'5s'`. A store that is slower is
   * not used for 1 s, doubled up to 30 s while it stays slow. Meanwhile no request waits for it. If this process was too busy to
   * notice the end of the time, for at least half of it, the time starts again, up to four times.
   *
   * @defaultValue `'5ms'`, and `'100ms'` for the tokens of a caller, for which no request waits while it has one
   */
  readonly deadline?: Duration
  /**
   * Maximum time for which a request waits while another process calls the issuer for the same token, from 0 to `'10s'`. Then
   * this process calls the issuer itself.
   *
   * @defaultValue `'1s'`, and `'2s'` for the tokens of a caller
   */
  readonly maxWait?: Duration
}

/** Reads the `prefix` option. */
export const keyPrefix: Reader<string> = string({
  default: 'm2m-guard',
  pattern: /^[^{}\s]{1,100}$/,
  expectation: 'must be a string of 1 to 100 characters without braces and white space',
})

/** Maximum milliseconds of a lease: the maximum of `maxWait`. */
export const LONGEST_LEASE = 10_000

/** Readers of the options of everything that is kept encrypted. */
export const SEALED_STORE_OPTIONS = {
  secret: storeSecret,
  prefix: keyPrefix,
  deadline: duration({ min: '1ms', max: '5s', default: '5ms' }),
  maxWait: duration({ max: '10s', default: '1s' }),
} satisfies TableOf<SealedStoreOptions>

/**
 * Readers of the options of tokens. A caller waits only when it has no token, and a process that starts is too busy for shorter
 * times: all processes that start together would request a token each.
 */
export const SEALED_TOKENS_OPTIONS = {
  ...SEALED_STORE_OPTIONS,
  deadline: duration({ min: '1ms', max: '5s', default: '100ms' }),
  maxWait: duration({ max: '10s', default: '2s' }),
} satisfies TableOf<SealedStoreOptions>

/** Options of a custom store. */
export interface SharedStoreOptions extends SealedStoreOptions {
  /** The store, such as a table of a database. See {@link SharedStore} for what it must promise. */
  readonly store: SharedStore
}

const METHODS = ['get', 'set', 'add', 'delete', 'deleteIf'] as const

const sharedStore: Reader<SharedStore> = custom('SharedStore', (option, value) => {
  const missing = METHODS.filter((name) => !isRecord(value) || typeof value[name] !== 'function')
  if (missing.length > 0)
    throw new ConfigurationError(option, `must be a store with the functions ${METHODS.join(', ')}`)
  return value as SharedStore
})

/** Readers of the options of a custom store. */
export const SHARED_STORE_OPTIONS = {
  store: sharedStore,
  ...SEALED_STORE_OPTIONS,
} satisfies TableOf<SharedStoreOptions>

/** Readers of the options of tokens in a custom store. */
export const SHARED_TOKENS_OPTIONS = {
  store: sharedStore,
  ...SEALED_TOKENS_OPTIONS,
} satisfies TableOf<SharedStoreOptions>

/** Checked options of a store. */
export type SharedStoreSettings = Result<typeof SHARED_STORE_OPTIONS>
