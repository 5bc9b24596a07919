import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { inspect } from 'node:util'
import express from 'express'
import fastify from 'fastify'
import supertest from 'supertest'
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import { guard, requireScopes } from '../../../../adapters/express.js'
import { m2mGuard } from '../../../../adapters/fastify.js'
import { accessToken, guard as fetchGuard } from '../../../../adapters/fetch.js'
import { ConfigurationError, createVerifier, oauth, type Policy } from '../../../../src/index.js'
import type { MintJwtOptions } from '../../../../src/testing/index.js'
import { testBed } from '../../../support/test-bed.js'

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

describe('a policy that only looks like one', () => {
  class Demands {
    readonly #scopes = 'admin'
    get scopes() {
      return this.#scopes
    }
  }

  it.each<[string, unknown]>([
    ['a promise that was not awaited', Promise.resolve({ scopes: 'admin' })],
    ['a map', new Map([['scopes', 'admin']])],
    ['an instance with getters', new Demands()],
    ['an object that inherits its requirements', Object.create({ scopes: 'admin' })],
    [
      'an object that inherits its requirements from one without a prototype',
      Object.create(Object.assign(Object.create(null) as object, { scopes: 'admin' })),
    ],
  ])('%s is an error, not a policy without requirements', async (_, policy) => {
    const { verifier, jwt } = await testBed()
    expect(() => guard(verifier, policy as Policy)).toThrow(ConfigurationError)
    expect(() => verifier.verify(jwt(), policy as Policy)).toThrow(ConfigurationError)
  })

  it('a member that is not enumerable counts', async () => {
    const { verifier, jwt } = await testBed()
    const policy: Policy = Object.defineProperty({}, 'scopes', { value: 'admin' })
    await expect(verifier.verify(jwt(), policy)).rejects.toMatchObject({ reason: 'scope_insufficient' })
    const options = Object.defineProperty({}, 'mode', { value: 'audit' })
    expect(() => guard(verifier, {}, options)).toThrow(ConfigurationError)
  })

  it('one that is changed after its first use fails, and does not go on as before', async () => {
    const { verifier, jwt } = await testBed()
    const policy: { scopes: string[] } = { scopes: ['orders:read'] }
    await verifier.verify(jwt({ scopes: 'orders:read' }), policy)
    expect(() => policy.scopes.push('admin')).toThrow(TypeError)
    expect(() => {
      policy.scopes = ['admin']
    }).toThrow(TypeError)
  })

  it('config.auth of a Fastify route that is undefined stops the start', async () => {
    const { verifier } = await testBed()
    const app = fastify()
    await app.register(m2mGuard, { verifier })
    const config = { auth: undefined } as unknown as { auth: false }
    expect(() => app.get('/orders', { config }, () => 'secret')).toThrow(ConfigurationError)
  })
})

describe('a polluted prototype', () => {
  const polluted = Object.prototype as Record<string, unknown>
  afterEach(() => {
    for (const name of ['auth', 'earlier', 'reported']) Reflect.deleteProperty(polluted, name)
  })

  it('opens no route of Fastify', async () => {
    const { verifier } = await testBed()
    const app = fastify()
    await app.register(m2mGuard, { verifier })
    app.get('/orders', () => 'secret')
    onTestFinished(() => app.close())
    const url = await app.listen()
    polluted['auth'] = false
    const [answer] = (await once(get(`${url}/orders`), 'response')) as [IncomingMessage]
    expect(answer.statusCode).toBe(401)
    answer.destroy()
  })

  it('is not taken for what an earlier guard has found', async () => {
    const { verifier, jwt } = await testBed()
    const token = jwt({ scopes: 'admin' })
    await verifier.verify(token)
    polluted['earlier'] = { bearer: 'forged', resolved: { known: { token: {} }, source: 'remote' } }
    const decision = await verifier.authorize({ headers: bearer('forged') })
    expect(decision.outcome).toBe('refused')
  })
})

