import { describe, expect, it } from 'vitest'
import { redisAnswers, type RedisClient } from '../../../adapters/redis.js'
import { ConfigurationError, type Answers } from '../../../src/index.js'
import { passDeadlines, runningDeadlines } from '../../support/setup/deadlines.js'
import { CLIENTS } from '../../support/redis/clients.js'
import { startRedis, type RedisServer } from '../../support/redis/server.js'
import { SECRET } from '../../support/shared-store.js'
import { fleetOf, type Fleet, type Sharer } from '../../support/sharing.js'
import { startTcpProxy } from '../../support/servers/tcp-proxy.js'
import { nextTurn, until } from '../../support/until.js'

/** The maximum, which never passes in a test that does not let it pass. */
const DEADLINE = '5s'

interface Setup {
  readonly server: RedisServer
  readonly fleet: Fleet
  readonly join: (port?: number) => Promise<Sharer>
  readonly keys: () => Promise<readonly string[]>
  readonly noLease: () => Promise<void>
}

async function setup(library = 'node-redis 6', args: readonly string[] = []): Promise<Setup> {
  const [server, fleet] = [await startRedis(args), await fleetOf()]
  const keys = async (): Promise<readonly string[]> =>
    (await server.command('KEYS', '*')).split('\r\n').filter((line) => line.startsWith('m2m-guard:'))
  return {
    server,
    fleet,
    keys,
    join: async (port = server.port) => {
      const client = await CLIENTS[library]!(port)
      // Leases last as long as Redis counts, and deadlines pass while tests let pauses end: neither decides a test.
      const answers = redisAnswers({ client, secret: SECRET, deadline: DEADLINE, maxWait: '10s' })
      return fleet.join(answers, { oauth: { remote: { deadline: '60s' } } })
    },
    noLease: () => until(async () => (await keys()).every((key) => !key.endsWith(':lease'))),
  }
}

/** Lets pauses end until all work is done. */
async function waitingFor<T>(work: Promise<T>): Promise<T> {
  let isDone = false
  const done = work.finally(() => (isDone = true))
  while (!isDone) {
    // Only pauses end: the deadlines of operations are longer.
    if (runningDeadlines().some((left) => left <= 0.2)) passDeadlines(0.2)
    await nextTurn()
  }
  return done
}

describe.each(Object.keys(CLIENTS))('with a client of %s', (library) => {
  it('another process uses the result, and forget() deletes it', async () => {
    const { fleet, join, noLease, keys } = await setup(library)
    const [one, two, three] = [await join(), await join(), await join()]
    const token = fleet.bed.opaque()
    expect(await one.outcome(token)).toBe('accepted')
    await noLease()
    expect(await two.outcome(token)).toBe('accepted')
    expect(two.source()).toBe('cache')
    expect(fleet.calls()).toBe(1)
    fleet.bed.issuer.revoke(token)
    two.verifier.forget(token)
    await until(async () => (await keys()).length === 0)
    expect(await three.outcome(token)).toBe('token_inactive')
    expect(fleet.calls()).toBe(2)
    for (const { verifier } of [one, two, three]) expect(verifier.health().answers).toEqual({ status: 'ok' })
  })

  it('four processes that get a token at the same time cause one introspection request', async () => {
    const { fleet, join, noLease } = await setup(library)
    const members = await Promise.all([join(), join(), join(), join()])
    const token = fleet.bed.opaque()
    const gate = fleet.bed.issuer.gate('introspection')
    const outcomes = members.map(({ outcome }) => outcome(token))
    await gate.waiting
    gate.release()
    await Promise.race(outcomes)
    await noLease()
    expect(await waitingFor(Promise.all(outcomes))).toEqual(Array(4).fill('accepted'))
    expect(fleet.calls()).toBe(1)
  })
})

it('Redis holds neither tokens nor what a guess could be compared with, and everything expires', async () => {
  const { fleet, join, noLease, keys, server } = await setup()
  const one = await join()
  const token = fleet.bed.opaque({ scopes: 'orders:read' })
  await one.outcome(token)
  await noLease()
  const [key = '', ...others] = await keys()
  expect(others).toEqual([])
  expect(key).toMatch(/^m2m-guard:answers:\{[\w-]{43}\}$/)
  const value = await server.command('GET', key)
  for (const text of [token, token.slice(0, 12), 'orders:read']) expect(key + value).not.toContain(text)
  const expiry = Number((await server.command('PTTL', key)).slice(1))
  expect(expiry).toBeGreaterThan(0)
  expect(expiry).toBeLessThanOrEqual(30_000)
})

