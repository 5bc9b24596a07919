import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as forExpress from '../../adapters/express.js'
import * as forFastify from '../../adapters/fastify.js'
import * as forFetch from '../../adapters/fetch.js'
import * as forHono from '../../adapters/hono.js'
import * as forKoa from '../../adapters/koa.js'
import * as forNest from '../../adapters/nestjs.js'
import { ConfigurationError, Refusal, type Policy, type Verifier } from '../../src/index.js'
import type { TestIssuer } from '../../src/testing/index.js'
import { frameworks, guarded, type Plan, type Properties, type Step } from '../adapters/frameworks.js'
import { bearer, createIssuer, jsonOf, observedVerifier, run, verifierFor } from '../adapters/support.js'
import { codesOf, collectWarnings } from '../support/warnings.js'

let issuer: TestIssuer
beforeAll(async () => {
  issuer = await createIssuer()
})
afterAll(() => issuer.close())

const HEADER = 'cf-access-jwt-assertion'
const mint = (subject: string, scopes?: string): string =>
  issuer.mintJwt({ subject, clientId: subject, ...(scopes === undefined ? {} : { scopes }) })
const scopes = (...demands: string[]): Step => ({ kind: 'scopes', demands })

/** An application whose routes `/open` and `/scoped` are behind one guard; the second requires a scope. */
function planWith(verifier: Verifier, ...guards: readonly Step[]): Plan {
  return {
    verifier,
    app: guards,
    routes: [
      { path: '/open', handler: 'properties' },
      { path: '/scoped', handler: 'properties', steps: [scopes('orders:read')] },
    ],
  }
}

describe.each(frameworks)('optional: true in $name', (framework) => {
  it.each([
    { request: 'without Authorization', headers: {} },
    { request: 'with another scheme', headers: { authorization: 'Basic YTpi' } },
  ])('lets a request $request pass without a token', async ({ headers }) => {
    const { verifier, events } = observedVerifier(issuer)
    const plan = planWith(verifier, guarded({ scopes: 'orders:read' }, { optional: true }))
    const app = await run(framework, plan)
    const reply = await app.send({ path: '/open', headers })
    expect([reply.status, jsonOf(reply)]).toEqual([200, { token: null }])
    expect(events).toMatchObject([{ outcome: 'accepted', reason: 'token_missing' }])
    expect(events[0]).not.toHaveProperty('clientId')
  })

  it.each([
    { token: 'an invalid token', status: 401, headers: () => bearer('no-token-of-ours') },
    { token: 'an expired token', status: 401, headers: () => bearer(issuer.mintJwt({ expiresIn: '-1h' })) },
    { token: 'an empty token', status: 400, headers: () => ({ authorization: 'Bearer ' }) },
    { token: 'a token without the scope of its policy', status: 403, headers: () => bearer(mint('a')) },
  ])('still refuses $token', async ({ status, headers }) => {
    const plan = planWith(verifierFor(issuer), guarded({ scopes: 'orders:read' }, { optional: true }))
    const app = await run(framework, plan)
    expect((await app.send({ path: '/open', headers: headers() })).status).toBe(status)
  })

  it('accepts a valid token, and sets it', async () => {
    const app = await run(framework, planWith(verifierFor(issuer), guarded({}, { optional: true })))
    const reply = await app.send({ path: '/open', headers: bearer(mint('billing')) })
    expect(jsonOf(reply)).toMatchObject({ token: 'billing' })
  })

  it('does not apply to requirements behind it: they refuse a request without a token', async () => {
    const app = await run(framework, planWith(verifierFor(issuer), guarded({}, { optional: true })))
    const anonymous = await app.send({ path: '/scoped' })
    expect(anonymous.status).toBe(401)
    expect(anonymous.headers['www-authenticate']).toBe('Bearer realm="api"')
    expect((await app.send({ path: '/scoped', headers: bearer(mint('a')) })).status).toBe(403)
    expect((await app.send({ path: '/scoped', headers: bearer(mint('a', 'orders:read')) })).status).toBe(200)
  })

  it('is about the token, not about the reason: a rule that refuses as token_missing is obeyed', async () => {
    const real = verifierFor(issuer)
    const verifier: Verifier = {
      ...real,
      authorize: () => Promise.resolve({ outcome: 'refused', refusal: new Refusal('token_missing') }),
    }
    const app = await run(framework, planWith(verifier, guarded({}, { optional: true })))
    expect((await app.send({ path: '/open', headers: bearer(mint('a')) })).status).toBe(401)
    expect((await app.send({ path: '/open' })).status).toBe(200)
  })
})

