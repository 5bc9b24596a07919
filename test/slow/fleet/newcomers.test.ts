import { expect, it } from 'vitest'
import { redisConnection } from '../../../adapters/redis/connection.js'
import { createRedisLog } from '../../../adapters/redis/revocation-log.js'
import type { Entry } from '../../../src/revocation/entry.js'
import { NOW } from '../../support/clock.js'
import { startInstance } from '../../support/redis/fleet.js'
import { startRedis } from '../../support/redis/server.js'

const COUNT = process.env['M2M_GUARD_SLOW'] === undefined ? 10_000 : 100_000
const ISSUER = 'https://auth.example.com'

const entryOf = (index: number): Entry => ({
  kind: 'token',
  issuer: ISSUER,
  value: `token-${index}`,
  limit: NOW + 1_000_000,
  at: NOW,
  reason: undefined,
  clientId: undefined,
  issuedAt: undefined,
})

it('processes that start while revocations are added know all of them', async () => {
  const { port } = await startRedis()
  const writer = await startInstance(port)
  const log = createRedisLog(redisConnection.read('client', writer.client), 'm2m-guard')
  await log.append(
    Array.from({ length: COUNT }, (_, index) => entryOf(index)),
    NOW,
  )
  const newcomers = [await startInstance(port), await startInstance(port), await startInstance(port)]
  const ready = Promise.all(newcomers.map(({ bed }) => bed.verifier.ready()))
  const receipts: string[] = []
  for (let index = 0; index < 300; index += 1)
    receipts.push((await writer.revocations.revoke({ issuer: ISSUER, tokenId: `late-${index}` })).receipt)
  await ready
  for (const { revocations } of newcomers) {
    for (const receipt of receipts) expect(await revocations.reached(receipt)).toBe(true)
    expect(revocations.health()).toMatchObject({ status: 'ok', entries: COUNT + 300 })
  }
})
