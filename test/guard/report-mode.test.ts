import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { TestIssuer } from '../../src/testing/index.js'
import { frameworks, guarded } from '../adapters/frameworks.js'
import { bearer, createIssuer, expectRefusal, jsonOf, observedVerifier, run } from '../adapters/support.js'

let issuer: TestIssuer
beforeAll(async () => {
  issuer = await createIssuer()
})
afterAll(() => issuer.close())
afterEach(() => {
  issuer.heal()
  vi.restoreAllMocks()
})

const REPORTING = { mode: 'report' } as const
const NOBODY = {
  auth: null,
  accessToken: expect.stringContaining('no access token') as string,
  isOneFrozenObject: false,
}

const REPORTED = [
  { what: 'no token', headers: () => ({}), outcome: 'refused', reason: 'token_missing' },
  {
    what: 'a malformed header',
    headers: () => ({ authorization: 'Bearer' }),
    outcome: 'refused',
    reason: 'token_malformed',
  },
  {
    what: 'a missing scope',
    headers: () => bearer(issuer.mintJwt()),
    outcome: 'refused',
    reason: 'scope_insufficient',
  },
  {
    what: 'an issuer that is down',
    headers: () => bearer(issuer.mintOpaque()),
    outcome: 'undecidable',
    reason: 'issuer_unavailable',
  },
]

describe.each(frameworks)('in $name', (framework) => {
  it.each(REPORTED)(
    'report mode lets a request through without a token for the handler: $what',
    async ({ headers, outcome, reason }) => {
      const { verifier, events } = observedVerifier(issuer)
      const app = await run(framework, {
        verifier,
        app: [guarded({ scopes: 'orders:read' }, REPORTING)],
        routes: [{ path: '/orders' }],
      })
      issuer.fail('introspection', 'reset')
      const reply = await app.send({ path: '/orders', headers: headers() })
      expect(reply.status).toBe(200)
      expect(reply.headers['www-authenticate']).toBeUndefined()
      expect(jsonOf(reply)).toEqual(NOBODY)
      expect(events).toMatchObject([{ outcome, reason, mode: 'report', path: '/orders' }])
    },
  )

  it('report mode passes the token of an acceptable request to the handler', async () => {
    const { verifier, events } = observedVerifier(issuer)
    const app = await run(framework, {
      verifier,
      app: [guarded({}, REPORTING)],
      routes: [{ path: '/orders' }],
    })
    const reply = await app.send({ path: '/orders', headers: bearer(issuer.mintJwt({ subject: 'billing' })) })
    expect(jsonOf(reply)).toMatchObject({ auth: 'billing', accessToken: 'billing' })
    expect(events).toMatchObject([{ outcome: 'accepted', mode: 'report' }])
  })

  it('report mode does not call onRefusal', async () => {
    const { verifier } = observedVerifier(issuer)
    const app = await run(framework, {
      verifier,
      app: [guarded({}, { mode: 'report', onRefusal: 'answers' })],
      routes: [{ path: '/orders' }],
    })
    expect((await app.send({ path: '/orders' })).status).toBe(200)
    expect(app.seen.refusals).toEqual([])
  })

  it('a requirement behind a guard in report mode only reports', async () => {
    const { verifier, events } = observedVerifier(issuer)
    const app = await run(framework, {
      verifier,
      app: [guarded({}, REPORTING)],
      routes: [{ path: '/orders', steps: [{ kind: 'scopes', demands: ['orders:read'] }] }],
    })
    const reply = await app.send({ path: '/orders', headers: bearer(issuer.mintJwt()) })
    expect(reply.status).toBe(200)
    const refused = { outcome: 'refused', reason: 'scope_insufficient', mode: 'report' }
    expect(events).toMatchObject(
      // In Fastify and Nest the requirements of a route and the policy of the guard are one decision.
      framework.joinsDemands === true
        ? [{ ...refused, stage: 'guard' }]
        : [
            { outcome: 'accepted', mode: 'report', stage: 'guard' },
            { ...refused, stage: 'route' },
          ],
    )
  })

  it('a requirement that would refuse for an already reported reason reports nothing', async () => {
    const { verifier, events } = observedVerifier(issuer)
    const app = await run(framework, {
      verifier,
      app: [guarded({}, REPORTING)],
      routes: [{ path: '/orders', steps: [{ kind: 'scopes', demands: ['orders:read'] }] }],
    })
    expect((await app.send({ path: '/orders' })).status).toBe(200)
    expect(events).toMatchObject([{ outcome: 'refused', reason: 'token_missing', mode: 'report' }])
  })

  it('an enforcing guard behind one in report mode refuses, and is reported as enforcing', async () => {
    const { verifier, events } = observedVerifier(issuer)
    const app = await run(framework, {
      verifier,
      app: [guarded({}, REPORTING)],
      router: { steps: [guarded()], routes: [{ path: '/orders' }] },
    })
    expectRefusal(await app.send({ path: '/api/orders' }), 401)
    expect(events).toMatchObject([
      { reason: 'token_missing', mode: 'report' },
      { reason: 'token_missing', mode: 'enforce' },
    ])
    const passed = await app.send({
      path: '/api/orders',
      headers: bearer(issuer.mintJwt({ subject: 'billing' })),
    })
    expect(jsonOf(passed)).toMatchObject({ auth: 'billing' })
  })

  it('a rejection of a handler is handled by the framework, not by the guard', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const { verifier, events } = observedVerifier(issuer)
    const app = await run(framework, {
      verifier,
      app: [guarded()],
      routes: [{ path: '/broken', handler: 'fails' }, { path: '/orders' }],
    })
    const reply = await app.send({ path: '/broken', headers: bearer(issuer.mintJwt()) })
    expect(reply.status).toBe(500)
    expect(reply.headers['www-authenticate']).toBeUndefined()
    expect(events).toMatchObject([{ outcome: 'accepted' }])
    expect((await app.send({ path: '/orders', headers: bearer(issuer.mintJwt()) })).status).toBe(200)
  })
})
