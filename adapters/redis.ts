/** Redis and Valkey as stores: revocations that reach every process. @module m2m-guard/redis */
export { redisRevocations } from './redis/revocations.js'
export type { RedisRevocationsOptions } from './redis/revocations.js'
export type {
  IoRedisClient,
  NodeRedisClient,
  NodeRedisCluster,
  NodeRedisSentinel,
  RedisClient,
} from './redis/client.js'