it.each([[1], ['text'], [null], [undefined], [{}]])(
  'an onRefusal for fetch that returns %j lets nothing through: the guard responds',
  async (given) => {
    const { verifier } = await testBed()
    const onRefusal = () => given as unknown as Response
    const answer = await fetchGuard(verifier, {}, { onRefusal })(new Request('https://api.test/'))
    expect(answer).toBeInstanceOf(Response)
    expect((answer as Response).status).toBe(401)
  },
)

describe('a guard that only reports, within one that enforces', () => {
  it('does not remove the requirements behind it', async () => {
    const { verifier, jwt } = await testBed()
    const app = express()
    app.use(guard(verifier))
    app.use(guard(verifier, { scopes: 'roll-out' }, { mode: 'report' }))
    app.get('/admin', requireScopes('admin'), (_req, res) => {
      res.send('secret')
    })
    await supertest(app).get('/admin').set(bearer(jwt())).expect(403)
    await supertest(app)
      .get('/admin')
      .set(bearer(jwt({ scopes: 'admin' })))
      .expect(200)
  })

  it('in Fastify, app.guard goes by the guard registered last', async () => {
    const { verifier, jwt } = await testBed()
    const app = fastify()
    await app.register(m2mGuard, { verifier, mode: 'report' })
    await app.register(m2mGuard, { verifier })
    app.get('/admin', { onRequest: app.guard({ scopes: 'admin' }) }, () => 'secret')
    expect((await app.inject({ url: '/admin', headers: bearer(jwt()) })).statusCode).toBe(403)
  })
})

describe('tokens of another kind, marked among their claims', () => {
  const marks: readonly Readonly<Record<string, string>>[] = [
    { token_use: 'id' },
    { token_use: 'refresh' },
    { token_use: 'refresh_token' },
    { token_use: 'Refresh-Token' },
    { token_type: 'refresh_token' },
    { token_type: 'urn:ietf:params:oauth:token-type:id_token' },
    { purpose: 'refresh_token' },
    { purpose: 'refresh' },
    { typ: 'refresh+jwt' },
    { typ: 'ID' },
    { typ: 'Refresh' },
    { typ: 'Offline' },
  ]

  it.each(marks)('%j', async (claims) => {
    const { issuer, jwt, outcome } = await testBed()
    const options: MintJwtOptions = { claims }
    expect(await outcome(jwt(options))).toBe('type_not_allowed')
    expect(await outcome(issuer.mintOpaque({ claims }))).toBe('type_not_allowed')
  })

  it.each([{ token_use: 'access' }, { typ: 'Bearer' }, { token_type: 'Bearer' }, { purpose: 'reporting' }])(
    '%j is an access token',
    async (claims) => {
      const { issuer, jwt, outcome } = await testBed()
      expect(await outcome(jwt({ claims }))).toBe('accepted')
      expect(await outcome(issuer.mintOpaque({ claims }))).toBe('accepted')
    },
  )
})

it('a flood is not an outage: staleIfError does not apply to tokens that are not introspected because of it', async () => {
  const { issuer, outcome, pass } = await testBed({
    issuers: (by) => [oauth(by.oauth({ remote: { maxInFlight: 1 } }))],
  })
  const token = issuer.mintOpaque()
  expect(await outcome(token)).toBe('accepted')
  pass(31)
  const gate = issuer.gate('introspection')
  const flood = outcome('made-up')
  await gate.waiting
  expect(await outcome(token, { staleIfError: '10m' })).toBe('issuer_overloaded')
  gate.release()
  await flood
})

it('an introspection endpoint that must not be used does not affect JWTs', async () => {
  const { issuer, jwt, outcome } = await testBed({
    issuers: (by) => [oauth(by.oauth({ introspection: undefined }))],
  })
  for (const endpoint of [null, 'http://issuer.test/introspect', 7]) {
    issuer.fail('discovery', {
      body: { issuer: issuer.url, jwks_uri: `${issuer.url}/jwks`, introspection_endpoint: endpoint },
    })
    expect(await outcome(jwt())).toBe('accepted')
  }
})

