import { describe, expect, it } from 'vitest'
import { redisRevocations, type NodeRedisClient } from '../../../adapters/redis.js'
import { ConfigurationError } from '../../../src/index.js'
import { CLIENTS } from '../../support/redis/clients.js'
import { polling, startInstance } from '../../support/redis/fleet.js'
import { startRedis } from '../../support/redis/server.js'

describe.each(Object.keys(CLIENTS))('with a client of %s', (library) => {
  it('a revocation reaches the other processes, and one that starts later', async () => {
    const { port } = await startRedis()
    const [one, two] = [await startInstance(port, { library }), await startInstance(port, { library })]
    const token = two.bed.jwt({ clientId: 'billing' })
    await two.bed.verifier.ready()
    expect(await two.bed.outcome(token)).toBe('accepted')
    const { receipt, durable } = await one.revocations.revoke({
      issuer: two.bed.issuer.url,
      clientId: 'billing',
      reason: 'key leaked',
    })
    expect(durable).toBe(0)
    expect(await two.revocations.reached(receipt)).toBe(true)
    expect(await two.bed.outcome(token)).toBe('token_revoked')
    const late = await startInstance(port, { library })
    await late.bed.verifier.ready()
    expect(late.revocations.list()).toMatchObject([
      { kind: 'client', clientId: 'billing', reason: 'key leaked' },
    ])
  })

  it('it is found by polling alone', async () => {
    const { port } = await startRedis()
    const [one, two] = [await startInstance(port, { library }), await startInstance(port, { library })]
    await two.bed.verifier.ready()
    const token = two.bed.opaque()
    await one.revocations.revoke({ issuer: two.bed.issuer.url, before: one.bed.now() + 1 })
    await polling(async () => (await two.bed.outcome(token)) === 'token_revoked')
  })

  it('a wrong password is a failure that names it, and no token is accepted', async () => {
    const { port } = await startRedis(['--requirepass', 'secret'])
    const client = await CLIENTS[library]!(port, { password: 'secret' })
    const { bed } = await startInstance(port, { client })
    await bed.verifier.ready()
    const open = await CLIENTS['ioredis 6']!(port)
    const locked = await startInstance(port, { client: open })
    await expect(locked.bed.verifier.ready()).rejects.toThrow(/revocations \(NOAUTH/)
    expect(await locked.bed.answer(locked.bed.jwt())).toMatchObject({
      status: 503,
      reason: 'revocations_unavailable',
    })
    expect(locked.bed.verifier.health()).toMatchObject({ status: 'down', revocations: { status: 'down' } })
  })
})

it('a client that is not connected is a failure that says so', async () => {
  const { createClient } = await import('redis')
  const { bed } = await startInstance(1, { client: createClient() })
  await expect(bed.verifier.ready()).rejects.toThrow(/revocations \(The client is closed/)
  expect(await bed.outcome(bed.jwt())).toBe('revocations_unavailable')
})

it.each([
  ['no client', undefined],
  ['a string', 'redis://localhost'],
  ['an object of another kind', {}],
])('%s is a ConfigurationError', (_, client) => {
  expect(() => redisRevocations({ client: client as never })).toThrow(ConfigurationError)
})

it('a pool of node-redis is a ConfigurationError', async () => {
  const { createClientPool } = await import('redis')
  expect(() => redisRevocations({ client: createClientPool() })).toThrow(
    /^redisRevocations\.client: is .* which is not supported/,
  )
})

it.each(['slave', 'all'] as const)(
  'a cluster client that reads from replicas (%s) is a ConfigurationError',
  async (scaleReads) => {
    const { Cluster } = await import('ioredis')
    const client = new Cluster([{ host: '127.0.0.1', port: 1 }], { scaleReads, lazyConnect: true })
    expect(() => redisRevocations({ client })).toThrow(
      /^redisRevocations\.client: reads from replicas.* Set scaleReads: 'master'$/,
    )
  },
)

it('a cluster client of node-redis gets the key of every command, by which it finds the server', async () => {
  const { port } = await startRedis()
  const server = (await CLIENTS['node-redis 6']!(port)) as NodeRedisClient
  const keys = new Set<string | undefined>()
  const client = {
    getSlotRandomNode: () => undefined,
    sendCommand: (key: string | undefined, _: boolean | undefined, args: string[]) => {
      keys.add(key)
      return server.sendCommand(args)
    },
  }
  const revocations = redisRevocations({ client })
  await revocations.revoke({ issuer: 'https://auth.example.com', clientId: 'billing' })
  await revocations.ready()
  expect([...keys]).toEqual(['{m2m-guard}:revocations:meta', '{m2m-guard}:revocations:live'])
})

it.each([
  ['prefix', 'a{b}'],
  ['interval', '1ms'],
  ['maxStaleness', '500ms'],
  ['onStale', 'ignore'],
  ['maxEntries', 0],
])('an invalid %s is a ConfigurationError that names it', async (name, value) => {
  const { createClient } = await import('redis')
  expect(() => redisRevocations({ client: createClient(), [name]: value })).toThrow(
    new RegExp(`^redisRevocations\\.${name}: `),
  )
})
