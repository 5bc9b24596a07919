import { ConfigurationError } from '../../src/options/configuration-error.js'
import { custom, type Reader } from '../../src/options/reader.js'
import { isRecord } from '../../src/util/members.js'

/** Client of node-redis 5 or 6, as far as it is used here. */
export interface NodeRedisClient {
  /** Sends a command. */
  readonly sendCommand: (args: string[]) => Promise<unknown>
}

/** Client of ioredis 5 or 6 or iovalkey, as far as it is used here. */
export interface IoRedisClient {
  /** Sends a command. */
  readonly call: (command: string, ...args: string[]) => Promise<unknown>
}

/** Connected client of node-redis 5 and 6, ioredis 5 and 6, or iovalkey. It stays yours: it is never closed here. */
export type RedisClient = NodeRedisClient | IoRedisClient

/** Sends a command and returns its reply. */
export type SendCommand = (command: string, ...args: string[]) => Promise<unknown>

/** Methods of clients whose commands go to several connections, with their names. */
const UNSUPPORTED: readonly (readonly [string, string])[] = [
  ['getSlotRandomNode', 'a cluster client'],
  ['getSentinelNode', 'a Sentinel client'],
  ['totalClients', 'a pool of clients'],
]

/** Reads the `client` option. */
export const redisClient: Reader<SendCommand> = custom('Redis client', (option, value) => {
  if (!isRecord(value)) throw new ConfigurationError(option, EXPECTATION)
  for (const [name, kind] of UNSUPPORTED) {
    if (name in value)
      throw new ConfigurationError(
        option,
        `is ${kind} of node-redis, which is not supported. Pass a client of createClient()`,
      )
  }
  const client = value as Partial<NodeRedisClient & IoRedisClient>
  // First `call`, because `sendCommand` of ioredis takes an object.
  if (typeof client.call === 'function')
    return (command, ...args) => (client as IoRedisClient).call(command, ...args)
  if (typeof client.sendCommand === 'function')
    return (command, ...args) => (client as NodeRedisClient).sendCommand([command, ...args])
  throw new ConfigurationError(option, EXPECTATION)
})

const EXPECTATION = 'must be a connected client of node-redis, ioredis or iovalkey'
