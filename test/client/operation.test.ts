import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { tokenSource, TokenSourceError, type TokenSourceEvent } from '../../src/client/index.js'
import { api, clientBed } from '../support/client.js'
import { manualClock } from '../support/clock.js'
import { manualIssuer } from '../support/servers/manual-issuer.js'
import { failureOf } from '../support/outcomes.js'
import { nextTurn, until } from '../support/until.js'

const HOUR = 3600

/** The process warnings during a test. */
function warnings(): readonly string[] {
  const seen: string[] = []
  vi.spyOn(process, 'emitWarning').mockImplementation((warning) => void seen.push(String(warning)))
  onTestFinished(() => void vi.restoreAllMocks())
  return seen
}

describe('events', () => {
  it('report each token request, each refused token and each evicted one, without the token', async () => {
    const { issuer, source } = await clientBed()
    const events: TokenSourceEvent[] = []
    const tokens = source({ maxTokens: 1, onEvent: (event) => events.push(event) })
    const token = await tokens.getToken({ scopes: 'a' })
    tokens.forget(token)
    issuer.fail('token', { status: 429, headers: { 'retry-after': '10' } })
    await tokens.getToken({ scopes: 'a' })
    await failureOf(tokens.getToken({ scopes: 'b' }), TokenSourceError)
    expect(events.map(({ kind, scopes }) => [kind, ...scopes])).toEqual([
      ['token_obtained', 'a'],
      ['token_refused', 'a'],
      ['token_failed', 'a'],
      ['token_evicted', 'a'],
    ])
    expect(events[2]).toMatchObject({ source: 'tokenSource', reason: 'issuer_unavailable', status: 429 })
    expect(events[2]!.usableUntil).toBeGreaterThan(0)
    expect(events[0]!.fingerprint).toMatch(/^[0-9a-f]{16}$/)
    expect(JSON.stringify(events)).not.toContain(token)
  })

  it('that throw or reject change nothing', async () => {
    const { source } = await clientBed()
    const throwing = source({
      onEvent: () => {
        throw new Error('observer')
      },
    })
    const rejecting = source({ onEvent: () => Promise.reject(new Error('observer')) })
    expect(await throwing.getToken()).toBeTypeOf('string')
    expect(await rejecting.getToken()).toBeTypeOf('string')
  })
})

describe('a process warning', () => {
  it('is emitted once for failing renewals, without an observer', async () => {
    const seen = warnings()
    const { issuer, source, pass } = await clientBed()
    const tokens = source()
    await tokens.getToken()
    issuer.fail('token', { status: 401, body: { error: 'invalid_client' } })
    for (let round = 2; round < 5; round += 1) {
      pass(round === 2 ? 0.91 * HOUR : 70)
      await tokens.getToken()
      await until(() => issuer.calls.token === round)
      await nextTurn()
    }
    await until(() => tokens.health().tokens[0]?.failure !== undefined)
    expect(seen).toHaveLength(1)
    expect(seen[0]).toContain('invalid_client')
  })

  it('is not emitted with an observer, nor for a failure that the caller gets', async () => {
    const seen = warnings()
    const { issuer, source, pass } = await clientBed()
    const observed = source({ onEvent: () => undefined })
    await observed.getToken()
    issuer.fail('token', 500)
    pass(0.91 * HOUR)
    await observed.getToken()
    await until(() => observed.health().status === 'degraded')
    await failureOf(source().getToken(), TokenSourceError)
    expect(seen).toEqual([])
  })

  it('names each host that is called over plain http', () => {
    const seen = warnings()
    const options = { clientId: 'x', clientSecret: 'y', insecureHosts: ['issuer.mesh'] }
    const source = tokenSource({ issuer: 'http://issuer.mesh', ...options })
    expect(source.health().insecureHosts).toEqual(['issuer.mesh'])
    source.close()
    expect(seen.filter((line) => line.includes('issuer.mesh'))).toHaveLength(1)
  })
})

