import { createClock } from '../../src/options/clock.js'
import { duration, type Duration } from '../../src/options/duration.js'
import { readOptions } from '../../src/options/read-options.js'
import type { TableOf } from '../../src/options/reader.js'
import { boolean, oneOf } from '../../src/options/readers.js'
import { createRevocations } from '../../src/revocation/create-revocations.js'
import { LocalRevocations } from '../../src/revocation/local-revocations.js'
import { LogReader } from '../../src/revocation/log-reader.js'
import { REVOCATIONS_OPTIONS, type MemoryRevocationsOptions } from '../../src/revocation/memory.js'
import { PolledStore } from '../../src/revocation/polled-store.js'
import type { Revocations } from '../../src/revocation/revocations.js'
import type { Watcher } from '../../src/revocation/polling/watch-state.js'
import { keyPrefix } from '../../src/store/options.js'
import type { RedisClient } from './client.js'
import { redisConnection } from './connection.js'
import { channelOf, createRedisLog } from './revocation-log.js'
import { readServerTime } from './server-time.js'
import { subscribeWith } from './subscriber.js'

/** Options of {@link redisRevocations}. */
export interface RedisRevocationsOptions extends MemoryRevocationsOptions {
  /**
   * Connected client of node-redis 5 or 6, ioredis 5 or 6, or iovalkey, also of Sentinel or Cluster. It may be used for other
   * purposes. It stays yours: its
   * options decide about connections and their encryption, and it is never closed here.
   */
  readonly client: RedisClient
  /**
   * Prefix of the keys in Redis, without braces. All processes that share revocations have the same one.
   *
   * @defaultValue `'m2m-guard'`
   */
  readonly prefix?: string
  /**
   * Time between two readings, from `'100ms'` to `'1m'`. A revocation reaches every process within this time and one round
   * trip.
   *
   * @defaultValue `'1s'`
   */
  readonly interval?: Duration
  /**
   * Maximum age of the last reading, from `interval` to `'1d'`. Afterwards tokens cannot be checked: 503
   * `revocations_unavailable`.
   *
   * @defaultValue `'30s'`
   */
  readonly maxStaleness?: Duration
  /**
   * What happens while the last reading is older than `maxStaleness`, or if the first one fails. `'refuse'` responds 503.
   * `'accept'` decides by what is known, so that tokens pass that another process has revoked meanwhile.
   *
   * @defaultValue `'refuse'`
   */
  readonly onStale?: 'refuse' | 'accept'
  /**
   * Whether a message of Redis about a change causes a reading, in addition to the regular ones. A revocation then reaches
   * every process in milliseconds. It opens one more connection, with `client.duplicate()`, which `close()` closes. A
   * message that is lost, repeated or forged does no harm: it only decides about the time of a reading, and at most 20 of
   * them in a second. `health().nudgeFailure` and the event `store_failing` show that messages do not arrive.
   *
   * @defaultValue `false`
   */
  readonly nudge?: boolean
}

/** Readers of the options of {@link redisRevocations}. */
export const REDIS_REVOCATIONS_OPTIONS = {
  client: redisConnection,
  prefix: keyPrefix,
  interval: duration({ min: '100ms', max: '1m', default: '1s' }),
  maxStaleness: duration({ atLeast: 'interval', max: '1d', default: '30s' }),
  onStale: oneOf(['refuse', 'accept'], 'refuse'),
  nudge: boolean({ default: false }),
  ...REVOCATIONS_OPTIONS,
} satisfies TableOf<RedisRevocationsOptions>

/**
 * Creates revocations that several processes share through Redis 5 or newer, or Valkey. Every process has all of them in memory
 * and reads the changes regularly, so that a request never waits for Redis. What Redis loses, such as in a failover, is
 * written back by any process that knows it.
 *
 * @throws ConfigurationError that names the option that is missing, invalid or unknown.
 *
 * @example
 * ```ts
 * const revocations = redisRevocations({ client })
 * const verifier = createVerifier({ issuers: [oauth({ issuer, audience })], revocations })
 * await verifier.ready()
 * ```
 */
export function redisRevocations(options: RedisRevocationsOptions): Revocations {
  const settings = readOptions('redisRevocations', options, REDIS_REVOCATIONS_OPTIONS)
  const { client, prefix, interval, maxStaleness, onStale, nudge, maxEntries, clock, onEvent } = settings
  const local = new LocalRevocations({ maxEntries, clock, systemClock: createClock(), observer: onEvent })
  const reader = new LogReader(createRedisLog(client, prefix), local)
  const subscribe = nudge ? subscribeWith(client.client) : undefined
  const watch = subscribe && ((watcher: Watcher) => subscribe(channelOf(prefix), watcher))
  const acceptsStale = onStale === 'accept'
  const readTime = (): Promise<number | undefined> => readServerTime(client, prefix)
  const store = new PolledStore(local, reader, { interval, maxStaleness, acceptsStale, watch, readTime })
  return createRevocations(local, store)
}
