import { describe, expect, it } from 'vitest'
import {
  jwtBearerTokenSource,
  sharedTokens,
  type TokenSource,
  type TokenSourceEvent,
  type Tokens,
} from '../../../src/client/index.js'
import { ConfigurationError } from '../../../src/index.js'
import { measureTokenEvent } from '../../../src/metrics/token-readings.js'
import { clientBed, type ClientBed } from '../../support/client.js'
import { passDeadlines, runningDeadlines } from '../../support/setup/deadlines.js'
import { memoryStore, SECRET, type MemoryStore } from '../../support/shared-store.js'
import { nextTurn, until } from '../../support/until.js'

const HOUR = 3600
const isToken = (key: string): boolean => !key.endsWith(':lease') && !key.endsWith(':trial')

interface Setup {
  readonly bed: ClientBed
  readonly store: MemoryStore
  readonly tokens: () => Tokens
  readonly join: (extra?: Parameters<ClientBed['source']>[0]) => TokenSource
  /** Resolves when no lease is held. */
  readonly settled: () => Promise<void>
}

async function setup(): Promise<Setup> {
  const [bed, store] = [await clientBed(), memoryStore()]
  const tokens = (): Tokens => sharedTokens({ store, secret: SECRET, deadline: '5s' })
  return {
    bed,
    store,
    tokens,
    join: (extra = {}) => bed.source({ tokens: tokens(), ...extra }),
    settled: () => until(() => [...store.values.keys()].every(isToken)),
  }
}

/** Lets pauses end until work is done. */
async function waitingFor<T>(work: Promise<T>): Promise<T> {
  let isDone = false
  const done = work.finally(() => (isDone = true))
  while (!isDone) {
    passDeadlines(0.02)
    await nextTurn()
  }
  return done
}

describe('a fleet requests a token once', () => {
  it('another process uses it, and sets have tokens of their own', async () => {
    const { bed, join, settled } = await setup()
    const [one, two] = [join(), join()]
    const token = await one.getToken({ scopes: 'a b' })
    await settled()
    expect(await two.getToken({ scopes: ['b', 'a'] })).toBe(token)
    expect(bed.sent).toHaveLength(1)
    expect(await two.getToken({ scopes: 'a' })).not.toBe(token)
    expect(bed.sent).toHaveLength(2)
    expect(await two.getTokenInfo({ scopes: 'a b' })).toMatchObject({ token, scopes: ['a', 'b'] })
  })

  it('a token of another process is reported as obtained, without a token request', async () => {
    const { join, settled } = await setup()
    const events: TokenSourceEvent[] = []
    const onEvent = (event: TokenSourceEvent) => events.push(event)
    await join({ onEvent }).getToken()
    await settled()
    await join({ onEvent }).getToken()
    const [requested, taken] = events
    expect(events.map(({ kind }) => kind)).toEqual(['token_obtained', 'token_obtained'])
    expect(requested).toMatchObject({ trigger: 'absent', durationMs: expect.any(Number) as number })
    expect(taken).not.toHaveProperty('trigger')
    expect(taken).toMatchObject({
      fingerprint: requested?.fingerprint,
      detail: expect.stringContaining('another process') as string,
    })
    expect(measureTokenEvent('orders', taken!)).toBeUndefined()
  })

  it('16 processes that start at the same time', async () => {
    const { bed, join, settled } = await setup()
    const gate = bed.issuer.gate('token')
    const all = Array.from({ length: 16 }, () => join().getToken())
    await gate.waiting
    gate.release()
    await Promise.race(all)
    await settled()
    expect(new Set(await waitingFor(Promise.all(all))).size).toBe(1)
    expect(bed.sent).toHaveLength(1)
  })

  it('one process renews it for all', async () => {
    const { bed, join, settled } = await setup()
    const sources = Array.from({ length: 4 }, () => join())
    const use = async (): Promise<Set<string>> => {
      await Promise.all(sources.map(async (source) => waitingFor(source.getToken())))
      await settled()
      return new Set(await Promise.all(sources.map((source) => source.getToken())))
    }
    expect((await use()).size).toBe(1)
    for (let minute = 0; minute < 180; minute += 1) {
      bed.pass(60)
      await use()
    }
    // 3 hours with tokens of one hour, renewed after 80 % ± 10 %.
    expect(bed.sent.length).toBeLessThanOrEqual(6)
  })

  it('a process that waits in vain requests its own token, after maxWait', async () => {
    const { bed, join } = await setup()
    const gate = bed.issuer.gate('token')
    const all = [join().getToken(), join().getToken()]
    await gate.waiting
    while (bed.sent.length < 2) {
      passDeadlines(0.1)
      await nextTurn()
    }
    gate.release()
    await Promise.all(all)
  })

  it('after a failed token request the next process requests, and nothing is stored', async () => {
    const { bed, join, settled, store } = await setup()
    bed.issuer.fail('token', 400)
    await expect(join().getToken()).rejects.toThrow()
    await settled()
    expect([...store.values]).toEqual([])
    bed.issuer.heal()
    expect(await join().getToken()).toBeTypeOf('string')
  })
})