describe.each(frameworks)('header in $name', (framework) => {
  const plan = (verifier = verifierFor(issuer)): Plan =>
    planWith(verifier, guarded({}, { header: 'CF-Access-Jwt-Assertion' }))

  it('reads the bare token from this header, and ignores Authorization', async () => {
    const app = await run(framework, plan())
    const token = mint('edge', 'orders:read')
    for (const path of ['/open', '/scoped']) {
      const headers = { [HEADER]: token, ...bearer('no-token-of-ours') }
      expect(jsonOf(await app.send({ path, headers }))).toMatchObject({ token: 'edge' })
      expect((await app.send({ path, headers: bearer(token) })).status).toBe(401)
    }
  })

  it.each([
    { value: 'with a scheme', make: (token: string) => `Bearer ${token}` },
    { value: 'of two tokens', make: (token: string) => `${token}, ${token}` },
    { value: 'that is empty', make: () => '' },
  ])('refuses a value $value', async ({ make }) => {
    const app = await run(framework, plan())
    const reply = await app.send({ path: '/open', headers: { [HEADER]: make(mint('edge')) } })
    expect(reply.status).toBe(400)
  })

  it('reads it with a custom verifier too, which sees it as Authorization', async () => {
    const real = verifierFor(issuer)
    const verifier: Verifier = { ...real, authorize: (request, policy) => real.authorize(request, policy) }
    const app = await run(framework, plan(verifier))
    const headers = { [HEADER]: mint('edge', 'orders:read') }
    expect(jsonOf(await app.send({ path: '/scoped', headers }))).toMatchObject({ token: 'edge' })
    expect((await app.send({ path: '/open', headers: bearer(mint('edge')) })).status).toBe(401)
    expect((await app.send({ path: '/open', headers: { [HEADER]: 'a b' } })).status).toBe(400)
  })

  it('of two guards: a requirement reads the token of the guard before it', async () => {
    const service = guarded({ clients: 'service' })
    const edge = guarded({ clients: 'edge' }, { header: HEADER })
    const both = (service: string, edge: string) => ({ ...bearer(service), [HEADER]: edge })
    const app = await run(framework, planWith(verifierFor(issuer), service, edge))
    const send = async (headers: Record<string, string>) => app.send({ path: '/scoped', headers })
    // Fastify and Nest evaluate the requirements of a route for the token of each guard.
    const outer = framework.joinsDemands === true ? mint('service', 'orders:read') : mint('service')
    const accepted = await send(both(outer, mint('edge', 'orders:read')))
    expect(jsonOf(accepted)).toMatchObject({ token: 'edge' })
    // The scope of the other token does not count, and each guard needs its token.
    expect((await send(both(mint('service', 'orders:read'), mint('edge')))).status).toBe(403)
    expect((await send(both(mint('edge'), mint('service')))).status).toBe(403)
    expect((await send(bearer(mint('service', 'orders:read')))).status).toBe(401)
  })

  it('of an optional guard: without it, the token of an outer guard does not take its place', async () => {
    const steps = [guarded(), guarded({}, { header: HEADER, optional: true })]
    const app = await run(framework, planWith(verifierFor(issuer), ...steps))
    const headers = bearer(mint('service', 'orders:read'))
    expect(jsonOf(await app.send({ path: '/open', headers }))).toEqual({ token: null })
    expect((await app.send({ path: '/scoped', headers })).status).toBe(401)
  })

  it('of a guard in report mode that would refuse: requirements keep to the token that was accepted', async () => {
    const steps = [guarded(), guarded({ scopes: 'none' }, { header: HEADER, mode: 'report' })]
    const app = await run(framework, planWith(verifierFor(issuer), ...steps))
    const headers = bearer(mint('service', 'orders:read'))
    // `config.auth` and decorators are decided by each guard, with its own options.
    if (framework.hasDemands) {
      expect(jsonOf(await app.send({ path: '/scoped', headers }))).toMatchObject({ token: 'service' })
      const forged = { ...headers, [HEADER]: 'no-token-of-ours' }
      expect(jsonOf(await app.send({ path: '/scoped', headers: forged }))).toMatchObject({ token: 'service' })
    }
  })

  it('keeps a malformed token out of the path of events', async () => {
    const { verifier, events } = observedVerifier(issuer)
    const app = await run(framework, plan(verifier))
    const token = mint('edge')
    // Nest calls guards for routes only.
    const path = framework.guardsHandlers === true ? `/open?${token}` : `/open/${token}`
    await app.send({ path, headers: { [HEADER]: `Bearer ${token}` } })
    expect(events[0]!.reason).toBe('token_malformed')
    expect(JSON.stringify(events)).not.toContain(token.slice(-40))
  })
})

