import { describe, expect, it } from 'vitest'
import { redisAnswers, redisTokens } from '../../../adapters/redis.js'
import { clientBed } from '../../support/client.js'
import { startCluster, startSentinels, type Topology } from '../../support/redis/topology.js'
import { CLIENTS } from '../../support/redis/clients.js'
import { SECRET } from '../../support/shared-store.js'
import { fleetOf, type Sharer } from '../../support/sharing.js'
import { passDeadlines } from '../../support/setup/deadlines.js'
import { nextTurn, until } from '../../support/until.js'

/** Enough that every primary of a cluster has some. */
const TOKENS = 60

const DEADLINE = '5s'

async function keysOf({ servers }: Topology): Promise<readonly (readonly string[])[]> {
  const replies = await Promise.all(servers.map((server) => server.command('KEYS', '*')))
  return replies.map((reply) => reply.split('\r\n').filter((line) => line.startsWith('m2m-guard:')))
}

const noLease = (topology: Topology): Promise<void> =>
  until(async () => (await keysOf(topology)).flat().every((key) => !key.endsWith(':lease')))

/** Lets deadlines pass until work is done. */
async function passing<T>(work: Promise<T>): Promise<T> {
  let isDone = false
  const done = work.finally(() => (isDone = true))
  while (!isDone) {
    passDeadlines(0.1)
    await nextTurn()
  }
  return done
}

describe.each([
  ['three Sentinels, a primary and a replica', startSentinels, 1],
  ['a cluster of six servers', startCluster, 3],
] as const)('%s', (_, start, primaries) => {
  it.each(Object.keys(CLIENTS))(
    'introspection results and tokens are shared, and outlast the primary or are obtained again (%s)',
    async (library) => {
      const topology = await start()
      const connect = topology.clients[library]!
      const [fleet, callers] = [await fleetOf(), await clientBed()]
      const join = async (): Promise<Sharer> =>
        fleet.join(redisAnswers({ client: await connect(), secret: SECRET, deadline: DEADLINE }))
      const [one, two] = [await join(), await join()]
      const tokens = Array.from({ length: TOKENS }, () => fleet.bed.opaque())
      for (const token of tokens) expect(await one.outcome(token)).toBe('accepted')
      await noLease(topology)
      for (const token of tokens) expect(await two.outcome(token)).toBe('accepted')
      expect(fleet.calls()).toBe(TOKENS)
      // Each primary and its replica have a part of the keys.
      const counts = (await keysOf(topology)).map((keys) => keys.length)
      expect(counts.filter((count) => count > 0)).toHaveLength(2 * primaries)

      const source = async () =>
        callers.source({
          tokens: redisTokens({ client: await connect(), secret: SECRET, deadline: DEADLINE }),
        })
      const obtained = await (await source()).getToken()
      await noLease(topology)
      expect(await (await source()).getToken()).toBe(obtained)
      expect(callers.sent).toHaveLength(1)

      // The cluster client of node-redis 5 waits for a server that has crashed, so that it follows only a planned failover.
      if (topology.handOver !== undefined && library === 'node-redis 5') await topology.handOver()
      else await topology.failOver()
      // A client may wait for the server that has ended, so that only the deadline ends an operation.
      for (const member of [one, two, await join()])
        for (const token of [...tokens.slice(0, 3), fleet.bed.opaque()])
          expect(await passing(member.outcome(token))).toBe('accepted')
    },
  )
})
