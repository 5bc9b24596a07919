import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Policy } from '../../src/index.js'
import type { TestIssuer } from '../../src/testing/index.js'
import { frameworks, guarded } from './frameworks.js'
import { jwt, opaque, REFUSED, type MakeHeaders } from './responses/refusals.js'
import { bearer, createIssuer, expectRefusal, jsonOf, observedVerifier, run } from './support.js'

let issuer: TestIssuer
beforeAll(async () => {
  issuer = await createIssuer()
})
afterAll(() => issuer.close())
afterEach(() => issuer.heal())

interface Accepted {
  readonly promise: string
  readonly headers: MakeHeaders
  readonly policy?: Policy
  readonly source: 'local' | 'remote'
}

const ACCEPTED: readonly Accepted[] = [
  { promise: 'a valid JWT', headers: jwt({ subject: 'billing' }), source: 'local' },
  { promise: 'a valid opaque token', headers: opaque({ subject: 'billing' }), source: 'remote' },
  {
    promise: 'the scheme in lower case',
    headers: (issuer) => ({ authorization: `bearer ${issuer.mintJwt({ subject: 'billing' })}` }),
    source: 'local',
  },
  {
    promise: 'the scheme in upper case and several spaces',
    headers: (issuer) => ({ authorization: `BEARER   ${issuer.mintJwt({ subject: 'billing' })}` }),
    source: 'local',
  },
  {
    promise: 'a token with the scopes, the age and the client that the policy requires',
    headers: jwt({ subject: 'billing', clientId: 'billing', scopes: 'orders:read orders:write', age: '9m' }),
    policy: { scopes: 'orders:read', maxTokenAge: '10m', clients: 'billing', check: () => true },
    source: 'local',
  },
  {
    promise: 'a token that an asynchronous custom check accepts',
    headers: opaque({ subject: 'billing' }),
    policy: { check: (token) => Promise.resolve(token.subject === 'billing') },
    source: 'remote',
  },
]

describe.each(frameworks)('in $name', (framework) => {
  it.each(ACCEPTED)('$promise passes', async ({ headers, policy, source }) => {
    const { verifier, events } = observedVerifier(issuer)
    const app = await run(framework, { verifier, app: [guarded(policy)], routes: [{ path: '/orders' }] })
    const reply = await app.send({ path: '/orders', headers: headers(issuer) })
    expect(reply.status).toBe(200)
    expect(jsonOf(reply)).toEqual({ auth: 'billing', accessToken: 'billing', isOneFrozenObject: true })
    expect(app.seen.handled).toEqual(['/orders'])
    expect(events).toMatchObject([
      { outcome: 'accepted', subject: 'billing', source, mode: 'enforce', method: 'GET', path: '/orders' },
    ])
  })

  it.each([
    { format: 'JWT', mint: () => issuer.mintJwt() },
    { format: 'opaque token', mint: () => issuer.mintOpaque() },
  ])('a cached $format passes without a call to the issuer', async ({ mint }) => {
    const { verifier, events } = observedVerifier(issuer)
    const app = await run(framework, { verifier, app: [guarded()], routes: [{ path: '/orders' }] })
    const headers = bearer(mint())
    await app.send({ path: '/orders', headers })
    const { total } = issuer.calls
    const again = await app.send({ path: '/orders', headers })
    expect(again.status).toBe(200)
    expect(issuer.calls.total).toBe(total)
    expect(events[1]).toMatchObject({ outcome: 'accepted', source: 'cache' })
  })

  it.each(REFUSED)('$status: $promise', async (refused) => {
    const { verifier, events } = observedVerifier(issuer)
    const app = await run(framework, {
      verifier,
      app: [guarded(refused.policy)],
      routes: [{ path: '/orders' }],
    })
    refused.before?.(issuer)
    const reply = await app.send({ path: '/orders?secret=1', headers: refused.headers(issuer) })
    expectRefusal(reply, refused.status)
    expect(app.seen.handled).toEqual([])
    expect(reply.headers['content-type']).toBe('application/json; charset=utf-8')
    expect(jsonOf(reply)).toEqual({ error: refused.error, error_description: refused.description })
    const { challenge } = refused
    expect(reply.headers['www-authenticate']).toBe(
      challenge === undefined ? undefined : `Bearer realm="api"${challenge}`,
    )
    expect(reply.headers['retry-after']).toEqual(
      refused.status === 503 ? expect.stringMatching(/^[1-9]\d{0,2}$/) : undefined,
    )
    expect(events).toMatchObject([
      {
        outcome: refused.status === 503 ? 'undecidable' : 'refused',
        reason: refused.reason,
        mode: 'enforce',
        method: 'GET',
        path: '/orders',
      },
    ])
  })
})