describe('health', () => {
  it('shows the state of each set, from ok over degraded to down', async () => {
    const { issuer, source, pass, now } = await clientBed()
    const tokens = source()
    expect(tokens.health()).toEqual({ status: 'ok', tokens: [] })
    await tokens.getToken({ scopes: 'a' })
    expect(tokens.health()).toEqual({
      status: 'ok',
      tokens: [
        {
          audience: [],
          resource: [],
          scopes: ['a'],
          state: 'fresh',
          expiresAt: now() + HOUR,
          expiresIn: HOUR,
          age: 0,
          lastSuccess: now(),
        },
      ],
    })
    issuer.fail('token', 500)
    pass(0.95 * HOUR)
    await tokens.getToken({ scopes: 'a' })
    await until(() => tokens.health().status === 'degraded')
    expect(tokens.health().tokens[0]).toMatchObject({ state: 'stale', reason: 'issuer_unavailable' })
    pass(HOUR)
    await failureOf(tokens.getToken({ scopes: 'a' }), TokenSourceError)
    expect(tokens.health()).toMatchObject({ status: 'down', tokens: [{ state: 'failed' }] })
  })
})

describe('ready', () => {
  it('obtains a token before traffic, and rejects with the reason otherwise', async () => {
    const { issuer, source } = await clientBed()
    const tokens = source()
    await tokens.ready()
    await tokens.getToken()
    expect(issuer.calls.token).toBe(1)
    issuer.fail('token', { status: 401, body: { error: 'invalid_client' } })
    expect((await failureOf(source().ready(), TokenSourceError)).reason).toBe('credentials_refused')
  })
})

describe('getTokenInfo', () => {
  it('returns the token with its expiry and the granted scopes', async () => {
    const { issuer, source, now } = await clientBed()
    const body = { access_token: 'abc', token_type: 'Bearer', expires_in: 60 }
    issuer.fail('token', { body: { ...body, scope: 'a' } })
    const granted = await source().getTokenInfo({ scopes: 'a b' })
    expect(granted).toEqual({ token: 'abc', expiresAt: now() + 60, scopes: ['a'] })
    issuer.fail('token', { body })
    expect((await source().getTokenInfo({ scopes: 'a b' })).scopes).toEqual(['a', 'b'])
  })

  it('has no expiry for a token that never expires', async () => {
    const { clerkSource } = await clientBed()
    const { expiresAt, scopes } = await clerkSource({ expiresIn: null }).getTokenInfo()
    expect([expiresAt, scopes]).toEqual([undefined, []])
  })
})

describe('refresh', () => {
  it('replaces a valid token, once for concurrent callers', async () => {
    const { issuer, source } = await clientBed()
    const tokens = source()
    const old = await tokens.getToken()
    const next = await Promise.all([tokens.refresh(), tokens.refresh(), tokens.refresh()])
    expect(new Set(next).size).toBe(1)
    expect(next[0]).not.toBe(old)
    expect(await tokens.getToken()).toBe(next[0])
    expect(issuer.calls.token).toBe(2)
  })

  it('that fails is an error, and the old token stays in use', async () => {
    const { issuer, source } = await clientBed()
    const tokens = source()
    const old = await tokens.getToken()
    issuer.fail('token', 500)
    expect((await failureOf(tokens.refresh(), TokenSourceError)).status).toBe(500)
    expect(await tokens.getToken()).toBe(old)
  })
})

describe('reset', () => {
  it('ends the backoff of the issuer, of each set and after refusals', async () => {
    const { issuer, source } = await clientBed()
    const tokens = source()
    issuer.fail('token', { status: 429, headers: { 'retry-after': '86400' } })
    await failureOf(tokens.getToken(), TokenSourceError)
    issuer.heal()
    tokens.reset()
    tokens.forget(await tokens.getToken())
    tokens.forget(await tokens.getToken())
    const calls = issuer.calls.token
    tokens.reset()
    await tokens.getToken()
    expect(issuer.calls.token).toBe(calls + 1)
  })
})

it('a source is closed by await using', async () => {
  const { source } = await clientBed()
  const tokens = source()
  await tokens[Symbol.asyncDispose]()
  expect((await failureOf(tokens.getToken(), TokenSourceError)).reason).toBe('source_closed')
})

