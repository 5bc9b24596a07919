import { createClient } from 'redis'
import { expect, it, onTestFinished } from 'vitest'
import { redisRevocations } from '../../../adapters/redis.js'
import { startRedis, type RedisServer } from '../../support/redis/server.js'
import { until } from '../../support/until.js'

const ISSUER = 'https://auth.example.com'
const isSynchronized = async (server: RedisServer): Promise<boolean> =>
  (await server.command('INFO', 'replication')).includes('master_link_status:up')

/** A primary otherwise waits 5 s for further replicas before it synchronizes one. */
const start = (): Promise<RedisServer> => startRedis(['--repl-diskless-sync-delay', '0'])

async function startReplicaOf(primary: RedisServer): Promise<RedisServer> {
  const replica = await start()
  await replica.command('REPLICAOF', '127.0.0.1', String(primary.port))
  await until(() => isSynchronized(replica))
  return replica
}

async function connect({ port }: RedisServer): Promise<(args: string[]) => Promise<unknown>> {
  const client = createClient({ socket: { host: '127.0.0.1', port } }).on('error', () => undefined)
  onTestFinished(() => {
    client.destroy()
  })
  await client.connect()
  return (args) => client.sendCommand(args)
}

const isScript = ([command = '']: readonly string[]): boolean => command.startsWith('EVAL')

it.each<[string, (args: readonly string[]) => boolean, number]>([
  ['after the script', isScript, 0],
  [
    'between the write that replicas confirm and the confirmation',
    (args) => isScript(args) || args[0] === 'HSET',
    0,
  ],
  [
    'after the confirmation and before it is checked',
    (args) => isScript(args) || ['HSET', 'WAIT'].includes(args[0]!),
    0,
  ],
  ['before the script', () => false, 1],
])(
  'durable counts no replica that lacks the revocation, if a server without it takes over %s',
  async (_, isForOld, durable) => {
    const old = await start()
    const next = await startReplicaOf(old)
    // Another replica, so that `WAIT` of the server that takes over counts one.
    await startReplicaOf(next)
    const remaining = await startReplicaOf(old)
    await next.command('REPLICAOF', 'NO', 'ONE')
    const [toOld, toNext] = [await connect(old), await connect(next)]
    const client = { sendCommand: (args: string[]) => (isForOld(args) ? toOld(args) : toNext(args)) }
    const revocations = redisRevocations({ client })
    let result = await revocations.revoke({ issuer: ISSUER, clientId: 'a' })
    // A replica on a busy machine may need more than the 100 ms for which a revocation waits.
    while (durable === 1 && result.durable !== 1)
      result = await revocations.revoke({ issuer: ISSUER, clientId: 'a' })
    expect(result.durable).toBe(durable)
    await remaining.close()
  },
)
