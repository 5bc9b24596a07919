import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { TestIssuer } from '../../../src/testing/index.js'
import { frameworks, guarded, type Framework, type Plan } from '../frameworks.js'
import { bearer, createIssuer, expectRefusal, jsonOf, run, verifierFor } from '../support.js'

let issuer: TestIssuer
beforeAll(async () => {
  issuer = await createIssuer()
})
afterAll(() => issuer.close())
afterEach(() => issuer.heal())

const PROBLEMS = [
  {
    promise: 'no token',
    headers: () => ({}),
    problem: {
      title: 'Unauthorized',
      status: 401,
      detail: 'The request needs a valid access token.',
      error: 'unauthorized',
    },
  },
  {
    promise: 'a malformed header',
    headers: () => ({ authorization: 'Bearer' }),
    problem: {
      title: 'Bad Request',
      status: 400,
      detail: 'The request needs a valid access token.',
      error: 'invalid_request',
    },
  },
  {
    promise: 'a scope that is missing',
    headers: () => bearer(issuer.mintJwt()),
    problem: {
      title: 'Forbidden',
      status: 403,
      detail: 'The access token lacks a required scope.',
      error: 'insufficient_scope',
      scope: 'orders:read orders:write',
    },
  },
  {
    promise: 'an issuer that is down',
    headers: () => bearer(issuer.mintOpaque()),
    problem: {
      title: 'Service Unavailable',
      status: 503,
      detail: 'The access token could not be checked. Try again later.',
      error: 'temporarily_unavailable',
    },
  },
]

const REALMS = [
  { realm: 'orders', quoted: 'orders' },
  { realm: 'the "orders" API', quoted: 'the \\"orders\\" API' },
  { realm: 'back\\slash', quoted: 'back\\\\slash' },
]

function startApi(framework: Framework, plan: Partial<Plan> = {}) {
  return run(framework, {
    verifier: verifierFor(issuer),
    app: [guarded()],
    routes: [{ path: '/orders' }],
    ...plan,
  })
}

describe.each(frameworks)('in $name', (framework) => {
  const start = (plan?: Partial<Plan>) => startApi(framework, plan)

  it.each(PROBLEMS)(
    '$promise is sent as problem details with body: problem',
    async ({ headers, problem }) => {
      const app = await start({ app: [guarded({ scopes: 'orders:read orders:write' }, { body: 'problem' })] })
      issuer.fail('introspection', 'reset')
      const reply = await app.send({ path: '/orders', headers: headers() })
      expectRefusal(reply, problem.status)
      expect(reply.headers['content-type']).toMatch(/^application\/problem\+json(; charset=utf-8)?$/)
      expect(jsonOf(reply)).toEqual({ type: 'about:blank', ...problem })
    },
  )

  it.each(REALMS)('the realm $realm is quoted in the challenge', async ({ realm, quoted }) => {
    const app = await start({ app: [guarded(undefined, { realm })] })
    const without = await app.send({ path: '/orders' })
    expect(without.headers['www-authenticate']).toBe(`Bearer realm="${quoted}"`)
    const malformed = await app.send({ path: '/orders', headers: { authorization: 'Bearer' } })
    expect(malformed.headers['www-authenticate']).toBe(
      `Bearer realm="${quoted}", error="invalid_request", error_description="The request needs a valid access token."`,
    )
  })

  it('HEAD is refused with the headers of GET and no body', async () => {
    const app = await start({ app: [guarded({ scopes: 'orders:read' })] })
    const headers = bearer(issuer.mintJwt())
    const get = await app.send({ path: '/orders', headers })
    const head = await app.send({ method: 'HEAD', path: '/orders', headers })
    expectRefusal(head, 403)
    expect(head.text).toBe('')
    for (const name of ['www-authenticate', 'content-type'])
      expect(head.headers[name]).toBe(get.headers[name])
    expect(app.seen.handled).toEqual([])
  })

  it('HEAD passes with a valid token', async () => {
    const app = await start()
    const head = await app.send({ method: 'HEAD', path: '/orders', headers: bearer(issuer.mintJwt()) })
    expect(head).toMatchObject({ status: 200, text: '' })
  })

  it('a CORS preflight passes if it is handled before the guard, and no other request does', async () => {
    const app = await start({ preflight: true })
    expect((await app.send({ method: 'OPTIONS', path: '/orders' })).status).toBe(204)
    expectRefusal(await app.send({ path: '/orders' }), 401)
  })

  it('public routes next to guarded ones stay public', async () => {
    const app = await start({ open: [{ path: '/health' }] })
    expect((await app.send({ path: '/health' })).status).toBe(200)
    expect((await app.send({ path: '/health', headers: { authorization: 'Bearer' } })).status).toBe(200)
    expectRefusal(await app.send({ path: '/orders' }), 401)
    expect(app.seen.handled).toEqual(['/health', '/health'])
  })

  it('a guard on a router guards only that router', async () => {
    const app = await start({
      app: [],
      router: { steps: [guarded()], routes: [{ path: '/invoices' }] },
    })
    expect((await app.send({ path: '/orders' })).status).toBe(200)
    expectRefusal(await app.send({ path: '/api/invoices' }), 401)
    const passed = await app.send({ path: '/api/invoices', headers: bearer(issuer.mintJwt()) })
    expect(passed.status).toBe(200)
    expect(app.seen.handled).toEqual(['/orders', '/invoices'])
  })

  it('a guard on a route guards only that route', async () => {
    const app = await start({
      app: [],
      routes: [{ path: '/orders', steps: [guarded()] }, { path: '/health' }],
    })
    expectRefusal(await app.send({ path: '/orders' }), 401)
    expect((await app.send({ path: '/health' })).status).toBe(200)
    expect((await app.send({ path: '/orders', headers: bearer(issuer.mintJwt()) })).status).toBe(200)
  })
})

// Guards of Nest run for handlers only.
describe.each(frameworks.filter(({ guardsHandlers }) => guardsHandlers !== true))('in $name', (framework) => {
  const start = () => startApi(framework)

  it('OPTIONS is refused like any other request by a guard before the CORS middleware', async () => {
    const app = await start()
    expectRefusal(await app.send({ method: 'OPTIONS', path: '/orders' }), 401)
  })

  it('a request for an unknown URL is refused before routing', async () => {
    const app = await start()
    expectRefusal(await app.send({ path: '/nowhere' }), 401)
    expect((await app.send({ path: '/nowhere', headers: bearer(issuer.mintJwt()) })).status).toBe(404)
  })
})

const withResponseAtHand = frameworks.filter(({ name }) => /Express|Koa|Fastify/.test(name))

it.each(withResponseAtHand)('in $name an existing challenge of another scheme is kept', async (framework) => {
  const app = await run(framework, {
    verifier: verifierFor(issuer),
    otherChallenge: 'Basic realm="people"',
    app: [guarded()],
    routes: [{ path: '/orders' }],
  })
  const reply = await app.send({ path: '/orders' })
  expect(reply.headers['www-authenticate']).toBe('Basic realm="people", Bearer realm="api"')
})
