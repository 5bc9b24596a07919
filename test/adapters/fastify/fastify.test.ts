import fastify, { type FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import m2mGuardByDefault, { guard, m2mGuard } from '../../../adapters/fastify.js'
import { ConfigurationError, type Policy } from '../../../src/index.js'
import type { TestIssuer } from '../../../src/testing/index.js'
import { bearer, createIssuer, observedVerifier, verifierFor } from '../support.js'
import { status, who } from './support.js'

let issuer: TestIssuer

beforeAll(async () => {
  issuer = await createIssuer()
})

afterAll(() => issuer.close())

describe('the Fastify plugin', () => {
  it('is also the default export', () => {
    expect(m2mGuardByDefault).toBe(m2mGuard)
  })

  it('adds the policy of config.auth to that of the plugin', async () => {
    const app = fastify()
    await app.register(m2mGuard, { verifier: verifierFor(issuer), policy: { maxTokenAge: '10m' } })
    const auth: Policy = { scopes: 'orders:read', maxTokenAge: '1h' }
    app.get('/orders', { config: { auth } }, who)
    const [good, old] = ['9m', '11m'].map((age) => issuer.mintJwt({ age, scopes: 'orders:read' }))
    expect(await status(app, '/orders')).toBe(401)
    expect(await status(app, '/orders', issuer.mintJwt())).toBe(403)
    expect(await status(app, '/orders', old)).toBe(401)
    expect(await status(app, '/orders', good)).toBe(200)
  })

  it('makes a route with config.auth false public, and sets no token on it, even if it is valid', async () => {
    const { verifier, events } = observedVerifier(issuer)
    const app = fastify()
    await app.register(m2mGuard, { verifier })
    app.get('/health', { config: { auth: false } }, (request) => ({ auth: request.auth }))
    app.get('/orders', who)
    const open = await app.inject({ url: '/health', headers: bearer(issuer.mintJwt()) })
    expect(open.json()).toEqual({ auth: null })
    expect(await status(app, '/orders')).toBe(401)
    expect(events).toHaveLength(1)
  })

  it('evaluates the policy of a route for its automatic HEAD', async () => {
    const app = fastify()
    await app.register(m2mGuard, { verifier: verifierFor(issuer) })
    app.get('/orders', { config: { auth: { scopes: 'orders:read' } } }, who)
    app.get('/health', { config: { auth: false } }, () => 'well')
    const head = (url: string) => app.inject({ method: 'HEAD', url, headers: bearer(issuer.mintJwt()) })
    expect((await head('/orders')).statusCode).toBe(403)
    expect((await app.inject({ method: 'HEAD', url: '/health' })).statusCode).toBe(200)
  })

  it('adds app.guard(policy), which creates a hook for single routes in addition to the plugin’s guard', async () => {
    const app = fastify()
    await app.register(m2mGuard, { verifier: verifierFor(issuer), policy: { clients: 'billing' } })
    app.get('/orders', { onRequest: app.guard({ scopes: 'orders:read' }) }, who)
    app.get('/any', { onRequest: [app.guard()] }, who)
    const mint = (clientId: string, scopes?: string): string =>
      issuer.mintJwt({ clientId, subject: clientId, ...(scopes === undefined ? {} : { scopes }) })
    expect(await status(app, '/orders', mint('billing'))).toBe(403)
    expect(await status(app, '/orders', mint('shipping', 'orders:read'))).toBe(403)
    expect(await status(app, '/orders', mint('billing', 'orders:read'))).toBe(200)
    expect(await status(app, '/any', mint('billing'))).toBe(200)
  })

  it('responds like guard(), which needs no plugin, as a hook of a route and of a scope', async () => {
    const verifier = verifierFor(issuer)
    const policy: Policy = { scopes: 'orders:read', maxTokenAge: '10m' }
    const plugin = fastify()
    await plugin.register(m2mGuard, { verifier, policy, realm: 'orders', body: 'problem' })
    plugin.get('/orders', who)
    const hook = guard(verifier, policy, { realm: 'orders', body: 'problem' })
    const onRoute = fastify()
    onRoute.get('/orders', { onRequest: hook }, who)
    const onScope = fastify()
    onScope.addHook('onRequest', hook)
    onScope.get('/orders', who)
    const tokens = [
      issuer.mintJwt({ scopes: 'orders:read' }),
      issuer.mintOpaque({ scopes: 'orders:read' }),
      issuer.mintJwt(),
      issuer.mintJwt({ scopes: 'orders:read', age: '11m' }),
      'a b',
      undefined,
    ]
    const statuses = []
    for (const token of tokens) {
      const headers = token === undefined ? {} : bearer(token)
      const [expected, ...others] = await Promise.all(
        [plugin, onRoute, onScope].map((app) => app.inject({ url: '/orders', headers })),
      )
      for (const other of others) {
        expect(other.statusCode).toBe(expected!.statusCode)
        expect(other.body).toBe(expected!.body)
        expect(other.headers['www-authenticate']).toBe(expected!.headers['www-authenticate'])
      }
      statuses.push(expected!.statusCode)
    }
    expect(statuses).toEqual([200, 200, 403, 401, 400, 401])
  })

  it('is not required by guard(), whose token accessToken() returns', async () => {
    const app = fastify()
    const hook = guard(verifierFor(issuer))
    app.get('/open', (request) => ({ auth: request.auth ?? null }))
    app.get('/orders', { onRequest: hook }, (request) => [request.auth?.subject, who(request)])
    const token = issuer.mintJwt({ subject: 'billing' })
    const answer = await app.inject({ url: '/orders', headers: bearer(token) })
    expect(answer.json()).toEqual(['billing', 'billing'])
    expect((await app.inject({ url: '/open', headers: bearer(token) })).json()).toEqual({ auth: null })
  })

  it('and guard() on one request verify once, and each evaluates its policy', async () => {
    const { verifier, events } = observedVerifier(issuer)
    const app = fastify()
    await app.register(m2mGuard, { verifier })
    app.get('/orders', { onRequest: guard(verifier, { scopes: 'orders:read' }) }, who)
    expect(await status(app, '/orders', issuer.mintJwt({ scopes: 'orders:read' }))).toBe(200)
    expect(events).toHaveLength(1)
    expect(await status(app, '/orders', issuer.mintJwt())).toBe(403)
  })

  it.each([
    ['app.guard()', (app: FastifyInstance) => app.guard()],
    ['guard()', () => guard(verifierFor(issuer))],
  ])('%s that is awaited in a custom hook does not bypass the guard', async (_, make) => {
    const app = fastify()
    await app.register(async (scope) => {
      await scope.register(m2mGuard, { verifier: verifierFor(issuer) })
      const hook = make(scope) as unknown as (...parameters: readonly unknown[]) => Promise<void>
      app.get('/orders', { onRequest: async (request, reply) => hook(request, reply) }, () => 'open')
      app.get('/late', { preParsing: hook }, () => 'open')
    })
    for (const token of [issuer.mintOpaque(), 'no-token-of-ours', issuer.mintJwt()])
      for (const url of ['/orders', '/late']) expect(await status(app, url, token)).toBe(500)
  })

  it('throws synchronously for an invalid policy or option of guard()', () => {
    const verifier = verifierFor(issuer)
    expect(() => guard(verifier, { scopes: [] })).toThrow(ConfigurationError)
    expect(() => guard(verifier, {}, { relm: 'x' } as never)).toThrow(ConfigurationError)
    expect(() => guard({} as never)).toThrow(ConfigurationError)
  })

  it('throws synchronously for an invalid policy of app.guard()', async () => {
    const app = fastify()
    await app.register(m2mGuard, { verifier: verifierFor(issuer) })
    expect(() => app.guard({ scopes: [] })).toThrow(ConfigurationError)
  })

  it('refuses requests for unknown URLs before Fastify responds 404', async () => {
    const app = fastify()
    await app.register(m2mGuard, { verifier: verifierFor(issuer) })
    app.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: 'own page' }))
    expect(await status(app, '/nowhere')).toBe(401)
    const found = await app.inject({ url: '/nowhere', headers: bearer(issuer.mintJwt()) })
    expect(found.statusCode).toBe(404)
    expect(found.json()).toEqual({ error: 'own page' })
  })

  it('sends one complete response if hooks and serializers of the application process responses', async () => {
    const app = fastify()
    app.setReplySerializer(() => 'serialised twice')
    let answers = 0
    app.addHook('onSend', async (_request, reply, payload) => {
      answers += 1
      await new Promise((resolve) => setImmediate(resolve))
      reply.header('x-hook', 'ran')
      return payload
    })
    await app.register(m2mGuard, { verifier: verifierFor(issuer) })
    app.get('/orders', who)
    const reply = await app.inject('/orders')
    expect(reply.headers['x-hook']).toBe('ran')
    expect(reply.json()).toMatchObject({ error: 'unauthorized' })
    expect(answers).toBe(1)
  })

  it('sends the response of onRefusal once, even with slow hooks', async () => {
    const app = fastify()
    let answers = 0
    app.addHook('onSend', async (_request, _reply, payload) => {
      answers += 1
      await new Promise((resolve) => setImmediate(resolve))
      return payload
    })
    await app.register(m2mGuard, {
      verifier: verifierFor(issuer),
      onRefusal: (_refusal, _request, reply) => reply.code(418).send('own answer'),
    })
    app.get('/orders', who)
    const { statusCode, payload } = await app.inject('/orders')
    expect({ statusCode, payload }).toEqual({ statusCode: 418, payload: 'own answer' })
    expect(answers).toBe(1)
    expect(await status(app, '/orders', issuer.mintJwt())).toBe(200)
  })
})
