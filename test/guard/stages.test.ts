import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import Fastify from 'fastify'
import { guard as fetchGuard } from '../../adapters/fetch.js'
import { m2mGuard } from '../../adapters/fastify.js'
import type { TestIssuer } from '../../src/testing/index.js'
import { frameworks, frameworksWithDemands, guarded } from '../adapters/frameworks.js'
import { bearer, createIssuer, observedVerifier, run } from '../adapters/support.js'

let issuer: TestIssuer
beforeAll(async () => {
  issuer = await createIssuer()
})
afterAll(() => issuer.close())

const stages = (events: readonly { stage: string; outcome: string }[]) =>
  events.map(({ stage, outcome }) => `${stage} ${outcome}`)

describe.each(frameworksWithDemands)('in $name', (framework) => {
  it('a requirement behind a guard is reported with the stage route', async () => {
    const { verifier, events } = observedVerifier(issuer)
    const routes = [{ path: '/orders', steps: [{ kind: 'scopes', demands: ['orders:read'] } as const] }]
    const app = await run(framework, { verifier, app: [guarded()], routes })
    await app.send({ path: '/orders', headers: bearer(issuer.mintJwt()) })
    expect(stages(events)).toEqual(['guard accepted', 'route refused'])
    expect(events[1]!.required).toEqual(['orders:read'])
  })
})

describe.each(frameworks)('in $name', (framework) => {
  it.each(['enforce', 'report'] as const)(
    'each request has one event of the stage guard, with nested guards: %s',
    async (mode) => {
      const { verifier, events } = observedVerifier(issuer)
      const app = await run(framework, {
        verifier,
        app: [guarded({ scopes: 'a' }, { mode })],
        router: { steps: [guarded({ scopes: 'b' })], routes: [{ path: '/orders' }] },
      })
      for (const scopes of ['a', 'b', 'a b', 'c'])
        await app.send({ path: '/api/orders', headers: bearer(issuer.mintJwt({ scopes })) })
      await app.send({ path: '/api/orders' })
      expect(events.filter(({ stage }) => stage === 'guard')).toHaveLength(5)
    },
  )
})

it('a second guard on a refused request is reported with the stage route', async () => {
  const { verifier, events } = observedVerifier(issuer)
  const request = new Request('https://api.test/orders', { headers: bearer(issuer.mintJwt({ scopes: 'b' })) })
  await fetchGuard(verifier, { scopes: 'a' })(request)
  await fetchGuard(verifier, { scopes: 'b' })(request)
  expect(stages(events)).toEqual(['guard refused', 'route accepted'])
})

it("config.auth and the policy of Fastify's plugin are one decision with one event", async () => {
  const { verifier, events } = observedVerifier(issuer)
  const app = Fastify()
  await app.register(m2mGuard, { verifier, policy: { scopes: 'a' } })
  app.get('/', { config: { auth: { scopes: 'b' } } }, () => 'ok')
  for (const [scopes, status] of [
    ['a', 403],
    ['b', 403],
    ['a b', 200],
  ] as const) {
    const reply = await app.inject({ url: '/', headers: bearer(issuer.mintJwt({ scopes })) })
    expect(reply.statusCode).toBe(status)
  }
  expect(stages(events)).toEqual(['guard refused', 'guard refused', 'guard accepted'])
  expect(events.map(({ required }) => required)).toEqual(Array(3).fill(['a', 'b']))
})
