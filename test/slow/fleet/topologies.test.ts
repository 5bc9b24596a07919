import { describe, expect, it } from 'vitest'
import type { RevocationResult } from '../../../src/index.js'
import { polling, startInstance } from '../../support/redis/fleet.js'
import { CLIENTS } from '../../support/redis/clients.js'
import { startCluster, startSentinels } from '../../support/redis/topology.js'
import { until } from '../../support/until.js'

const ISSUER = 'https://auth.example.com'

describe.each([
  ['three Sentinels, a primary and a replica', startSentinels],
  ['a cluster of six servers', startCluster],
])('%s', (_, start) => {
  it.each(Object.keys(CLIENTS))(
    'a revocation is confirmed by a replica, and outlasts the primary (%s)',
    async (library) => {
      const { clients, servers, failOver, handOver } = await start()
      const connect = clients[library]!
      const [one, two] = [
        await startInstance(0, { client: await connect() }),
        await startInstance(0, { client: await connect() }),
      ]
      for (const { bed } of [one, two]) await bed.verifier.ready()
      const revokeFirst = (): Promise<RevocationResult> =>
        one.revocations.revoke({ issuer: ISSUER, clientId: 'before' })
      let first = await revokeFirst()
      // A replica on a busy machine may need more than the 100 ms for which `revoke` waits.
      while (first.durable !== 1) first = await revokeFirst()
      expect(await two.revocations.reached(first.receipt)).toBe(true)
      // All keys are on one primary and its replica.
      const counts = await Promise.all(servers.map((server) => server.command('DBSIZE')))
      expect(counts.filter((count) => count !== ':0')).toHaveLength(2)

      // The cluster client of node-redis 5 waits for a server that has crashed, so that it follows only a planned failover.
      if (handOver !== undefined && library === 'node-redis 5') await handOver()
      else await failOver()
      const revoke = async (): Promise<boolean> =>
        one.revocations.revoke({ issuer: ISSUER, clientId: 'after' }).then(
          () => true,
          () => false,
        )
      await until(revoke)
      const names = (instance: typeof one): readonly (string | undefined)[] =>
        instance.revocations.list().map(({ clientId }) => clientId)
      await polling(() => names(two).length === 2)
      const newcomer = await startInstance(0, { client: await connect() })
      await newcomer.bed.verifier.ready()
      expect(names(newcomer).toSorted()).toEqual(['after', 'before'])
      expect(await newcomer.bed.outcome(newcomer.bed.jwt())).toBe('accepted')
    },
  )
})
