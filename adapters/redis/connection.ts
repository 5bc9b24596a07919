import { ConfigurationError } from '../../src/options/configuration-error.js'
import { custom, type Reader } from '../../src/options/reader.js'
import { isRecord } from '../../src/util/members.js'
import {
  isNodeRedisCluster,
  isNodeRedisSentinel,
  redisClient,
  type NodeRedisSentinel,
  type SendCommand,
} from './client.js'

/** Sends commands on the same connection to the server that has a key. The first one has this key. */
type SendTogether = (key: string, commands: readonly (readonly string[])[]) => Promise<readonly unknown[]>

/** A client with the functions that send its commands. */
export interface RedisConnection {
  readonly client: object
  readonly send: SendCommand
  /** For commands without a key, such as `WAIT`, which is about earlier commands on the same connection. */
  readonly sendTogether: SendTogether
}

/** Reads the `client` option where more than single commands with keys is needed. */
export const redisConnection: Reader<RedisConnection> = custom('Redis client', (option, value) => {
  const send = redisClient.read(option, value)
  const client = value as object
  if (isIoRedisCluster(client) && ![undefined, 'master'].includes(client.options?.scaleReads))
    throw new ConfigurationError(option, "reads from replicas, which lag behind. Set scaleReads: 'master'")
  return { client, send, sendTogether: sendTogetherWith(client, send) }
})

function sendTogetherWith(client: object, send: SendCommand): SendTogether {
  if (isIoRedisCluster(client)) return (_, commands) => runPipeline(client, commands)
  if (isNodeRedisCluster(client))
    // It has one connection for each primary.
    return (key, commands) =>
      Promise.all(commands.map((command) => client.sendCommand(key, false, [...command])))
  if (isNodeRedisSentinel(client)) return (_, commands) => runOnLease(client, commands)
  return (_, commands) => Promise.all(commands.map(([command = '', ...args]) => send(command, ...args)))
}

/** A cluster client of ioredis or iovalkey, as far as it is used here. */
interface IoRedisCluster {
  readonly isCluster: true
  readonly options?: { readonly scaleReads?: string }
  readonly pipeline: (commands: readonly (readonly string[])[]) => {
    readonly exec: () => Promise<readonly (readonly [Error | null, unknown])[] | null>
  }
}

function isIoRedisCluster(client: object): client is IoRedisCluster {
  return isRecord(client) && client['isCluster'] === true
}

/** A pipeline goes to one server. A command without a key would go to any, and `WAIT` confirm something else. */
async function runPipeline(
  client: IoRedisCluster,
  commands: readonly (readonly string[])[],
): Promise<readonly unknown[]> {
  const replies = (await client.pipeline(commands.map((command) => ['call', ...command])).exec()) ?? []
  return replies.map(([error, reply]) => {
    if (error !== null) throw error
    return reply
  })
}

/** A Sentinel client may have several connections to the primary. A lease is for one of them. */
function runOnLease(
  client: NodeRedisSentinel,
  commands: readonly (readonly string[])[],
): Promise<readonly unknown[]> {
  const { use } = client as unknown as {
    readonly use: <T>(run: (lease: NodeRedisSentinel) => Promise<T>) => Promise<T>
  }
  return use.call(client, (lease) =>
    Promise.all(commands.map((command) => lease.sendCommand(false, [...command]))),
  ) as Promise<readonly unknown[]>
}
