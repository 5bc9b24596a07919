import { describe, expect, it } from 'vitest'
import {
  jwtBearerTokenSource,
  sharedTokens,
  type TokenSourceEvent,
  type Tokens,
} from '../../../../src/client/index.js'
import { ConfigurationError } from '../../../../src/index.js'
import { passDeadlines, runningDeadlines } from '../../../support/setup/deadlines.js'
import { memoryStore, SECRET } from '../../../support/shared-store.js'
import { until } from '../../../support/until.js'
import { setup } from './support.js'

describe('two clients never share a token', () => {
  it.each<[string, object]>([
    ['another client id', { clientId: 'another' }],
    ['other form parameters', { parameters: { tenant: 'acme' } }],
    ['another token endpoint', { tokenEndpoint: 'http://127.0.0.1:1/token' }],
  ])('%s', async (_, change) => {
    const { bed, join, settled } = await setup()
    await join().getToken()
    await settled()
    await join(change)
      .getToken()
      .catch(() => undefined)
    expect(bed.sent.length).toBeGreaterThan(1)
  })

  it('Clerk machines are distinguished by their key', async () => {
    const { bed, tokens, settled } = await setup()
    const { sender, receiver } = bed.issuer.clerkMachines
    const token = await bed.clerkSource({ tokens: tokens() }).getToken()
    await settled()
    expect(await bed.clerkSource({ tokens: tokens() }).getToken()).toBe(token)
    const key = receiver.secretKey
    expect(key).not.toBe(sender.secretKey)
    await bed
      .clerkSource({ tokens: tokens(), machineSecretKey: () => key })
      .getToken()
      .catch(() => undefined)
    expect(bed.sent).toHaveLength(2)
  })

  it('without a client id shared tokens are a ConfigurationError', async () => {
    const { bed, tokens } = await setup()
    const create = (): unknown =>
      bed.source({
        tokens: tokens(),
        clientId: undefined,
        clientSecret: undefined,
        authentication: () => ({ headers: {} }),
      })
    expect(create).toThrow(ConfigurationError)
    expect(create).toThrow(/^tokenSource\.tokens: requires clientId/)
  })

  it('tokens of one client for two assertions are different', async () => {
    const { bed, tokens } = await setup()
    const { url, client } = bed.issuer
    const names = new Set<string>()
    const store = memoryStore()
    for (const assertion of ['a.b.c', 'a.b.d']) {
      const source = jwtBearerTokenSource({
        tokenEndpoint: `${url}/token`,
        clientId: client.clientId,
        clientSecret: client.clientSecret,
        assertion,
        tokens: sharedTokens({
          secret: SECRET,
          deadline: '5s',
          store: {
            ...store,
            get: (key) => {
              names.add(key)
              return store.get(key)
            },
          },
        }),
      })
      await source.getToken().catch(() => undefined)
      source.close()
    }
    expect(names.size).toBe(2)
    expect(tokens().health()).toEqual({ status: 'ok' })
  })
})

describe('the store', () => {
  it('has no token, and no part of one', async () => {
    const { join, settled, store } = await setup()
    const token = await join().getToken()
    await settled()
    const dump = JSON.stringify([...store.values])
    expect(store.values.size).toBe(1)
    for (const part of [token, ...token.split('.')]) expect(dump).not.toContain(part)
  })

  it.each<[string, (value: string) => string]>([
    ['of another program', () => 'hello'],
    ['that was changed', (value) => `${value.slice(0, -8)}AAAAAAAA`],
  ])('an entry %s is skipped and reported, and replaced', async (_, forge) => {
    const { bed, join, settled, store } = await setup()
    await join().getToken()
    await settled()
    const [key = '', value = ''] = [...store.values][0] ?? []
    store.values.set(key, forge(value))
    const events: TokenSourceEvent[] = []
    const token = await join({ onEvent: (event) => events.push(event) }).getToken()
    expect(events.map(({ kind }) => kind)).toEqual(['store_skipped', 'token_obtained'])
    await settled()
    expect(await join().getToken()).toBe(token)
    expect(bed.sent).toHaveLength(2)
  })

  it('that is slow costs the deadline once, and that fails costs nothing', async () => {
    const { bed, store } = await setup()
    const events: TokenSourceEvent[] = []
    const tokens = sharedTokens({ store, secret: SECRET })
    const source = bed.source({ tokens, onEvent: (event) => events.push(event) })
    store.before = () => new Promise(() => undefined)
    const token = source.getToken()
    await until(() => runningDeadlines().some((left) => left < 0.1))
    passDeadlines(0.1)
    expect(await token).toBeTypeOf('string')
    expect(await source.getToken({ scopes: 'a' })).toBeTypeOf('string')
    expect(store.operations).toEqual(['get'])
    expect(events.map(({ kind }) => kind)).toEqual(['store_failing', 'token_obtained', 'token_obtained'])
    expect(source.health()).toMatchObject({
      status: 'ok',
      store: { status: 'degraded', failure: 'no response within 100 ms' },
    })
  })

  it('is not used for a token that is in memory', async () => {
    const { join, settled, store } = await setup()
    const source = join()
    await source.getToken()
    await settled()
    const operations = store.operations.length
    for (let times = 0; times < 10; times += 1) await source.getToken()
    expect(store.operations).toHaveLength(operations)
  })
})

it('an object of another kind is a ConfigurationError that names the option', async () => {
  const { bed } = await setup()
  expect(() => bed.source({ tokens: {} as Tokens })).toThrow(
    /^tokenSource\.tokens: must be the result of redisTokens\(\) or sharedTokens\(\)/,
  )
})
