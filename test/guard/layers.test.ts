import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { oauth, type Policy } from '../../src/index.js'
import type { MintOptions, TestIssuer } from '../../src/testing/index.js'
import { frameworks, frameworksWithDemands, guarded, type Step } from '../adapters/frameworks.js'
import {
  bearer,
  createIssuer,
  expectRefusal,
  jsonOf,
  observedVerifier,
  run,
  verifierFor,
} from '../adapters/support.js'
import { testBed } from '../support/test-bed.js'

let issuer: TestIssuer
beforeAll(async () => {
  issuer = await createIssuer()
})
afterAll(() => issuer.close())

const demands = (...scopes: readonly string[]): Step => ({ kind: 'scopes', demands: scopes })
const policy = (policy: Policy): Step => ({ kind: 'policy', policy })

/** Every layer requires a different scope, and each token lacks one of them. */
const LAYERED = { verifier: 'layer:verifier', app: 'layer:app', router: 'layer:router', route: 'layer:route' }
const ALL_LAYERS = Object.values(LAYERED)
const lacking = (layer: keyof typeof LAYERED): MintOptions => ({
  age: '2m',
  scopes: ALL_LAYERS.filter((scope) => scope !== LAYERED[layer]),
})

const STRICTEST: readonly {
  readonly promise: string
  readonly token: MintOptions
  readonly status: number
}[] = [
  {
    promise: 'a token with the scopes of all layers passes',
    token: { age: '2m', scopes: ALL_LAYERS },
    status: 200,
  },
  { promise: "the verifier's scope is missing", token: lacking('verifier'), status: 403 },
  { promise: "the application's scope is missing", token: lacking('app'), status: 403 },
  { promise: "the router's scope is missing", token: lacking('router'), status: 403 },
  { promise: "the route's scope is missing", token: lacking('route'), status: 403 },
  // 20 minutes at the verifier, 10 at the application, 15 at the router, 5 at the route.
  {
    promise: 'a token just below the maximum age of every layer',
    token: { age: 299, scopes: ALL_LAYERS },
    status: 200,
  },
  { promise: 'a token too old only for the route', token: { age: '5m', scopes: ALL_LAYERS }, status: 401 },
]