it('a secret in the query of jwksUri is in no failure that is shown', async () => {
  const { issuer, verifier, jwt, outcome } = await testBed({
    issuers: (by) => [oauth(by.oauth({ introspection: undefined, jwksUri: `${by.url}/jwks?key=s3cret` }))],
  })
  issuer.fail('jwks', 500)
  expect(await outcome(jwt())).toBe('keys_unavailable')
  const ready: unknown = await verifier.ready().catch((error: unknown) => error)
  const shown = JSON.stringify(verifier.health()) + String(ready)
  expect(shown).toContain('status 500')
  expect(shown).not.toContain('s3cret')
})

it('genuine tokens that no route accepts take no place of one that is', async () => {
  const { jwt, outcome, events } = await testBed({ cache: { maxTokens: 1 } })
  const good = jwt()
  await outcome(good)
  await outcome(jwt({ age: '2h', expiresIn: '-1h' }))
  await outcome(jwt({ audience: 'https://another.test' }))
  await outcome(good)
  expect(events.at(-1)).toMatchObject({ outcome: 'accepted', source: 'cache' })
})

it('a caller who presents a coming key id early delays the tokens of its owner by 10 s at most', async () => {
  const { issuer, jwt, outcome, pass } = await testBed()
  await outcome(jwt())
  const coming = issuer.addKey({ algorithm: 'ES256' })
  const early = jwt({ kid: coming })
  const published = issuer.jwks()
  issuer.removeKey(coming)
  for (let second = 0; second < 1800; second += 5) {
    expect(await outcome(early)).toBe('key_unknown')
    pass(5)
  }
  issuer.fail('jwks', { body: published })
  let seconds = 0
  while ((await outcome(early)) !== 'accepted') {
    seconds += 5
    pass(5)
    expect(seconds).toBeLessThanOrEqual(10)
  }
})

describe('a clock that gives no time', () => {
  it.each([[Number.NaN], [undefined], ['x'], [Number.POSITIVE_INFINITY], [null]])(
    '%s stops the start, and later makes requests undecidable',
    async (nonsense) => {
      const { issuer, jwt, verifier } = await testBed()
      const times: unknown[] = [Date.now()]
      const broken = createVerifier({
        issuers: [oauth(issuer.oauth())],
        clock: () => (times.length > 1 ? times.pop() : times[0]) as number,
      })
      const clock = (): number => nonsense as number
      expect(() => createVerifier({ issuers: [oauth(issuer.oauth())], clock })).toThrow(ConfigurationError)
      times[0] = nonsense
      const token = jwt({ age: '2h', expiresIn: '-1h' })
      const decision = await broken.authorize({ headers: bearer(token) }, { maxTokenAge: '5m' })
      expect(decision.outcome).toBe('undecidable')
      verifier.close()
    },
  )
})

describe('what a guard leaves on a request', () => {
  it('is not taken over by a copy of it, with whatever headers', async () => {
    const { verifier, jwt } = await testBed()
    const authorize = fetchGuard(verifier)
    const request = new Request('https://api.test/', { headers: bearer(jwt()) })
    await authorize(request)
    expect(accessToken(request).format).toBe('jwt')
    for (const copy of [Object.create(request), Object.assign({}, request), request.clone()] as Request[])
      expect(() => accessToken(copy)).toThrow('no access token')
  })

  it('finds its place on a request that takes no members', async () => {
    const { verifier, jwt } = await testBed()
    const request = Object.freeze(new Request('https://api.test/', { headers: bearer(jwt()) }))
    expect(await fetchGuard(verifier)(request)).toMatchObject({ format: 'jwt' })
    expect(accessToken(request).format).toBe('jwt')
  })

  it('shows nothing when the request is logged', async () => {
    const { verifier, jwt } = await testBed()
    const token = jwt()
    const request = { headers: bearer(token), method: 'GET', url: '/' }
    const response = { destroyed: false }
    const middleware = guard(verifier) as unknown as (req: object, res: object, next: () => void) => void
    await new Promise<void>((resolve) => {
      middleware(request, response, resolve)
    })
    expect(inspect({ ...request, headers: undefined, auth: undefined }, { depth: 9 })).not.toContain(token)
  })
})