describe('maxAge', () => {
  it('renews ahead, and no older token is returned', async () => {
    const { issuer, source, pass } = await clientBed()
    const tokens = source({ maxAge: '20s' })
    const first = await tokens.getToken()
    pass(13)
    expect(await tokens.getToken()).toBe(first)
    expect(issuer.calls.token).toBe(1)
    pass(5.5)
    expect(await tokens.getToken()).not.toBe(first)
    issuer.fail('token', 500)
    pass(20)
    await failureOf(tokens.getToken(), TokenSourceError)
  })

  it('counts the age of a token that Clerk returns again', async () => {
    const { clerkSource, pass } = await clientBed()
    const first = await clerkSource({ minRemainingTtl: '10m' }).getToken()
    pass(120)
    const tokens = clerkSource({ minRemainingTtl: '10m', maxAge: '1m' })
    expect(await tokens.getToken()).not.toBe(first)
  })
})

it('margin is the time before the expiry in which a token is not returned', async () => {
  const { issuer, source, pass } = await clientBed()
  const tokens = source({ margin: '10m' })
  const first = await tokens.getToken()
  issuer.fail('token', 500)
  pass(HOUR - 601)
  expect(await tokens.getToken()).toBe(first)
  pass(2)
  await failureOf(tokens.getToken(), TokenSourceError)
})

describe('maxConcurrent', () => {
  it('limits the token requests in flight, without a warning of too many listeners', async () => {
    const seen = warnings()
    const clock = manualClock()
    const issuer = manualIssuer(clock.read)
    const source = tokenSource({
      tokenEndpoint: 'https://issuer.test/token',
      clientId: 'x',
      clientSecret: 'y',
      fetch: issuer.fetch,
      clock: clock.read,
      maxConcurrent: 20,
    })
    onTestFinished(() => source.close())
    const waiting = Promise.all(
      Array.from({ length: 100 }, (_, index) => source.getToken({ scopes: `s${index}` })),
    )
    await until(() => issuer.open.length === 20)
    await nextTurn()
    expect(issuer.open).toHaveLength(20)
    issuer.answerAll('token')
    expect(new Set(await waiting).size).toBe(100)
    expect(seen).toEqual([])
  })

  it('sends no further request once the issuer has failed', async () => {
    const clock = manualClock()
    const issuer = manualIssuer(clock.read)
    const source = tokenSource({
      tokenEndpoint: 'https://issuer.test/token',
      clientId: 'x',
      clientSecret: 'y',
      fetch: issuer.fetch,
      clock: clock.read,
      maxConcurrent: 2,
    })
    onTestFinished(() => source.close())
    issuer.answerAll({ status: 500 })
    const results = Array.from({ length: 50 }, (_, index) =>
      failureOf(source.getToken({ scopes: `s${index}` }), TokenSourceError),
    )
    await Promise.all(results)
    expect(issuer.forms.length).toBeLessThanOrEqual(4)
  })
})

describe('a response that may concern one set only', () => {
  it.each<[string, Readonly<{ status: number; body?: Readonly<Record<string, unknown>> }>]>([
    ['a 401', { status: 401, body: { error: 'invalid_client' } }],
    ['a page', { status: 200, body: {} }],
  ])('%s does not stop the others', async (_, failure) => {
    const clock = manualClock()
    const issuer = manualIssuer(clock.read)
    const source = tokenSource({
      tokenEndpoint: 'https://issuer.test/token',
      clientId: 'x',
      clientSecret: 'y',
      fetch: async (input, init) => {
        const isBad = new URLSearchParams(init?.body as string).get('audience') === 'bad'
        return isBad ? Response.json(failure.body, { status: failure.status }) : issuer.fetch(input, init)
      },
      clock: clock.read,
    })
    onTestFinished(() => source.close())
    issuer.answerAll('token')
    await failureOf(source.getToken({ audience: 'bad' }), TokenSourceError)
    expect(await source.getToken({ audience: 'good' })).toBe('token-1')
    clock.pass(60)
    await failureOf(source.getToken({ audience: 'bad' }), TokenSourceError)
    expect(await source.getToken({ audience: 'better' })).toBe('token-2')
  })

  it('stops all sets once a second one fails in the same way', async () => {
    const { issuer, source } = await clientBed()
    const tokens = source()
    issuer.fail('token', { status: 401, body: { error: 'invalid_client' } })
    for (let index = 0; index < 20; index += 1)
      await failureOf(tokens.getToken({ scopes: `s${index}` }), TokenSourceError)
    expect(issuer.calls.token).toBe(2)
  })
})

