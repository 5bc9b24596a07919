import { expect, it, onTestFinished } from 'vitest'
import { startMember, type Member } from '../../support/redis/processes/member.js'
import type { KillPoint } from '../../support/redis/processes/program.js'
import { startRedis } from '../../support/redis/server.js'
import { until } from '../../support/until.js'

type Case = KillPoint & {
  /** Whether the revocation is stored; absent if both are right. */
  readonly isStored?: boolean
}

const ESSENTIAL: readonly Case[] = [
  { command: 'EVALSHA', when: 'before', isStored: false },
  { command: 'EVALSHA', when: 'sent' },
  { command: 'EVALSHA', when: 'answered', isStored: true },
  { command: 'WAIT', when: 'sent', isStored: true },
]
const FURTHER: readonly Case[] = [
  { command: 'ROLE', when: 'before', isStored: true },
  { command: 'ROLE', when: 'sent', isStored: true },
  { command: 'ROLE', when: 'answered', isStored: true },
  { command: 'WAIT', when: 'before', isStored: true },
  { command: 'WAIT', when: 'answered', isStored: true },
]
/** Steps of a revocation whose script Redis has forgotten, such as after a failover. */
const WITHOUT_SCRIPT: readonly Case[] = [
  { command: 'EVALSHA', when: 'answered', isStored: false },
  { command: 'EVAL', when: 'before', isStored: false },
  { command: 'EVAL', when: 'sent' },
  { command: 'EVAL', when: 'answered', isStored: true },
]

const isLong = process.env['M2M_GUARD_SLOW'] !== undefined

it.each([
  ['a known script', isLong ? [...ESSENTIAL, ...FURTHER] : ESSENTIAL, false],
  ['a forgotten script', isLong ? WITHOUT_SCRIPT : WITHOUT_SCRIPT.slice(2, 3), true],
])(
  'a process that is killed at any step of a revocation leaves all or nothing of it, and a log that goes on (%s)',
  async (_, cases, isForgotten) => {
    const [redis, replica] = [await startRedis(), await startRedis()]
    await replica.command('REPLICAOF', '127.0.0.1', String(redis.port))
    await until(async () => (await replica.command('INFO', 'replication')).includes('master_link_status:up'))
    const start = (killAt?: KillPoint): Promise<Member> =>
      startMember(redis.port, onTestFinished, killAt === undefined ? {} : { killAt })
    const [witness, ...dying] = await Promise.all([start(), ...cases.map(start)])
    await witness.tell('revoke', 'first')
    for (const [index, member] of dying.entries()) {
      if (isForgotten) await redis.command('SCRIPT', 'FLUSH')
      await expect(member.tell('revoke', `token-${index}`)).rejects.toThrow('the process has ended')
    }
    await witness.tell('read')
    const newcomer = await start()
    for (const [index, { isStored }] of cases.entries()) {
      const status = await witness.request(`token-${index}`)
      expect([200, 401]).toContain(status)
      if (isStored !== undefined) expect([cases[index], status]).toEqual([cases[index], isStored ? 401 : 200])
      expect(await newcomer.request(`token-${index}`)).toBe(status)
    }
    const receipt = await newcomer.tell('revoke', 'next')
    expect(await witness.tell('reached', receipt)).toBe(true)
    expect(await witness.request('next')).toBe(401)
  },
)
