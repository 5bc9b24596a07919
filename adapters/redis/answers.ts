import { readOptions } from '../../src/options/read-options.js'
import type { TableOf } from '../../src/options/reader.js'
import { createAnswers, type Answers } from '../../src/store/answers.js'
import { SEALED_STORE_OPTIONS, type SealedStoreOptions } from '../../src/store/options.js'
import { redisClient, type RedisClient } from './client.js'
import { createRedisStore } from './store.js'

/** Options of {@link redisAnswers}. */
export interface RedisAnswersOptions extends SealedStoreOptions {
  /**
   * Connected client of node-redis 5 or 6, ioredis 5 or 6, or iovalkey. It may be used for other purposes. It stays yours: its
   * options decide about connections and their encryption, and it is never closed here.
   */
  readonly client: RedisClient
}

/** Readers of the options of everything that is kept encrypted in Redis. */
export const REDIS_STORE_OPTIONS = {
  client: redisClient,
  ...SEALED_STORE_OPTIONS,
} satisfies TableOf<RedisAnswersOptions>

/**
 * Creates introspection results that several processes share through Redis 5 or newer, or Valkey, so that a token is introspected
 * once for all of them. Results are encrypted, and their keys are keyed digests. A slow or unavailable Redis
 * costs at most `deadline` once, and then nothing but the sharing.
 *
 * @throws ConfigurationError that names the option that is missing, invalid or unknown.
 *
 * @example
 * ```ts
 * const verifier = createVerifier({
 *   issuers: [oauth({ issuer, audience, introspection })],
 *   answers: redisAnswers({ client, secret }),
 * })
 * ```
 */
export function redisAnswers(options: RedisAnswersOptions): Answers {
  const { client, ...settings } = readOptions('redisAnswers', options, REDIS_STORE_OPTIONS)
  return createAnswers({ ...settings, store: createRedisStore(client) })
}
