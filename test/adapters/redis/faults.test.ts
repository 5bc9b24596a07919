import { describe, expect, it } from 'vitest'
import type { NodeRedisClient } from '../../../adapters/redis.js'
import { passDeadlines } from '../../support/setup/deadlines.js'
import { CLIENTS } from '../../support/redis/clients.js'
import { polling, startInstance, type Instance } from '../../support/redis/fleet.js'
import { startRedis, type RedisServer } from '../../support/redis/server.js'
import { failureOf } from '../../support/outcomes.js'
import { until } from '../../support/until.js'

const PREFIX = '{m2m-guard}:revocations:'
const ISSUER = 'https://auth.example.com'

async function fleet(
  size = 2,
): Promise<{ readonly server: RedisServer; readonly instances: readonly Instance[] }> {
  const server = await startRedis()
  const instances = await Promise.all(Array.from({ length: size }, () => startInstance(server.port)))
  for (const { revocations } of instances) await revocations.ready()
  return { server, instances }
}

const connected = async (port: number): Promise<NodeRedisClient> =>
  (await CLIENTS['node-redis 6']!(port)) as NodeRedisClient

const listed = ({ revocations }: Instance): number => revocations.list().length

describe('what Redis loses is written back by any process that knows it', () => {
  it.each([
    ['FLUSHALL', ['FLUSHALL']],
    ['the set is deleted', ['DEL', `${PREFIX}live`]],
    ['the state is deleted', ['DEL', `${PREFIX}meta`]],
    ['the log and the set are deleted', ['DEL', `${PREFIX}log`, `${PREFIX}live`]],
  ])('%s', async (_, command) => {
    const { server, instances } = await fleet(1)
    const [one] = instances as [Instance]
    for (const clientId of ['a', 'b', 'c']) await one.revocations.revoke({ issuer: ISSUER, clientId })
    await one.revocations.ready()
    await polling(() => one.revocations.health().status === 'ok')
    await server.command(...command)
    const isComplete = async (): Promise<boolean> =>
      (await server.command('ZCARD', `${PREFIX}live`)) === ':3' &&
      (await server.command('EXISTS', `${PREFIX}meta`)) === ':1'
    await polling(isComplete)
    const late = await startInstance(server.port)
    await late.revocations.ready()
    expect(listed(late)).toBe(3)
  })

  it('the log is trimmed past the cursor of a reader', async () => {
    const { server, instances } = await fleet()
    const [one, two] = instances as [Instance, Instance]
    for (const clientId of ['a', 'b', 'c', 'd']) await one.revocations.revoke({ issuer: ISSUER, clientId })
    await server.command('XTRIM', `${PREFIX}log`, 'MAXLEN', '1')
    await polling(() => listed(two) === 4)
  })

  it('a replica is promoted without the last write, and another write gets the same number', async () => {
    const [primary, replica] = [await startRedis(), await startRedis()]
    const early = await startInstance(primary.port)
    await early.revocations.revoke({ issuer: ISSUER, clientId: 'replicated' })
    await replica.command('REPLICAOF', '127.0.0.1', String(primary.port))
    await until(async () => (await replica.command('INFO', 'replication')).includes('master_link_status:up'))
    // The client of this instance is moved to the new primary, as Sentinel does.
    let target = await connected(primary.port)
    const moving = { sendCommand: (args: string[]) => target.sendCommand(args) }
    const moved = await startInstance(primary.port, { client: moving })
    await moved.revocations.ready()
    await replica.command('REPLICAOF', 'NO', 'ONE')
    await moved.revocations.revoke({ issuer: ISSUER, clientId: 'lost' })
    const token = moved.bed.jwt()
    const other = await startInstance(replica.port)
    await other.revocations.revoke({ issuer: ISSUER, clientId: 'same number' })
    expect(await replica.command('HGET', `${PREFIX}meta`, 'n')).toContain('2')
    expect(await primary.command('HGET', `${PREFIX}meta`, 'n')).toContain('2')
    target = await connected(replica.port)
    await polling(() => listed(moved) === 3 && listed(other) === 3)
    expect(await moved.bed.outcome(token)).toBe('accepted')
  })
})

describe('while Redis cannot be written', () => {
  it.each([
    ['it is full', ['CONFIG', 'SET', 'maxmemory', '1'], ['CONFIG', 'SET', 'maxmemory', '0'], /OOM/],
    ['it is a replica', ['REPLICAOF', '127.0.0.1', '1'], ['REPLICAOF', 'NO', 'ONE'], /READONLY/],
    [
      'too few replicas are connected',
      ['CONFIG', 'SET', 'min-replicas-to-write', '1'],
      ['CONFIG', 'SET', 'min-replicas-to-write', '0'],
      /NOREPLICAS/,
    ],
  ])(
    '%s: revoke() rejects, this process refuses, and the others learn of it later',
    async (_, broken, healed, message) => {
      const { server, instances } = await fleet()
      const [one, two] = instances as [Instance, Instance]
      const token = one.bed.jwt({ clientId: 'billing' })
      expect(await one.bed.outcome(token)).toBe('accepted')
      await server.command(...broken)
      const error = await failureOf(one.bed.verifier.revoke({ token }))
      expect(error.message).toMatch(/^the revocation is not stored: /)
      expect(error.message).toMatch(message)
      expect(await one.bed.outcome(token)).toBe('token_revoked')
      expect(one.revocations.health()).toMatchObject({
        status: 'degraded',
        failure: expect.stringMatching(message) as string,
      })
      await server.command(...healed)
      await polling(() => listed(two) === 1)
      await polling(() => one.revocations.health().status === 'ok')
    },
  )
})