describe.each(frameworks)('in $name', (framework) => {
  it.each(STRICTEST)(
    'the policies of verifier, application, router and route add up: $promise',
    async ({ token, status }) => {
      const verifier = verifierFor(issuer, { policy: { scopes: LAYERED.verifier, maxTokenAge: '20m' } })
      const app = await run(framework, {
        verifier,
        app: [guarded({ scopes: LAYERED.app, maxTokenAge: '10m' })],
        router: {
          steps: [guarded({ scopes: LAYERED.router, maxTokenAge: '15m' })],
          routes: [{ path: '/orders', steps: [policy({ maxTokenAge: '5m' }), demands(LAYERED.route)] }],
        },
      })
      const reply = await app.send({ path: '/api/orders', headers: bearer(issuer.mintJwt(token)) })
      expect(reply.status).toBe(status)
      expect(app.seen.handled).toEqual(status === 200 ? ['/orders'] : [])
    },
  )

  it('a call to the issuer for a later guard is reported', async () => {
    const { verifier, events } = observedVerifier(issuer)
    const app = await run(framework, {
      verifier,
      app: [guarded()],
      routes: [{ path: '/orders', steps: [policy({ confirmAfter: 0 }), demands('orders:read')] }],
    })
    const headers = bearer(issuer.mintJwt({ scopes: 'orders:read' }))
    expect((await app.send({ path: '/orders', headers })).status).toBe(200)
    const expected = [
      { outcome: 'accepted', source: 'local', stage: 'guard' },
      { outcome: 'accepted', source: 'remote', stage: 'route' },
    ]
    expect(events).toMatchObject(
      // In Fastify and Nest the requirements of a route and the policy of the guard are one decision.
      framework.joinsDemands === true
        ? [{ outcome: 'accepted', source: 'remote', stage: 'guard' }]
        : expected,
    )
  })

  it.each(['verifier', 'guard', 'route'])(
    'confirmAfter 0 of the %s introspects a JWT whose iat is ahead of our clock',
    async (layer) => {
      const always = { confirmAfter: 0 }
      const app = await run(framework, {
        verifier: verifierFor(issuer, layer === 'verifier' ? { policy: always } : {}),
        app: [guarded(layer === 'guard' ? always : undefined)],
        routes: [
          { path: '/lax', steps: [demands('orders:read')] },
          { path: '/orders', steps: layer === 'route' ? [policy(always)] : [demands('orders:read')] },
        ],
      })
      const token = issuer.mintJwt({ scopes: 'orders:read', age: -4 })
      const statusOf = async (path: string) => (await app.send({ path, headers: bearer(token) })).status
      expect([await statusOf('/lax'), await statusOf('/orders')]).toEqual([200, 200])
      issuer.revoke(token)
      expect(await statusOf('/orders')).toBe(401)
    },
  )

  it('the lowest maximum age applies at any layer, also to a token that a less strict route accepted', async () => {
    const app = await run(framework, {
      verifier: verifierFor(issuer),
      app: [guarded({ maxTokenAge: '10m' })],
      routes: [
        { path: '/lax', steps: [policy({ maxTokenAge: '1h' })] },
        { path: '/strict', steps: [policy({ maxTokenAge: '1m' })] },
        { path: '/writing', steps: [demands('orders:write')] },
      ],
    })
    const young = bearer(issuer.mintJwt({ age: '5m' }))
    expect((await app.send({ path: '/lax', headers: young })).status).toBe(200)
    expectRefusal(await app.send({ path: '/strict', headers: young }), 401)
    expectRefusal(await app.send({ path: '/writing', headers: young }), 403)
    expect((await app.send({ path: '/lax', headers: young })).status).toBe(200)
    expectRefusal(await app.send({ path: '/lax', headers: bearer(issuer.mintJwt({ age: '20m' })) }), 401)
  })

  it('in an outage, a stale result that the guard accepts passes routes without freshness options, and no stricter one', async () => {
    const { issuer: outage, verifier, pass } = await testBed()
    const app = await run(framework, {
      verifier,
      app: [guarded({ staleIfError: '10m' })],
      routes: [
        { path: '/orders', steps: [demands('orders:read')] },
        { path: '/longer', steps: [policy({ staleIfError: '1h' })] },
        { path: '/refunds', steps: [policy({ staleIfError: 0 })] },
        { path: '/payments', steps: [policy({ confirmAfter: '29s' })] },
      ],
    })
    const headers = bearer(outage.mintOpaque({ scopes: 'orders:read' }))
    const statusOf = async (path: string): Promise<number> => (await app.send({ path, headers })).status
    expect(await statusOf('/orders')).toBe(200)
    outage.fail('introspection', 'reset')
    pass(60)
    expect(await statusOf('/orders')).toBe(200)
    expect(await statusOf('/longer')).toBe(200)
    expect(await statusOf('/refunds')).toBe(503)
    expect(await statusOf('/payments')).toBe(503)
    pass(600)
    expect(await statusOf('/orders')).toBe(503)
    expect(await statusOf('/longer')).toBe(503)
  })

  it('several requirements all apply, and the challenge names the scopes of the route', async () => {
    const app = await run(framework, {
      verifier: verifierFor(issuer),
      app: [guarded(undefined, { realm: 'orders', body: 'problem' })],
      routes: [{ path: '/orders', steps: [demands('orders:read', 'orders:write')] }],
    })
    const reply = await app.send({
      path: '/orders',
      headers: bearer(issuer.mintJwt({ scopes: 'orders:read' })),
    })
    expectRefusal(reply, 403)
    expect(jsonOf(reply)).toMatchObject({ status: 403, scope: 'orders:read orders:write' })
    expect(reply.headers['www-authenticate']).toBe(
      'Bearer realm="orders", error="insufficient_scope", ' +
        'error_description="The access token lacks a required scope.", scope="orders:read orders:write"',
    )
    const both = bearer(issuer.mintJwt({ scopes: 'orders:read orders:write' }))
    expect((await app.send({ path: '/orders', headers: both })).status).toBe(200)
  })

  it.each([
    { promise: 'a cached result', policy: {} },
    { promise: 'a confirmation on every request', policy: { confirmAfter: 0 } },
  ])(
    'guards on application, router and route make one call per request: $promise',
    async ({ policy: own }) => {
      const { verifier, events } = observedVerifier(issuer, { cache: false, policy: own })
      const app = await run(framework, {
        verifier,
        app: [guarded(), guarded()],
        router: {
          steps: [guarded()],
          routes: [{ path: '/orders', steps: [guarded(), demands('orders:read')] }],
        },
      })
      const headers = bearer(issuer.mintOpaque({ scopes: 'orders:read' }))
      await verifier.ready()
      issuer.resetCalls()
      expect((await app.send({ path: '/api/orders', headers })).status).toBe(200)
      expect(issuer.calls.introspection).toBe(1)
      expect((await app.send({ path: '/api/orders', headers })).status).toBe(200)
      expect(issuer.calls.introspection).toBe(2)
      // One event per request, with the complete path for any mounted router.
      const expected = { outcome: 'accepted', source: 'remote', path: '/api/orders' }
      expect(events).toMatchObject([expected, expected])
    },
  )

  it('a guard of another verifier verifies separately, with its issuers and policy', async () => {
    const first = observedVerifier(issuer)
    const elsewhere = 'https://elsewhere.example'
    const second = observedVerifier(issuer, {
      issuers: [oauth(issuer.oauth({ audience: elsewhere }))],
      policy: { clients: 'billing' },
    })
    const app = await run(framework, {
      verifier: first.verifier,
      app: [guarded()],
      router: { steps: [{ kind: 'guard', verifier: second.verifier }], routes: [{ path: '/orders' }] },
    })
    const send = (subject: string, audience: readonly string[]) =>
      app.send({
        path: '/api/orders',
        headers: bearer(issuer.mintJwt({ subject, clientId: subject, audience })),
      })
    expectRefusal(await send('billing', [issuer.audience]), 401)
    expectRefusal(await send('shipping', [issuer.audience, elsewhere]), 403)
    expect(jsonOf(await send('billing', [issuer.audience, elsewhere]))).toMatchObject({ auth: 'billing' })
    expect(first.events.map(({ outcome }) => outcome)).toEqual(['accepted', 'accepted', 'accepted'])
    expect(second.events).toMatchObject([
      { reason: 'audience_mismatch' },
      { reason: 'client_not_allowed' },
      { outcome: 'accepted', source: 'local' },
    ])
  })
})

describe.each(frameworksWithDemands)('in $name', (framework) => {
  it.each([
    { name: 'requireScopes', step: demands('orders:read') },
    { name: 'requirePolicy', step: policy({ maxTokenAge: '1h' }) },
  ])('$name() without a guard is an error of the application, and no request passes', async ({ step }) => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const { verifier, events } = observedVerifier(issuer)
    const app = await run(framework, { verifier, routes: [{ path: '/orders', steps: [step] }] })
    const headers = bearer(issuer.mintJwt({ scopes: 'orders:read' }))
    expect((await app.send({ path: '/orders', headers })).status).toBe(500)
    expect(app.seen.handled).toEqual([])
    expect(events).toEqual([])
    vi.restoreAllMocks()
  })
})