it("tokenType: 'any' accepts a response without a token type, or with another one", async () => {
  for (const type of [undefined, 'BearerToken']) {
    const { issuer, source } = await clientBed()
    issuer.fail('token', { body: { access_token: 'abc', token_type: type, expires_in: 60 } })
    expect(await source({ tokenType: 'any' }).getToken()).toBe('abc')
    const error = await failureOf(source().getToken(), TokenSourceError)
    expect(error.message).toContain("tokenType: 'any'")
  }
})

it('150 audiences in turn need 150 token requests', async () => {
  const { issuer, source } = await clientBed()
  const tokens = source()
  for (let round = 0; round < 3; round += 1)
    for (let index = 0; index < 150; index += 1) await tokens.getToken({ audience: `a${index}` })
  expect(issuer.calls.token).toBe(150)
})

describe('an error', () => {
  it('has the error of a custom fetch as its cause, without secrets', async () => {
    const { source } = await clientBed()
    const tokens = source({
      clientSecret: 'hunter2',
      fetch: () => Promise.reject(new Error('proxy refused hunter2', { cause: new Error('ECONNREFUSED') })),
    })
    const error = await failureOf(tokens.getToken(), TokenSourceError)
    expect((error.cause as Error).message).toBe('Error: proxy refused [secret]')
    expect(((error.cause as Error).cause as Error).message).toContain('ECONNREFUSED')
  })

  it('keeps a known error code although it contains the client secret', async () => {
    const { issuer, source } = await clientBed()
    issuer.fail('token', { status: 401, body: { error: 'invalid_client', error_description: 'client' } })
    const error = await failureOf(source({ clientSecret: 'client' }).getToken(), TokenSourceError)
    expect(error.code).toBe('invalid_client')
    expect(error.message).toContain('([secret])')
  })

  it('of a missing discovery document names both URLs', async () => {
    const { url } = await api(() => ({ status: 404 }))
    const { source } = await clientBed()
    const tokens = source({ issuer: `${url}/tenant`, tokenEndpoint: undefined })
    const { message } = await failureOf(tokens.getToken(), TokenSourceError)
    expect(message).toContain('/tenant/.well-known/openid-configuration')
    expect(message).toContain('/.well-known/oauth-authorization-server/tenant')
  })

  it.each<[string, string]>([
    ['a line break', 'secret\n'],
    ['a line break of Windows', 'secret\r\n'],
  ])('says that a secret ends with %s', async (_, secret) => {
    const { source } = await clientBed()
    expect(() => source({ clientSecret: secret })).toThrow(/ends with a line break.*trim/)
  })

  it.each<[string, unknown, RegExp]>([
    ['a PEM with escaped newlines', '-----BEGIN PRIVATE KEY-----\\nMIIE', /replaceAll/],
    ['an encrypted PEM', '-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIE', /encrypted/],
  ])('says what is wrong with %s', async (_, privateKey, words) => {
    const { source } = await clientBed()
    const options = { clientSecret: undefined, authentication: 'private_key_jwt', privateKey } as const
    expect(() => source(options as never)).toThrow(words)
  })
})

it('clockSkew issues client assertions earlier', async () => {
  const { generateKeyPairSync } = await import('node:crypto')
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { source, sent, now } = await clientBed()
  const authentication = 'private_key_jwt'
  const tokens = source({ clientSecret: undefined, authentication, privateKey, clockSkew: '20s' })
  await failureOf(tokens.getToken(), TokenSourceError)
  const [, payload = ''] = sent[0]!.form.get('client_assertion')!.split('.')
  const { iat } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { iat: number }
  expect(iat).toBe(now() - 20)
})