describe('the times of a shared token count from its token request', () => {
  it('it is never returned in its last seconds, nor after its expiry', async () => {
    const { bed, join, settled } = await setup()
    const token = await join().getToken()
    await settled()
    const late = join()
    bed.pass(HOUR * 0.65)
    const { token: shared, expiresAt } = await late.getTokenInfo()
    expect(shared).toBe(token)
    expect(expiresAt).toBe(bed.now() + HOUR * 0.35)
    bed.pass(HOUR * 0.35 - 4)
    expect(await late.getToken()).not.toBe(token)
  })

  it('a process that starts when it is due for renewal requests a new one', async () => {
    const { bed, join, settled } = await setup()
    const token = await join().getToken()
    await settled()
    bed.pass(HOUR * 0.92)
    expect(await join().getToken()).not.toBe(token)
    expect(bed.sent).toHaveLength(2)
  })

  it('maxAge counts from its token request', async () => {
    const { bed, join, settled } = await setup()
    const token = await join().getToken()
    await settled()
    bed.pass(61)
    expect(await join({ maxAge: '1m' }).getToken()).not.toBe(token)
    expect(await join({ maxAge: '10m' }).getToken()).toBeTypeOf('string')
    expect(bed.sent).toHaveLength(2)
  })
})

describe('a token that an API has refused', () => {
  it('is removed from the store, and the first renewal serves all', async () => {
    const { bed, join, settled, store } = await setup()
    const [one, two] = [join(), join()]
    const token = await one.getToken()
    await settled()
    expect(await two.getToken()).toBe(token)
    one.forget(token)
    await until(() => store.values.size === 0)
    const renewed = await one.getToken()
    expect(renewed).not.toBe(token)
    await settled()
    two.forget(token)
    expect(await two.getToken()).toBe(renewed)
    expect(bed.sent).toHaveLength(2)
    // The new token was not removed.
    expect(await join().getToken()).toBe(renewed)
  })

  it('refresh() requests a new token, which the others find when they renew', async () => {
    const { bed, join, settled } = await setup()
    const [one, two] = [join(), join()]
    const token = await one.getToken()
    await settled()
    const refreshed = await two.refresh()
    expect(refreshed).not.toBe(token)
    expect(bed.sent).toHaveLength(2)
    await settled()
    one.forget(token)
    expect(await one.getToken()).toBe(refreshed)
    expect(bed.sent).toHaveLength(2)
  })
})

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
    passDeadlines(0.005)
    expect(await token).toBeTypeOf('string')
    expect(await source.getToken({ scopes: 'a' })).toBeTypeOf('string')
    expect(store.operations).toEqual(['get'])
    expect(events.map(({ kind }) => kind)).toEqual(['store_failing', 'token_obtained', 'token_obtained'])
    expect(source.health()).toMatchObject({
      status: 'ok',
      store: { status: 'degraded', failure: 'no response within 5 ms' },
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
