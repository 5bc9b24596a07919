import { describe, expect, it } from 'vitest'
import { redisTokens } from '../../../adapters/redis.js'
import type { TokenSource } from '../../../src/client/index.js'
import { printedAtSameTime } from '../../support/processes/at-same-time.js'
import { clientBed, type ClientBed } from '../../support/client.js'
import { passDeadlines, runningDeadlines } from '../../support/setup/deadlines.js'
import { CLIENTS } from '../../support/redis/clients.js'
import { startRedis, type RedisServer } from '../../support/redis/server.js'
import { SECRET } from '../../support/shared-store.js'
import { until } from '../../support/until.js'

interface Setup {
  readonly server: RedisServer
  readonly bed: ClientBed
  readonly join: () => Promise<TokenSource>
  readonly keys: () => Promise<readonly string[]>
  /** Resolves when Redis has a token and no lease. */
  readonly stored: () => Promise<void>
}

async function setup(library = 'node-redis 6'): Promise<Setup> {
  const [server, bed] = [await startRedis(), await clientBed()]
  const keys = async (): Promise<readonly string[]> =>
    (await server.command('KEYS', '*')).split('\r\n').filter((line) => line.startsWith('m2m-guard:'))
  return {
    server,
    bed,
    keys,
    join: async () => {
      const client = await CLIENTS[library]!(server.port)
      return bed.source({ tokens: redisTokens({ client, secret: SECRET, deadline: '5s' }) })
    },
    stored: () =>
      until(async () => {
        const all = await keys()
        return all.length > 0 && all.every((key) => !key.endsWith(':lease'))
      }),
  }
}

it.each(Object.keys(CLIENTS))(
  'with a client of %s another process uses the token, and removes it when an API refuses it',
  async (library) => {
    const { bed, join, stored, keys } = await setup(library)
    const [one, two] = [await join(), await join()]
    const token = await one.getToken()
    await stored()
    expect(await two.getToken()).toBe(token)
    expect(bed.sent).toHaveLength(1)
    two.forget(token)
    await until(async () => (await keys()).length === 0)
    const renewed = await two.getToken()
    await stored()
    // The other process reports the old token, which does not remove the new one.
    one.forget(token)
    expect(await one.getToken()).toBe(renewed)
    expect(await keys()).toHaveLength(1)
    expect(bed.sent).toHaveLength(2)
  },
)

it('Redis holds no token, and the entry expires with it', async () => {
  const { join, stored, keys, server } = await setup()
  const token = await (await join()).getToken()
  await stored()
  const [key = ''] = await keys()
  expect(key).toMatch(/^m2m-guard:tokens:\{[\w-]{43}\}$/)
  const value = await server.command('GET', key)
  for (const part of [token, ...token.split('.')]) expect(key + value).not.toContain(part)
  const expiry = Number((await server.command('PTTL', key)).slice(1))
  expect(expiry).toBeGreaterThan(0)
  expect(expiry).toBeLessThanOrEqual(3_600_000)
})

describe('while Redis cannot be used, every process requests its own token', () => {
  it.each<[string, readonly string[], RegExp]>([
    ['it is full', ['CONFIG', 'SET', 'maxmemory', '1'], /OOM/],
    ['it is a replica', ['REPLICAOF', '127.0.0.1', '1'], /READONLY|MASTERDOWN/],
  ])('%s', async (_, broken, message) => {
    const { join, server } = await setup()
    await server.command(...broken)
    const source = await join()
    expect(await source.getToken()).toBeTypeOf('string')
    await until(() => source.health().store?.status === 'degraded')
    expect(source.health()).toMatchObject({
      status: 'ok',
      store: { failure: expect.stringMatching(message) as string },
    })
  })

  it('it does not respond: the deadline passes once', async () => {
    const { bed, server } = await setup()
    const client = await CLIENTS['ioredis 6']!(server.port)
    const source = bed.source({ tokens: redisTokens({ client, secret: SECRET }) })
    server.freeze()
    const token = source.getToken()
    await until(() => runningDeadlines().some((left) => left < 0.1))
    passDeadlines(0.1)
    expect(await token).toBeTypeOf('string')
    expect(source.health().store?.failure).toBe('no response within 100 ms')
    expect(await source.getToken({ scopes: 'a' })).toBeTypeOf('string')
    server.thaw()
  })
})

/** A process that obtains a token through Redis when it is told to, and prints it. From the build, because it starts faster. */
const PROGRAM = `
import { tokenSource } from 'm2m-guard/client'
import { redisTokens } from 'm2m-guard/redis'
const [port, tokenEndpoint, clientId, clientSecret, secret] = process.argv.slice(1)
const client = await connect(port)
const tokens = redisTokens({ client, secret, deadline: '5s', maxWait: '10s' })
const source = tokenSource({ tokenEndpoint, clientId, clientSecret, tokens, deadline: '60s', clock })
console.log('ready')
process.stdin.once('data', async () => {
  console.log(await source.getToken())
  client.destroy()
})
`

it('16 processes that start at the same time send one token request', async () => {
  const server = await startRedis()
  const { issuer } = await clientBed()
  const { clientId, clientSecret } = issuer.client
  const args = [String(server.port), `${issuer.url}/token`, clientId, clientSecret, SECRET]
  const tokens = await printedAtSameTime(16, PROGRAM, args, 'now')
  expect(tokens[0]).toMatch(/^[\w.-]{20,}$/)
  expect(new Set(tokens).size).toBe(1)
  expect(issuer.calls.token).toBe(1)
})
