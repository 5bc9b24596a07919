import { expect, it, onTestFinished } from 'vitest'
import { redisRevocations, type RedisClient } from '../../../adapters/redis.js'
import { dateClock, NOW } from '../../support/clock.js'
import { CLIENTS } from '../../support/redis/clients.js'
import { polling, startInstance, type Instance } from '../../support/redis/fleet.js'
import { startRedis, type RedisServer } from '../../support/redis/server.js'
import { failureOf } from '../../support/outcomes.js'

async function ioRedis(port: number) {
  const client = (await CLIENTS['ioredis 6']!(port)) as Extract<RedisClient, { call: unknown }>
  return { call: (command: string, ...args: string[]) => client.call(command, ...args) }
}

/** Starts two processes. To the first one the clock of Redis is ahead by a number of seconds, which a test may change. */
async function start(lead: number) {
  dateClock(onTestFinished)
  const server = await startRedis()
  const shift = { lead }
  const clientWith = async (time: () => number): Promise<RedisClient> => {
    const { call } = await ioRedis(server.port)
    return {
      call: (command: string, ...args: string[]) =>
        command === 'TIME' ? Promise.resolve([String(time()), '0']) : call(command, ...args),
    }
  }
  const one = await startInstance(server.port, { client: await clientWith(() => NOW + shift.lead) })
  const two = await startInstance(server.port, { client: await clientWith(() => NOW) })
  return { one, two, shift }
}

/** A client that counts its commands. */
async function countingClient({ port }: RedisServer) {
  const { call } = await ioRedis(port)
  const sent: string[] = []
  const client: RedisClient = {
    call: (command: string, ...args: string[]) => {
      sent.push(command)
      return call(command, ...args)
    },
  }
  return { client, count: (name: string) => sent.filter((command) => command === name).length }
}

const target = ({ bed }: Instance) => ({ issuer: bed.issuer.url, clientId: 'billing' })

it('a process whose clock is behind cuts off by the clock of Redis', async () => {
  const { one, two } = await start(40)
  const { receipt } = await one.bed.verifier.revoke(target(one))
  await two.revocations.reached(receipt)
  expect(two.revocations.list().map(({ before }) => before)).toEqual([NOW + 41])
})

it('a process whose clock is ahead revokes nothing without before, and states what to do', async () => {
  const { one, two } = await start(-7200)
  const { message } = await failureOf(one.bed.verifier.revoke(target(one)))
  expect(message).toMatch(
    /^nothing is revoked: the clock of this process is 7200 s ahead of that of the store, .* Correct the clock, or set before$/,
  )
  expect(one.revocations.list()).toEqual([])
  const { name } = await failureOf(one.bed.verifier.revoke({ ...target(one), before: NOW }))
  expect(name).toBe('ConfigurationError')
  const { receipt } = await one.bed.verifier.revoke({ ...target(one), before: NOW - 7195 })
  await two.revocations.reached(receipt)
  expect(two.revocations.list()).toHaveLength(1)
})

it.each([
  [40, 'behind'],
  [-40, 'ahead of'],
])('a difference of %d s degrades the health until the clocks agree', async (lead, side) => {
  const { one, two, shift } = await start(lead)
  await Promise.all([one.revocations.ready(), two.revocations.ready()])
  const text = `the clock of this process is 40 s ${side} that of the store`
  await polling(() => one.revocations.health().failure === text)
  expect(one.revocations.health().status).toBe('degraded')
  await one.bed.verifier.ready()
  expect(await one.bed.outcome(one.bed.jwt())).toBe('accepted')
  shift.lead = 0
  await polling(() => one.revocations.health().status === 'ok')
  const reported = [one, two].map(({ events }) => events.filter(({ kind }) => kind === 'clock_differs'))
  expect(reported).toMatchObject([[{ detail: text }], []])
})

it('a process whose clock is ahead by no more than the tolerance cuts off by its own clock', async () => {
  const { one } = await start(-5)
  await one.bed.verifier.revoke(target(one))
  expect(one.revocations.list().map(({ before }) => before)).toEqual([NOW + 1])
  expect(one.revocations.health().status).toBe('ok')
})

it('a Redis that forbids TIME can be read, and the command is repeated after a minute at the earliest', async () => {
  const server = await startRedis()
  await server.command('ACL', 'SETUSER', 'default', '-time')
  const { client, count } = await countingClient(server)
  const one = await startInstance(server.port, { client })
  await one.revocations.ready()
  await polling(() => count('HMGET') > 5)
  expect(count('TIME')).toBe(1)
  expect(await one.bed.outcome(one.bed.jwt())).toBe('accepted')
  // The script that writes needs the command as well, which is another failure.
  expect(one.revocations.health().failure).not.toContain('clock')
})

it('revocations compare the clocks only once', async () => {
  // A comparison that takes longer than a second is repeated.
  dateClock(onTestFinished)
  const server = await startRedis()
  const { client, count } = await countingClient(server)
  const revocations = redisRevocations({ client })
  for (const clientId of ['a', 'b', 'c'])
    await revocations.revoke({ issuer: 'https://auth.example.com', clientId })
  expect(count('TIME')).toBe(1)
})