it.each<[string, (key: string) => readonly string[]]>([
  ['another string', (key) => ['SET', key, 'hello', 'PX', '10000']],
  ['a value that never expires', (key) => ['PERSIST', key]],
  ['a list', (key) => ['LPUSH', key, 'hello']],
])('%s in place of a result is skipped, reported and replaced', async (_, forge) => {
  const { fleet, join, noLease, keys, server } = await setup()
  const [one, two, three] = [await join(), await join(), await join()]
  const token = fleet.bed.opaque()
  await one.outcome(token)
  await noLease()
  const [key = ''] = await keys()
  const command = forge(key)
  if (command[0] === 'LPUSH') await server.command('DEL', key)
  await server.command(...command)
  expect(await two.outcome(token)).toBe('accepted')
  expect(fleet.calls()).toBe(2)
  expect(two.issuerEvents.map(({ kind }) => kind)).toEqual(['answer_skipped'])
  await noLease()
  expect(await three.outcome(token)).toBe('accepted')
  expect(fleet.calls()).toBe(2)
})

describe('while Redis cannot be used, every process calls the issuer, and no request waits', () => {
  it.each<[string, readonly string[], readonly string[], RegExp]>([
    ['it is full', ['CONFIG', 'SET', 'maxmemory', '1'], ['CONFIG', 'SET', 'maxmemory', '0'], /OOM/],
    ['it is a replica', ['REPLICAOF', '127.0.0.1', '1'], ['REPLICAOF', 'NO', 'ONE'], /READONLY|MASTERDOWN/],
  ])('%s', async (_, broken, healed, message) => {
    const { fleet, join, server } = await setup()
    const one = await join()
    await server.command(...broken)
    expect(await one.outcome(fleet.bed.opaque())).toBe('accepted')
    await until(() => one.verifier.health().answers?.status === 'degraded')
    expect(one.verifier.health().answers?.failure).toMatch(message)
    await server.command(...healed)
    await until(async () => {
      passDeadlines(1)
      await one.outcome(fleet.bed.opaque())
      return one.verifier.health().answers?.status === 'ok'
    })
    expect(one.issuerEvents.map(({ kind }) => kind)).toEqual(['answers_failing', 'answers_recovered'])
  })

  it('it does not respond: the deadline passes once', async () => {
    const { fleet, join, server } = await setup()
    const one = await join()
    server.freeze()
    const outcome = one.outcome(fleet.bed.opaque())
    await until(() => runningDeadlines().some((left) => left > 4.9))
    passDeadlines(5)
    expect(await outcome).toBe('accepted')
    for (let times = 0; times < 20; times += 1) expect(await one.outcome(fleet.bed.opaque())).toBe('accepted')
    server.thaw()
    expect(one.verifier.health().answers?.failure).toBe('no response within 5000 ms')
  })

  it.each(Object.keys(CLIENTS))('the connection of %s ends in the middle', async (library) => {
    const { fleet, join, server } = await setup(library)
    await using proxy = await startTcpProxy(`http://127.0.0.1:${server.port}`)
    const one = await join(Number(new URL(proxy.url).port))
    expect(await one.outcome(fleet.bed.opaque())).toBe('accepted')
    server.freeze()
    const outcome = one.outcome(fleet.bed.opaque())
    await nextTurn()
    await proxy.refuse()
    server.thaw()
    const ended = outcome.then(() => true)
    // A client that keeps the command for a later connection is not waited for.
    while (!(await Promise.race([ended, nextTurn()]))) passDeadlines(1)
    expect(await outcome).toBe('accepted')
    expect(one.verifier.health().answers?.status).toBe('degraded')
  })

  it('a wrong password is a failure that health() names', async () => {
    const { fleet, join } = await setup('ioredis 6', ['--requirepass', 'secret'])
    const one = await join()
    expect(await one.outcome(fleet.bed.opaque())).toBe('accepted')
    expect(one.verifier.health()).toMatchObject({
      status: 'degraded',
      answers: { status: 'degraded', failure: expect.stringMatching(/^NOAUTH/) as string },
    })
  })

  it('a client that is not connected is a failure that health() names', async () => {
    const { createClient } = await import('redis')
    const fleet = await fleetOf()
    const one = fleet.join(redisAnswers({ client: createClient(), secret: SECRET, deadline: DEADLINE }))
    expect(await one.outcome(fleet.bed.opaque())).toBe('accepted')
    expect(one.verifier.health().answers?.failure).toMatch(/^The client is closed/)
  })
})

it.each<[string, object]>([
  ['client', { secret: SECRET }],
  ['secret', { client: { call: () => Promise.resolve() } }],
  ['secret', { client: { call: () => Promise.resolve() }, secret: 'short' }],
  ['prefix', { client: { call: () => Promise.resolve() }, secret: SECRET, prefix: 'a b' }],
])('an absent or invalid %s is a ConfigurationError that names it', (name, options) => {
  const create = (): Answers => redisAnswers(options as { client: RedisClient; secret: string })
  expect(create).toThrow(ConfigurationError)
  expect(create).toThrow(new RegExp(`^redisAnswers\\.${name}: `))
})
