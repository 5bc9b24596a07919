import { describe, expect, it } from 'vitest'
import { redisAnswers } from '../../../adapters/redis.js'
import { CLIENTS } from '../../support/redis/clients.js'
import { startRedis, type RedisServer } from '../../support/redis/server.js'
import { passDeadlines, runningDeadlines } from '../../support/setup/deadlines.js'
import { SECRET } from '../../support/shared-store.js'
import { fleetOf, type Fleet, type Sharer } from '../../support/sharing.js'
import { nextTurn, until } from '../../support/until.js'

const DEADLINE = '5s'

interface Setup {
  readonly server: RedisServer
  readonly fleet: Fleet
  readonly join: () => Promise<Sharer>
  /** Returns the key of the lease of a token, which is the same for all processes. */
  readonly leaseOf: (token: string) => Promise<string>
}

async function setup(): Promise<Setup> {
  const [server, fleet] = [await startRedis(), await fleetOf()]
  const join = async (): Promise<Sharer> => {
    const client = await CLIENTS['node-redis 6']!(server.port)
    return fleet.join(redisAnswers({ client, secret: SECRET, deadline: DEADLINE }))
  }
  const other = await join()
  const keys = async (): Promise<readonly string[]> =>
    (await server.command('KEYS', '*')).split('\r\n').filter((line) => line.startsWith('m2m-guard:'))
  return {
    server,
    fleet,
    join,
    leaseOf: async (token) => {
      const before = new Set(await keys())
      await other.outcome(token)
      const added = async (): Promise<readonly string[]> => (await keys()).filter((key) => !before.has(key))
      // The lease is released when the result is stored.
      await until(async () => (await added()).length === 1 && !(await added())[0]!.endsWith(':lease'))
      const [key = ''] = await added()
      await server.command('DEL', key)
      return `${key}:lease`
    },
  }
}

/** Lets pauses end until work is done. Returns the seconds that have passed for it. */
async function secondsOf(work: Promise<unknown>): Promise<number> {
  let [isDone, seconds] = [false, 0]
  void work.finally(() => (isDone = true))
  while (!isDone) {
    // Only pauses end: the deadlines of operations are longer.
    if (runningDeadlines().some((left) => left <= 0.2)) {
      passDeadlines(0.02)
      seconds += 0.02
    }
    await nextTurn()
  }
  return seconds
}

describe('a client that can write to Redis cannot make requests wait for work that is never done', () => {
  it.each<[string, (lease: string) => readonly string[]]>([
    ['a lease that never expires', (lease) => ['SET', lease, 'hello']],
    ['a lease that lasts longer than any of this package', (lease) => ['SET', lease, 'hello', 'PX', '60000']],
  ])('%s is deleted and reported, and costs no wait', async (_, forge) => {
    const { server, fleet, join, leaseOf } = await setup()
    const token = fleet.bed.opaque()
    await server.command(...forge(await leaseOf(token)))
    const one = await join()
    const before = fleet.calls()
    expect(await secondsOf(one.outcome(token))).toBe(0)
    expect(fleet.calls()).toBe(before + 1)
    expect(one.issuerEvents).toMatchObject([
      {
        kind: 'answer_skipped',
        detail: expect.stringContaining('a lease in the store was deleted') as string,
      },
    ])
    // The result is shared, and Redis counts as working.
    expect(await (await join()).outcome(token)).toBe('accepted')
    expect(fleet.calls()).toBe(before + 1)
    expect(one.verifier.health().answers).toEqual({ status: 'ok' })
  })

  it('a list in place of a lease costs one wait per key, and Redis stays in use', async () => {
    const { server, fleet, join, leaseOf } = await setup()
    const token = fleet.bed.opaque()
    await server.command('LPUSH', await leaseOf(token), 'hello')
    const one = await join()
    const outcome = one.outcome(token)
    expect(await secondsOf(outcome)).toBeLessThanOrEqual(1.1)
    expect(await outcome).toBe('accepted')
    expect(one.verifier.health().answers).toEqual({ status: 'ok' })
  })

  it('leases that are taken again and again cost five waits, which is reported, and then none for 30 s', async () => {
    const { server, fleet, join, leaseOf } = await setup()
    const one = await join()
    const waited: number[] = []
    for (let index = 0; index < 8; index += 1) {
      const token = fleet.bed.opaque()
      await server.command('SET', await leaseOf(token), 'taken', 'PX', '10000')
      waited.push(await secondsOf(one.outcome(token)))
    }
    expect(waited.map((seconds) => seconds > 0)).toEqual([true, true, true, true, true, false, false, false])
    expect(one.issuerEvents).toMatchObject([
      { kind: 'answer_skipped', detail: expect.stringContaining('no result 5 times in a row') as string },
    ])
  })
})
