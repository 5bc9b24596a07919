import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Cluster as ValkeyCluster, Redis as Valkey } from 'iovalkey'
import { Cluster, Redis } from 'ioredis'
import { Cluster as Cluster5, Redis as Redis5 } from 'ioredis-5'
import { createCluster, createSentinel } from 'redis'
import { createCluster as createCluster5, createSentinel as createSentinel5 } from 'redis-5'
import { onTestFinished } from 'vitest'
import type { RedisClient } from '../../../adapters/redis.js'
import { freePort } from '../servers/free-port.js'
import { until } from '../until.js'
import { findEngine, isListening, startRedis, type RedisServer } from './server.js'

/** Milliseconds after which a server that does not respond counts as down. */
const DOWN_AFTER = '1000'

const NAME = 'm2m-guard'
const SLOTS = 16_384

/** Servers of which another one takes over if the primary of the revocations ends. */
export interface Topology {
  /** Connects a client of each supported library and major version. */
  readonly clients: Readonly<Record<string, () => Promise<RedisClient>>>
  /** Servers that may have keys. */
  readonly servers: readonly RedisServer[]
  /** Ends the primary of the revocations as a crash does, and waits until another server has taken over. */
  readonly failOver: () => Promise<void>
  /** Has another server take over while the primary still responds. */
  readonly handOver?: () => Promise<void>
}

const isPrimary = async (server: RedisServer): Promise<boolean> =>
  (await server.command('ROLE').catch(() => '')).includes('master')
const isSynchronized = async (server: RedisServer): Promise<boolean> =>
  (await server.command('INFO', 'replication')).includes('master_link_status:up')

async function takeOver(failing: RedisServer, others: readonly RedisServer[]): Promise<void> {
  const before = await Promise.all(others.map(isPrimary))
  await failing.close()
  await until(async () =>
    (await Promise.all(others.map(isPrimary))).some((is, index) => is && !before[index]),
  )
}

/** Starts three Sentinels, a primary and a replica. */
export async function startSentinels(): Promise<Topology> {
  const servers = [await startRedis(), await startRedis()] as const
  const [primary, replica] = servers
  await replica.command('REPLICAOF', '127.0.0.1', String(primary.port))
  await until(() => isSynchronized(replica))
  const ports = [await startSentinel(primary), await startSentinel(primary), await startSentinel(primary)]
  const nodes = ports.map((port) => ({ host: '127.0.0.1', port }))
  const options = { name: NAME, sentinels: nodes, sentinelRetryStrategy: () => 50 }
  return {
    servers,
    failOver: () => takeOver(primary, [replica]),
    clients: {
      'node-redis 6': () =>
        connected(createSentinel({ name: NAME, sentinelRootNodes: nodes, masterPoolSize: 3 })),
      'node-redis 5': () => connected(createSentinel5({ name: NAME, sentinelRootNodes: nodes })),
      'ioredis 6': () => connecting(new Redis(options)),
      'ioredis 5': () => connecting(new Redis5(options)),
      iovalkey: () => connecting(new Valkey(options)),
    },
  }
}

async function startSentinel(primary: RedisServer): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'm2m-guard-sentinel-'))
  const port = await freePort()
  const file = join(folder, 'sentinel.conf')
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${folder}`,
    `sentinel monitor ${NAME} 127.0.0.1 ${primary.port} 2`,
    `sentinel down-after-milliseconds ${NAME} ${DOWN_AFTER}`,
    `sentinel failover-timeout ${NAME} 5000`,
  ]
  writeFileSync(file, lines.join('\n'))
  const child = spawn(findEngine(), [file, '--sentinel'], { stdio: ['ignore', 'pipe', 'ignore'] })
  onTestFinished(() => {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })
  if (!(await isListening(child))) throw new Error('the Sentinel has ended')
  return port
}

/** Starts a cluster of three primaries with a replica each. */
export async function startCluster(): Promise<Topology> {
  const primaries = 3
  const nodes = await Promise.all(Array.from({ length: 6 }, startNode))
  const servers = nodes.map(({ server }) => server)
  const share = Math.ceil(SLOTS / primaries)
  for (const [index, server] of servers.slice(0, primaries).entries()) {
    const last = Math.min(SLOTS, (index + 1) * share) - 1
    await server.command('CLUSTER', 'ADDSLOTSRANGE', String(index * share), String(last))
  }
  const [first] = servers as [RedisServer]
  for (const { server, bus } of nodes.slice(1))
    await first.command('CLUSTER', 'MEET', '127.0.0.1', String(server.port), String(bus))
  const knowsAll = async (server: RedisServer): Promise<boolean> =>
    (await server.command('CLUSTER', 'INFO')).includes(`cluster_known_nodes:${servers.length}`)
  for (const server of servers) await until(() => knowsAll(server))
  for (const [index, server] of servers.slice(primaries).entries()) {
    const id = (await servers[index]!.command('CLUSTER', 'MYID')).split('\r\n').at(-1)!
    await until(() =>
      server.command('CLUSTER', 'REPLICATE', id).then(
        () => true,
        () => false,
      ),
    )
    await until(() => isSynchronized(server))
  }
  for (const server of servers)
    await until(async () => (await server.command('CLUSTER', 'INFO')).includes('cluster_state:ok'))
  /** Index of the primary that has the keys. */
  const holder = async (): Promise<number> => {
    const slot = await first.command('CLUSTER', 'KEYSLOT', `{${NAME}}`)
    return Math.floor(Number(slot.slice(1)) / share)
  }
  const addresses = servers.map(({ port }) => ({ host: '127.0.0.1', port }))
  const rootNodes = addresses.map((socket) => ({ socket }))
  return {
    servers,
    failOver: async () => {
      const failing = servers[await holder()]!
      await takeOver(
        failing,
        servers.filter((server) => server !== failing),
      )
    },
    handOver: async () => {
      const replica = servers[(await holder()) + primaries]!
      await replica.command('CLUSTER', 'FAILOVER')
      await until(() => isPrimary(replica))
    },
    clients: {
      'node-redis 6': () => connected(createCluster({ rootNodes })),
      'node-redis 5': () => connected(createCluster5({ rootNodes })),
      'ioredis 6': () => connecting(new Cluster(addresses)),
      'ioredis 5': () => connecting(new Cluster5(addresses)),
      iovalkey: () => connecting(new ValkeyCluster(addresses)),
    },
  }
}

async function startNode(): Promise<{ readonly server: RedisServer; readonly bus: number }> {
  const bus = await freePort()
  const options = [
    '--cluster-enabled',
    'yes',
    '--cluster-port',
    String(bus),
    '--cluster-node-timeout',
    DOWN_AFTER,
  ]
  return { server: await startRedis(options), bus }
}

interface NodeRedis {
  readonly on: (event: 'error', listener: () => void) => unknown
  readonly connect: () => Promise<unknown>
  readonly destroy: () => unknown
}

async function connected<T extends NodeRedis>(client: T): Promise<T> {
  client.on('error', () => undefined)
  onTestFinished(() => {
    client.destroy()
  })
  await client.connect()
  return client
}

interface IoRedis {
  readonly on: (event: 'error', listener: () => void) => unknown
  readonly disconnect: () => void
}

function connecting<T extends IoRedis>(client: T): Promise<T> {
  client.on('error', () => undefined)
  onTestFinished(() => {
    client.disconnect()
  })
  return Promise.resolve(client)
}
