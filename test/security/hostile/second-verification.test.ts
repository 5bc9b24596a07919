import type { IncomingMessage, ServerResponse } from 'node:http'
import express from 'express'
import supertest from 'supertest'
import { describe, expect, it } from 'vitest'
import { accessToken as expressToken, guard, requireScopes } from '../../../adapters/express.js'
import { accessToken, guard as fetchGuard } from '../../../adapters/fetch.js'
import { accessToken as koaToken, guard as koaGuard, type KoaContext } from '../../../adapters/koa.js'
import { createVerifier, oauth, type Issuer, type Policy } from '../../../src/index.js'
import { outcomeOf } from '../../support/outcomes.js'
import { testBed } from '../../support/test-bed.js'

// Tokens and requests that were verified before, by this package or by another library.

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
const requestWith = (token: string) => new Request('https://api.test/', { headers: bearer(token) })

describe('an issuer that is changed after the verifier was made', () => {
  it.each<[string, (issuer: { audience: string[] }) => void]>([
    ['another list', (issuer) => (issuer.audience = ['elsewhere'])],
    ['the same list, with something else in it', ({ audience }) => audience.splice(0, 1, 'elsewhere')],
  ])('has its audience read once, so that cached and new tokens are treated alike: %s', async (_, change) => {
    const { issuer, clock, jwt } = await testBed()
    const made = oauth(issuer.oauth())
    const own = { ...made, audience: [...(made.audience ?? [])] }
    const verifier = createVerifier({ issuers: [own satisfies Issuer], clock })
    const known = jwt()
    expect(await outcomeOf(verifier.verify(known))).toBe('accepted')
    change(own)
    expect(await outcomeOf(verifier.verify(known))).toBe('accepted')
    expect(await outcomeOf(verifier.verify(jwt({ subject: 'another' })))).toBe('accepted')
  })
})

describe('a request that goes on for long, and is guarded anew', () => {
  it('is refused once its key is withdrawn', async () => {
    const { issuer, verifier, jwt, pass } = await testBed()
    issuer.addKey({ algorithm: 'ES256', use: true })
    const authorize = fetchGuard(verifier)
    const request = requestWith(jwt())
    expect(await authorize(request)).toMatchObject({ format: 'jwt' })
    for (const kid of issuer.keys) issuer.removeKey(kid)
    issuer.addKey({ algorithm: 'ES256', use: true })
    pass(3600)
    await outcomeOf(verifier.verify(jwt()))
    expect(await authorize(requestWith(jwt()))).toMatchObject({ format: 'jwt' })
    expect(await authorize(request)).toMatchObject({ status: 401 })
  })

  it.each<[string, Policy]>([
    ['the lifetime of a result', {}],
    ['confirmAfter', { confirmAfter: '10s' }],
    ['confirmAfter: 0', { confirmAfter: 0 }],
  ])('is refused once its token is revoked, after %s', async (_, policy) => {
    const { issuer, verifier, pass } = await testBed()
    const token = issuer.mintOpaque({ expiresIn: 86_400 })
    const authorize = fetchGuard(verifier, policy)
    const request = requestWith(token)
    expect(await authorize(request)).toMatchObject({ format: 'opaque' })
    issuer.revoke(token)
    pass(31)
    expect(await authorize(request)).toMatchObject({ status: 401 })
  })

  it('is not introspected twice in one request', async () => {
    const { issuer, verifier } = await testBed()
    const authorize = fetchGuard(verifier, { confirmAfter: 0 })
    const request = requestWith(issuer.mintOpaque())
    await authorize(request)
    await authorize(request)
    expect(issuer.calls.introspection).toBe(1)
  })
})

describe('a JWT that its own claims refuse', () => {
  it.each<[string, Parameters<Awaited<ReturnType<typeof testBed>>['jwt']>[0], string]>([
    ['has expired', { age: 7200, expiresIn: -3600 }, 'token_expired'],
    ['is for another audience', { age: 7200, audience: 'elsewhere' }, 'audience_mismatch'],
  ])('and %s causes no call, and is not undecidable while the issuer fails', async (_, mint, reason) => {
    const { issuer, outcome, jwt } = await testBed()
    issuer.fail('introspection', { status: 503 })
    expect(await outcome(jwt(mint), { confirmAfter: '1m' })).toBe(reason)
    expect(issuer.calls.introspection).toBe(0)
  })
})

