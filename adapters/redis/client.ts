import { ConfigurationError } from '../../src/options/configuration-error.js'
import { custom, type Reader } from '../../src/options/reader.js'
import { isRecord } from '../../src/util/members.js'

/** Client of node-redis 5 or 6, as far as it is used here. */
export interface NodeRedisClient {
  /** Sends a command. */
  readonly sendCommand: (args: string[]) => Promise<unknown>
}

/** Cluster client of node-redis 5 or 6, as far as it is used here. */
export interface NodeRedisCluster {
  /** Sends a command to the server that has a key. */
  readonly sendCommand: (
    firstKey: string | undefined,
    isReadonly: boolean | undefined,
    args: string[],
  ) => Promise<unknown>
  /** Tells it from other clients. */
  readonly getSlotRandomNode: unknown
}

/** Sentinel client of node-redis 5 or 6, as far as it is used here. */
export interface NodeRedisSentinel {
  /** Sends a command to the primary, unless it is read-only. */
  readonly sendCommand: (isReadonly: boolean | undefined, args: string[]) => Promise<unknown>
  /** Tells it from other clients. */
  readonly getSentinelNode: unknown
}

/** Client or cluster client of ioredis 5 or 6 or iovalkey, as far as it is used here. */
export interface IoRedisClient {
  /** Sends a command. */
  readonly call: (command: string, ...args: string[]) => Promise<unknown>
}

/**
 * Connected client of node-redis 5 and 6, ioredis 5 and 6, or iovalkey: for one server, Sentinel or Cluster. It stays yours: it
 * is never closed here.
 */
export type RedisClient = NodeRedisClient | NodeRedisCluster | NodeRedisSentinel | IoRedisClient

/** Sends a command with a key and returns its reply. */
export type SendCommand = (command: string, ...args: string[]) => Promise<unknown>

/** Reads the `client` option. */
export const redisClient: Reader<SendCommand> = custom('Redis client', (option, value) => {
  if (!isRecord(value)) throw new ConfigurationError(option, EXPECTATION)
  if ('totalClients' in value)
    throw new ConfigurationError(
      option,
      'is a pool of clients of node-redis, which is not supported. Pass a client of createClient()',
    )
  // First `call`, because `sendCommand` of ioredis takes an object.
  if (typeof value['call'] === 'function') {
    // The arguments of a function cannot be checked at run time, here and below.
    const client = value as unknown as IoRedisClient
    return (command, ...args) => client.call(command, ...args)
  }
  if (typeof value['sendCommand'] !== 'function') throw new ConfigurationError(option, EXPECTATION)
  if (isNodeRedisCluster(value))
    return (command, ...args) => value.sendCommand(keyIn(command, args), false, [command, ...args])
  if (isNodeRedisSentinel(value)) return (command, ...args) => value.sendCommand(false, [command, ...args])
  const client = value as unknown as NodeRedisClient
  return (command, ...args) => client.sendCommand([command, ...args])
})

/** Whether a client is a cluster client of node-redis. */
export function isNodeRedisCluster(client: object): client is NodeRedisCluster {
  return 'getSlotRandomNode' in client
}

/** Whether a client is a Sentinel client of node-redis. */
export function isNodeRedisSentinel(client: object): client is NodeRedisSentinel {
  return 'getSentinelNode' in client
}

/** The first key of a command, by which a cluster finds the server. That of a script follows the script and their number. */
function keyIn(command: string, args: readonly string[]): string | undefined {
  return command === 'EVAL' || command === 'EVALSHA' ? args[2] : args[0]
}

const EXPECTATION = 'must be a connected client of node-redis, ioredis or iovalkey'
