import { readOptions } from '../options/read-options.js'
import type { StoreHealth } from './guarded-store.js'
import { SHARED_STORE_OPTIONS, type SharedStoreOptions, type SharedStoreSettings } from './options.js'
import { SealedStore } from './sealed-store.js'
import { SharedWork } from './shared-work.js'

/** Introspection results that several processes share: the option `answers` of `createVerifier()`. */
export interface Answers {
  /**
   * Returns the state of the store. Makes no network call.
   *
   * @example
   * ```ts
   * const answers = sharedAnswers({ store, secret })
   * console.log(answers.health().status)
   * ```
   */
  health(): StoreHealth
}

/** Parts of shared results that a verifier uses. */
export interface AnswersInternals {
  readonly store: SealedStore
  /** Work that one process does while the others wait. */
  readonly work: SharedWork
}

/** Shared by all copies of the package with the same internals. Increase the number when they change. */
const INTERNALS = Symbol.for('m2m-guard@0/answers-internals/2')

/** Returns the internals; `undefined` for an object that this package did not create. */
export function answersInternalsOf(value: unknown): AnswersInternals | undefined {
  return typeof value === 'object' && value !== null
    ? (value as { [INTERNALS]?: AnswersInternals })[INTERNALS]
    : undefined
}

/** Creates shared results from checked options. */
export function createAnswers(settings: SharedStoreSettings): Answers {
  const store = new SealedStore(settings, 'answers')
  const answers: Answers = { health: () => store.health() }
  const internals: AnswersInternals = { store, work: new SharedWork(store, settings.maxWait) }
  return Object.freeze(Object.defineProperty(answers, INTERNALS, { value: internals }))
}

/**
 * Creates introspection results that several processes share through a store of yours, such as a table of a database. For Redis
 * and Valkey use `redisAnswers()` of `m2m-guard/redis`.
 *
 * @throws ConfigurationError that names the option that is missing, invalid or unknown.
 *
 * @example
 * ```ts
 * const verifier = createVerifier({
 *   issuers: [oauth({ issuer, audience, introspection })],
 *   answers: sharedAnswers({ store, secret }),
 * })
 * ```
 */
export function sharedAnswers(options: SharedStoreOptions): Answers {
  return createAnswers(readOptions('sharedAnswers', options, SHARED_STORE_OPTIONS))
}