describe('guards of two verifiers on one request', () => {
  it('one that only reports does not take away what the other has let pass', async () => {
    const { issuer, verifier, jwt, clock } = await testBed()
    const strict = createVerifier({ issuers: [oauth(issuer.oauth())], policy: { scopes: 'roll-out' }, clock })
    const app = express()
    app.use(guard(verifier), guard(strict, {}, { mode: 'report' }))
    app.get('/', requireScopes('orders:read'), (request, response) => {
      response.json((request as { auth?: object }).auth)
    })
    const allowed = await supertest(app)
      .get('/')
      .set(bearer(jwt({ scopes: 'orders:read', subject: 'billing' })))
    expect(allowed.body).toMatchObject({ subject: 'billing' })
    await supertest(app)
      .get('/')
      .set(bearer(jwt({ scopes: 'orders:write' })))
      .expect(403)
  })
})

describe('guards of two frameworks on one request', () => {
  it('find what the other has left, and the last one counts', async () => {
    const { verifier, jwt } = await testBed()
    const headers = { authorization: '' }
    const request = { headers, rawHeaders: [], method: 'GET', url: '/' } as unknown as IncomingMessage
    const context = { req: request, res: {}, originalUrl: '/', state: {} } as unknown as KoaContext
    const inExpress = () =>
      new Promise<void>((resolve) => {
        guard(verifier)(request, {} as unknown as ServerResponse, () => {
          resolve()
        })
      })
    const inKoa = () => koaGuard(verifier)(context, () => Promise.resolve())
    for (const [subject, pass] of Object.entries({ a: inExpress, b: inKoa, c: inExpress, d: inKoa })) {
      headers.authorization = `Bearer ${jwt({ subject })}`
      await pass()
      expect([expressToken(request).subject, koaToken(context).subject]).toEqual([subject, subject])
    }
  })
})

describe('a request that is frozen between two guards', () => {
  it('goes by the guard that saw it last', async () => {
    const { verifier, jwt } = await testBed()
    const request = requestWith(jwt({ subject: 'billing' }))
    await fetchGuard(verifier, { scopes: 'roll-out' }, { mode: 'report' })(request)
    expect(() => accessToken(request)).toThrow('no access token')
    await fetchGuard(verifier)(Object.freeze(request))
    expect(accessToken(request).subject).toBe('billing')
  })

  it('goes by the guard that saw it last, where an Express guard came first and only its headers are frozen', async () => {
    const { verifier, jwt } = await testBed()
    const headers = bearer(jwt({ subject: 'billing' }))
    const rawHeaders = ['Authorization', headers.authorization]
    const request = { method: 'GET', url: '/', headers, rawHeaders } as unknown as IncomingMessage
    const response = {} as unknown as ServerResponse
    await new Promise<unknown>((resolve) => {
      guard(verifier, { scopes: 'roll-out' }, { mode: 'report' })(request, response, resolve)
    })
    Object.freeze(rawHeaders)
    for (let round = 0; round < 2; round += 1) {
      await fetchGuard(verifier)(request as unknown as Request)
      expect(accessToken(request as unknown as Request).subject).toBe('billing')
    }
    await fetchGuard(verifier, {}, { mode: 'report' })(request as unknown as Request)
    expect(expressToken(request).subject).toBe('billing')
  })
})

describe('a member that a token has not', () => {
  it.each<[string, Record<string, unknown>, Policy, string]>([
    ['iat', { issuedAt: 9e9 }, { maxTokenAge: '1h' }, 'claim_missing'],
    ['exp', { expiresAt: 9e9, issuedAt: 9e9 }, { maxTokenLifetime: '1h' }, 'lifetime_too_long'],
    ['client_id', { clientId: 'trusted' }, { clients: 'trusted' }, 'client_not_allowed'],
  ])('is not read from a polluted prototype: %s', async (_, members, policy, reason) => {
    const { outcome, issuer, verifier } = await testBed()
    const token = issuer.mintOpaque({ claims: { iat: undefined, exp: undefined, client_id: undefined } })
    await verifier.verify(token)
    Object.assign(Object.prototype, members)
    try {
      expect(await outcome(token, policy)).toBe(reason)
    } finally {
      for (const name of Object.keys(members)) Reflect.deleteProperty(Object.prototype, name)
    }
  })
})

describe('an onRefusal in Express that goes on as if nothing had happened', () => {
  it.each([[undefined], [null], [false], [0], [''], ['route'], ['router']])(
    'opens no route: next(%j)',
    async (given) => {
      const { verifier } = await testBed()
      const app = express()
      const onRefusal = (
        _refusal: unknown,
        _request: IncomingMessage,
        _response: ServerResponse,
        next: (error?: unknown) => void,
      ) => {
        next(given)
      }
      app.get('/', guard(verifier, {}, { onRefusal }), (_request, response) => {
        response.send('secret')
      })
      app.get('/', (_request, response) => {
        response.send('another route')
      })
      const answer = await supertest(app).get('/').expect(401)
      expect(answer.text).not.toMatch(/secret|another/)
    },
  )
})
