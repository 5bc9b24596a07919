/** Redis and Valkey as stores: revocations, introspection results and tokens that processes share. @module m2m-guard/redis */
export { redisRevocations } from './redis/revocations.js'
export type { RedisRevocationsOptions } from './redis/revocations.js'
export { redisAnswers } from './redis/answers.js'
export type { RedisAnswersOptions } from './redis/answers.js'
export { redisTokens } from './redis/tokens.js'
export type { RedisTokensOptions } from './redis/tokens.js'
export type {
  IoRedisClient,
  NodeRedisClient,
  NodeRedisCluster,
  NodeRedisSentinel,
  RedisClient,
} from './redis/client.js'