describe('while Redis does not respond', () => {
  it('requests are decided from memory without waiting, and get 503 after maxStaleness', async () => {
    const { server, instances } = await fleet(1)
    const [one] = instances as [Instance]
    const token = one.bed.jwt()
    const revoked = one.bed.jwt()
    await one.bed.verifier.revoke({ token: revoked })
    server.freeze()
    passDeadlines(1)
    passDeadlines(5)
    await until(() => one.events.some(({ kind }) => kind === 'store_failing'))
    expect(one.revocations.health()).toMatchObject({ status: 'degraded', failure: 'no response within 5 s' })
    one.bed.pass(20)
    expect(await one.bed.outcome(token)).toBe('accepted')
    one.bed.pass(11)
    expect(await one.bed.answer(token)).toMatchObject({ status: 503, reason: 'revocations_unavailable' })
    expect(one.bed.events.at(-1)?.detail).toBe(
      'the revocations were last read 31 s ago, and maxStaleness is 30 s: no response within 5 s',
    )
    // What is known to be revoked is not undecidable.
    expect(await one.bed.outcome(revoked)).toBe('token_revoked')
    expect(one.bed.verifier.health().status).toBe('down')
    server.thaw()
    await polling(async () => (await one.bed.outcome(token)) === 'accepted')
    expect(one.events.map(({ kind }) => kind)).toContain('store_recovered')
  })

  it('a wall clock that is set back does not extend maxStaleness', async () => {
    const { server, instances } = await fleet(1)
    const [one] = instances as [Instance]
    const token = one.bed.jwt({ age: '10m' })
    server.freeze()
    one.bed.pass(-300)
    expect(await one.bed.outcome(token)).toBe('accepted')
    passDeadlines(30)
    expect(await one.bed.outcome(token)).toBe('revocations_unavailable')
    server.thaw()
  })

  it("with onStale: 'accept' requests are decided by what is known, and health() shows it", async () => {
    const server = await startRedis()
    const one = await startInstance(server.port, { onStale: 'accept' })
    const token = one.bed.jwt()
    server.freeze()
    expect(await one.bed.outcome(token)).toBe('revocations_unavailable')
    passDeadlines(5)
    expect(await one.bed.outcome(token)).toBe('accepted')
    one.bed.pass(60)
    expect(await one.bed.outcome(token)).toBe('accepted')
    expect(one.revocations.health().status).toBe('degraded')
    server.thaw()
  })

  it('revoke() rejects after 5 s, and is stored once Redis responds', async () => {
    const { server, instances } = await fleet()
    const [one, two] = instances as [Instance, Instance]
    server.freeze()
    const revoking = failureOf(one.revocations.revoke({ issuer: ISSUER, clientId: 'a' }))
    await until(() => listed(one) === 1)
    passDeadlines(5)
    expect((await revoking).message).toMatch(/^the revocation is not stored: writing takes longer than 5 s/)
    server.thaw()
    await polling(() => listed(two) === 1)
  })

  it('close() stops the readings', async () => {
    const { instances } = await fleet(1)
    const [one] = instances as [Instance]
    one.bed.verifier.close()
    const { asOf } = one.revocations.health()
    one.bed.pass(31)
    passDeadlines(31)
    await until(() => one.revocations.health().status === 'down')
    expect(one.revocations.health().asOf).toBe(asOf)
  })
})

it('entries of another version and of another program are skipped and reported', async () => {
  const { server, instances } = await fleet(1)
  const [one] = instances as [Instance]
  await one.revocations.revoke({ issuer: ISSUER, clientId: 'a' })
  await server.command('ZADD', `${PREFIX}live`, '7', '9 {"v":2,"kind":"client"}', '8', 'not an entry')
  await server.command('SET', 'another-key', 'of another program')
  const late = await startInstance(server.port)
  await late.revocations.ready()
  expect(listed(late)).toBe(1)
  expect(late.events).toMatchObject([
    { kind: 'entry_skipped', detail: expect.stringMatching(/^2 entries/) as string },
  ])
  const token = late.bed.jwt({ clientId: 'b' })
  expect(await late.bed.outcome(token)).toBe('accepted')
})

it('an entry that cannot be read does not hide a revocation with the same key', async () => {
  const { server, instances } = await fleet()
  const [one, two] = instances as [Instance, Instance]
  const foreign = `${Number.MAX_SAFE_INTEGER} {"v":2,"kind":"token"}`
  await server.command('HSET', `${PREFIX}keys`, JSON.stringify(['token', ISSUER, 'id-1']), foreign)
  await server.command('ZADD', `${PREFIX}live`, '1', foreign)
  const { receipt } = await one.revocations.revoke({ issuer: ISSUER, tokenId: 'id-1' })
  await polling(() => listed(two) === 1)
  expect(await two.revocations.reached(receipt, { deadline: 0 })).toBe(true)
  expect(await server.command('ZSCORE', `${PREFIX}live`, foreign)).not.toBeNull()
})

it('Redis holds no token and no part of one', async () => {
  const { server, instances } = await fleet(1)
  const [one] = instances as [Instance]
  const tokens = [one.bed.jwt(), one.bed.jwt({ claims: { jti: undefined } }), one.bed.opaque()]
  for (const token of tokens) await one.bed.verifier.revoke({ token })
  const dump = [
    await server.command('HGETALL', `${PREFIX}keys`),
    await server.command('ZRANGE', `${PREFIX}live`, '0', '-1'),
    await server.command('XRANGE', `${PREFIX}log`, '-', '+'),
  ].join()
  expect(dump).toContain('digest')
  for (const part of tokens.flatMap((token) => token.split('.'))) expect(dump).not.toContain(part)
})
