import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { TestIssuer } from '../../../src/testing/index.js'
import { frameworks, guarded, type OnRefusalManner } from '../frameworks.js'
import { bearer, createIssuer, expectRefusal, jsonOf, run, settle, verifierFor } from '../support.js'

let issuer: TestIssuer
beforeAll(async () => {
  issuer = await createIssuer()
})
afterAll(() => issuer.close())
afterEach(() => issuer.heal())

const NO_TOKEN = 'The request needs a valid access token.'

describe.each(frameworks)('in $name', (framework) => {
  const start = (onRefusal: OnRefusalManner) =>
    run(framework, {
      verifier: verifierFor(issuer),
      app: [guarded({ scopes: 'orders:read' }, { onRefusal, realm: 'orders' })],
      routes: [{ path: '/orders' }],
    })

  it('onRefusal responds instead of the guard', async () => {
    const app = await start('answers')
    const reply = await app.send({ path: '/orders' })
    expect(reply).toMatchObject({ status: 418, text: 'own answer' })
    expect(app.seen.handled).toEqual([])
    expect(app.seen.refusals).toMatchObject([
      {
        name: 'Refusal',
        reason: 'token_missing',
        status: 401,
        expose: true,
        headers: { 'WWW-Authenticate': 'Bearer realm="orders"', 'Cache-Control': 'no-store' },
      },
    ])
  })

  it('onRefusal is not called for accepted requests', async () => {
    const app = await start('answers')
    const headers = bearer(issuer.mintJwt({ scopes: 'orders:read' }))
    expect((await app.send({ path: '/orders', headers })).status).toBe(200)
    expect(app.seen.refusals).toEqual([])
  })

  it.each([
    {
      what: 'no token',
      status: 401,
      headers: () => ({}),
      says: NO_TOKEN,
      challenge: 'Bearer realm="orders"',
    },
    {
      what: 'a missing scope',
      status: 403,
      headers: () => bearer(issuer.mintJwt()),
      says: 'The access token lacks a required scope.',
      challenge:
        'Bearer realm="orders", error="insufficient_scope", ' +
        'error_description="The access token lacks a required scope.", scope="orders:read"',
    },
    {
      what: 'an issuer that is down',
      status: 503,
      headers: () => bearer(issuer.mintOpaque()),
      says: 'The access token could not be checked. Try again later.',
      challenge: undefined,
    },
  ])(
    "a refusal handed to the framework's own error handling keeps status and headers: $what",
    async ({ status, headers, says, challenge }) => {
      const app = await start('hands on')
      issuer.fail('introspection', 'reset')
      const reply = await app.send({ path: '/orders', headers: headers() })
      expectRefusal(reply, status)
      expect(reply.headers['www-authenticate']).toBe(challenge)
      expect(reply.headers['retry-after']).toBe(status === 503 ? '1' : undefined)
      // Express sends an error's stack outside production. That of a refusal contains no frames and no reason.
      expect(reply.text).toContain(says)
      expect(reply.text).not.toMatch(/node_modules|token_missing|issuer_unavailable|scope_insufficient/)
      expect(app.seen.handled).toEqual([])
    },
  )

  it.each(['breaks', 'breaks later'] as const)(
    'an onRefusal that %s is an error of the application, and the request is still refused',
    async (manner) => {
      vi.spyOn(console, 'error').mockImplementation(() => undefined)
      const app = await start(manner)
      expect((await app.send({ path: '/orders' })).status).toBe(500)
      expect(app.seen.handled).toEqual([])
      const headers = bearer(issuer.mintJwt({ scopes: 'orders:read' }))
      expect((await app.send({ path: '/orders', headers })).status).toBe(200)
    },
  )
})

it.each(frameworks)('in $name the guard responds if onRefusal does not', async (framework) => {
  const app = await run(framework, {
    verifier: verifierFor(issuer),
    app: [guarded(undefined, { onRefusal: 'forgets' })],
    routes: [{ path: '/orders' }],
  })
  const reply = await app.send({ path: '/orders' })
  expectRefusal(reply, 401)
  expect(reply.headers['www-authenticate']).toBe('Bearer realm="api"')
  expect(jsonOf(reply)).toEqual({ error: 'unauthorized', error_description: NO_TOKEN })
  expect(app.seen.refusals).toHaveLength(1)
  expect(app.seen.handled).toEqual([])
})

describe.each(frameworks)('in $name', (framework) => {
  it.each(['responds late', 'writes late', 'passes an error late'] as const)(
    'an onRefusal that %s, by a callback, changes nothing about the response and ends no process',
    async (manner) => {
      const app = await run(framework, {
        verifier: verifierFor(issuer),
        app: [guarded(undefined, { onRefusal: manner })],
        routes: [{ path: '/orders' }],
      })
      const reply = await app.send({ path: '/orders' })
      expectRefusal(reply, 401)
      app.seen.runLate()
      // A response emits errors in a separate turn of the event loop.
      await settle()
      expect(app.seen.handled).toEqual([])
      // The connection and the application stay usable.
      const headers = bearer(issuer.mintJwt())
      expect((await app.send({ path: '/orders', headers })).status).toBe(200)
      expect(app.seen.uncaught).toEqual([])
    },
  )
})