describe.each(frameworks.filter(({ hasProperty }) => hasProperty))('property in $name', (framework) => {
  const send = async (plan: Plan): Promise<Properties> => {
    const app = await run(framework, plan)
    const reply = await app.send({ path: '/scoped', headers: bearer(mint('billing', 'orders:read')) })
    expect(reply.status).toBe(200)
    return jsonOf(reply) as Properties
  }
  const planOf = (options: object): Plan => planWith(verifierFor(issuer), guarded({}, options))

  it("is 'auth' by default, another name, or absent with false", async () => {
    expect(await send(planOf({}))).toEqual({ token: 'billing', auth: 'billing' })
    expect(await send(planOf({ property: 'machine' }))).toEqual({ token: 'billing', machine: 'billing' })
    expect(await send(planOf({ property: false }))).toEqual({ token: 'billing' })
  })

  it.each(['auth', 'machine'])('of another library is never overwritten: %s', async (property) => {
    const warnings = collectWarnings()
    const plan = { ...planOf({ property }), foreign: { [property]: 'of another library' } }
    expect(await send(plan)).toEqual({ token: 'billing', [property]: 'of another library' })
    // One in a process for each name.
    expect(['', 'M2M_GUARD_PROPERTY_TAKEN']).toContain(codesOf(warnings).join())
  })

  it('of an earlier guard is replaced by the token of a later one', async () => {
    const app = await run(
      framework,
      planWith(verifierFor(issuer), guarded(), guarded({}, { header: HEADER })),
    )
    const headers = { ...bearer(mint('service')), [HEADER]: mint('edge') }
    expect(jsonOf(await app.send({ path: '/open', headers }))).toEqual({ token: 'edge', auth: 'edge' })
  })
})

/** Values that are wrong in every adapter. */
const WRONG = [
  { option: 'optional', value: 'yes' },
  { option: 'optional', value: null },
  { option: 'header', value: '' },
  { option: 'header', value: 'x token' },
  { option: 'header', value: ':authority' },
  { option: 'header', value: 'Authorization' },
  { option: 'header', value: 'cookie' },
  { option: 'header', value: 7 },
  // An unset environment variable would otherwise read the token from another header.
  { option: 'header', value: undefined },
]
const WRONG_PROPERTIES = ['', 'a-b', '1a', '__proto__', 'constructor', 'headers', 'body', true, null, 7].map(
  (value) => ({ option: 'property', value }),
)

/** The parameters that the guards of all adapters have in common. */
type AnyGuard = (verifier: Verifier, policy?: Policy, options?: object) => unknown

describe.each<{ adapter: string; guard: AnyGuard; hasProperty: boolean }>([
  { adapter: 'express', guard: forExpress.guard, hasProperty: true },
  { adapter: 'koa', guard: forKoa.guard, hasProperty: true },
  { adapter: 'fastify', guard: forFastify.guard, hasProperty: true },
  { adapter: 'hono', guard: forHono.guard, hasProperty: true },
  { adapter: 'nestjs', guard: forNest.guard, hasProperty: true },
  { adapter: 'fetch', guard: forFetch.guard, hasProperty: false },
])('guard() of m2m-guard/$adapter', ({ guard, hasProperty }) => {
  it.each([...WRONG, ...WRONG_PROPERTIES])('refuses $option: $value', ({ option, value }) => {
    const create = () => guard(verifierFor(issuer), {}, { [option]: value })
    expect(create).toThrow(ConfigurationError)
    expect(create).toThrow(expect.objectContaining({ option: `guard.${option}` }))
  })

  it('has the option property only if it has requests to set it on', () => {
    const create = () => guard(verifierFor(issuer), {}, { property: 'machine' })
    if (hasProperty) expect(create).not.toThrow()
    else expect(create).toThrow('guard.property')
  })
})

describe('optionalAccessToken()', () => {
  it('returns undefined, and accessToken() throws, for a request that no guard has seen', () => {
    const request = new Request('http://api.internal/')
    expect(forFetch.optionalAccessToken(request)).toBeUndefined()
    expect(() => forFetch.accessToken(request)).toThrow('optionalAccessToken()')
  })
})
