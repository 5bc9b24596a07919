import { readOptions } from '../../src/options/read-options.js'
import type { TableOf } from '../../src/options/reader.js'
import { SEALED_TOKENS_OPTIONS } from '../../src/store/options.js'
import { createTokens, type Tokens } from '../../src/store/tokens.js'
import type { RedisAnswersOptions } from './answers.js'
import { redisClient } from './client.js'
import { createRedisStore } from './store.js'

/** Options of {@link redisTokens}: those of {@link redisAnswers}, with other defaults of `deadline` and `maxWait`. */
export type RedisTokensOptions = RedisAnswersOptions

/** Readers of the options of tokens in Redis. */
export const REDIS_TOKENS_OPTIONS = {
  client: redisClient,
  ...SEALED_TOKENS_OPTIONS,
} satisfies TableOf<RedisTokensOptions>

/**
 * Creates tokens that several processes share through Redis 5 or newer, or Valkey, so that one process requests a token for all of
 * them. Tokens are encrypted, and their keys are keyed digests. A slow or unavailable Redis costs at most `deadline` once, and
 * then nothing but the sharing.
 *
 * @throws ConfigurationError that names the option that is missing, invalid or unknown.
 *
 * @example
 * ```ts
 * const source = tokenSource({ issuer, clientId, clientSecret, tokens: redisTokens({ client, secret }) })
 * ```
 */
export function redisTokens(options: RedisTokensOptions): Tokens {
  const { client, ...settings } = readOptions('redisTokens', options, REDIS_TOKENS_OPTIONS)
  return createTokens({ ...settings, store: createRedisStore(client) })
}
