import { createServer } from 'node:http'
import express from 'express'
import fastify from 'fastify'
import Koa from 'koa'
import supertest from 'supertest'
import { describe, expect, it, onTestFinished } from 'vitest'
import { guard as expressGuard } from '../../adapters/express.js'
import { m2mGuard } from '../../adapters/fastify.js'
import { guard as fetchGuard } from '../../adapters/fetch.js'
import { guard as koaGuard } from '../../adapters/koa.js'
import {
  authlete,
  clerk,
  createVerifier,
  oauth,
  stytch,
  type Issuer,
  type Policy,
  type Verifier,
} from '../../src/index.js'
import { asClient, createTestIssuer, type ProviderName, type TestIssuer } from '../../src/testing/index.js'
import { bearer, startIssuer } from '../support/test-bed.js'
import { outcomeOf } from '../support/outcomes.js'
import { START } from '../support/clock.js'
import { decode } from '../support/tokens/jwt.js'

function verifierOf(...issuers: readonly Issuer[]): Verifier {
  return createVerifier({ issuers, clock: () => START })
}

/** All four of a test issuer's providers. Only one issuer may take opaque tokens without a prefix. */
function allOf(issuer: TestIssuer): Verifier {
  return verifierOf(
    oauth(issuer.oauth({ introspection: undefined })),
    clerk(issuer.clerk()),
    stytch(issuer.stytch()),
    authlete(issuer.authlete({ issuer: issuer.endpoints.authlete })),
  )
}

function tokenOf({ authorization }: { readonly authorization: string }): string {
  expect(authorization).toMatch(/^Bearer \S+$/)
  return authorization.slice('Bearer '.length)
}

describe('for a guard that reads another header', () => {
  it('header names it, and its value is the bare token', async () => {
    const issuer = await startIssuer()
    const verifier = verifierOf(oauth(issuer.oauth()))
    const header = 'cf-access-jwt-assertion'
    const app = express()
    app.use(expressGuard(verifier, {}, { header }), (_request, response) => void response.send('ok'))
    const headers = asClient(verifier, { header })
    expect(headers[header]).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/)
    await supertest(app).get('/').set(headers).expect(200)
    await supertest(app).get('/').set(asClient(verifier)).expect(401)
  })

  it.each(['authorization', 'Authorization', '', 'a b'])('%j is refused by name', async (header) => {
    const verifier = verifierOf(oauth((await startIssuer()).oauth()))
    expect(() => asClient(verifier, { header })).toThrow(/^asClient\.header: must be the name of the header/)
  })
})

describe('one line creates a request that the real guard accepts', () => {
  const POLICY: Policy = { scopes: 'orders:read', clients: 'billing' }
  const AS = { clientId: 'billing', scopes: 'orders:read' }

  async function wired(): Promise<Verifier> {
    return verifierOf(oauth((await startIssuer()).oauth()))
  }

  it('supertest and Express', async () => {
    const verifier = await wired()
    const app = express()
    app.get('/orders', expressGuard(verifier, POLICY), (_request, response) => void response.send('ok'))
    await supertest(app).get('/orders').set(asClient(verifier, AS)).expect(200)
    await supertest(app).get('/orders').set(asClient(verifier)).expect(403)
    await supertest(app).get('/orders').expect(401)
  })

  it('supertest and Koa', async () => {
    const verifier = await wired()
    const app = new Koa()
    app.use(koaGuard(verifier, POLICY))
    app.use((context) => {
      context.body = 'ok'
    })
    const answer = app.callback()
    const server = createServer((request, response) => void answer(request, response))
    await supertest(server).get('/orders').set(asClient(verifier, AS)).expect(200)
    await supertest(server).get('/orders').set(asClient(verifier)).expect(403)
    await supertest(server).get('/orders').expect(401)
  })

  it("Fastify's inject", async () => {
    const verifier = await wired()
    const app = fastify()
    onTestFinished(() => app.close())
    await app.register(m2mGuard, { verifier, policy: POLICY })
    app.get('/orders', () => 'ok')
    const get = { method: 'GET', url: '/orders' } as const
    expect((await app.inject({ ...get, headers: asClient(verifier, AS) })).statusCode).toBe(200)
    expect((await app.inject({ ...get, headers: asClient(verifier) })).statusCode).toBe(403)
    expect((await app.inject(get)).statusCode).toBe(401)
  })

  it('a Request', async () => {
    const verifier = await wired()
    const authorize = fetchGuard(verifier, POLICY)
    const url = 'http://api.internal/orders'
    const accepted = await authorize(new Request(url, { headers: asClient(verifier, AS) }))
    expect(accepted).toMatchObject({ clientId: 'billing', scopes: ['orders:read'] })
    expect(await authorize(new Request(url, { headers: asClient(verifier) }))).toMatchObject({ status: 403 })
    expect(await authorize(new Request(url))).toMatchObject({ status: 401 })
  })

  it("the verifier's own authorize, and fetch", async () => {
    const verifier = await wired()
    const headers = asClient(verifier, AS)
    expect(await verifier.authorize({ headers }, POLICY)).toMatchObject({ outcome: 'accepted' })
    expect(new Headers(headers).get('authorization')).toBe(headers.authorization)
  })
})

describe('provider and format of the token', () => {
  it.each<[ProviderName, 'jwt' | 'opaque']>([
    ['oauth', 'jwt'],
    ['clerk', 'jwt'],
    ['clerk', 'opaque'],
    ['stytch', 'jwt'],
    ['authlete', 'jwt'],
    ['authlete', 'opaque'],
  ])('%s, %s', async (provider, format) => {
    const verifier = allOf(await startIssuer())
    const options = { provider, format, scopes: 'orders:read' } as const
    const token = await verifier.verify(tokenOf(asClient(verifier, options)), { scopes: 'orders:read' })
    expect(token).toMatchObject({ provider, format })
  })

  it('defaults to the first issuer, in the format it accepts', async () => {
    const issuer = await startIssuer()
    const first = async (verifier: Verifier): Promise<string> => {
      const { provider, format } = await verifier.verify(tokenOf(asClient(verifier)))
      return `${provider} ${format}`
    }
    expect(await first(allOf(issuer))).toBe('oauth jwt')
    expect(await first(verifierOf(clerk(issuer.clerk({ jwtAccess: false, jwksUri: undefined }))))).toBe(
      'clerk opaque',
    )
    expect(await first(verifierOf(authlete(issuer.authlete())))).toBe('authlete opaque')
    expect(await first(verifierOf(stytch(issuer.stytch())))).toBe('stytch jwt')
  })

  it('an opaque token of the OAuth issuer has the configured opaquePrefix', async () => {
    const issuer = await startIssuer()
    const { clientId, clientSecret } = issuer.client
    const introspection = { clientId, clientSecret, opaquePrefix: 'at_' }
    const verifier = verifierOf(oauth(issuer.oauth({ introspection })))
    const token = tokenOf(asClient(verifier, { format: 'opaque' }))
    expect(token).toMatch(/^at_/)
    expect(await outcomeOf(verifier.verify(token))).toBe('accepted')
  })

  it('has the audience that the verifier requires', async () => {
    const issuer = await startIssuer()
    const verifier = verifierOf(oauth(issuer.oauth({ audience: 'https://orders.test' })))
    const token = tokenOf(asClient(verifier))
    expect(decode(token).claims['aud']).toBe('https://orders.test')
    expect(await outcomeOf(verifier.verify(token))).toBe('accepted')
  })

  it('accepts every other mint option, including invalid values', async () => {
    const verifier = verifierOf(oauth((await startIssuer()).oauth()))
    const outcome = async (options: Parameters<typeof asClient>[1], policy?: Policy): Promise<string> => {
      const decision = await verifier.authorize(bearer(tokenOf(asClient(verifier, options))), policy)
      return decision.outcome === 'accepted' ? 'accepted' : decision.refusal.reason
    }
    expect(await outcome({ age: '2h' }, { maxTokenAge: '1h' })).toBe('token_too_old')
    expect(await outcome({ expiresIn: -60, age: 120 })).toBe('token_expired')
    expect(await outcome({ audience: 'https://other.test' })).toBe('audience_mismatch')
    expect(await outcome({ subject: 'john' }, { subjects: 'john' })).toBe('accepted')
    expect(
      await outcome({ claims: { tier: 'gold' } }, { check: ({ claims }) => claims['tier'] === 'gold' }),
    ).toBe('accepted')
  })

  it('uses the test issuer that the verifier is configured with', async () => {
    const [, second] = [await startIssuer(), await startIssuer(), await startIssuer()]
    const verifier = verifierOf(oauth(second.oauth()))
    expect(decode(tokenOf(asClient(verifier))).claims['iss']).toBe(second.url)
  })
})

describe('a verifier without a running test issuer', () => {
  const ADVICE = /this verifier has no running test issuer.*createTestIssuer\(\)/

  it('gets an error that says how to configure one', async () => {
    await startIssuer()
    const verifier = verifierOf(oauth({ issuer: 'https://auth.example.com', audience: 'x' }))
    expect(() => asClient(verifier)).toThrow(ADVICE)
  })

  it('gets the error after its test issuer is closed', async () => {
    const issuer = await createTestIssuer()
    const verifier = verifierOf(oauth(issuer.oauth()))
    asClient(verifier)
    await issuer.close()
    expect(() => asClient(verifier)).toThrow(ADVICE)
  })

  it('gets the error for a provider it does not have', async () => {
    const verifier = verifierOf(oauth((await startIssuer()).oauth()))
    expect(() => asClient(verifier, { provider: 'stytch' })).toThrow(
      /this verifier has no running test issuer as stytch.*stytch\(/,
    )
  })

  it('cannot get an opaque token of Stytch', async () => {
    const verifier = verifierOf(stytch((await startIssuer()).stytch()))
    expect(() => asClient(verifier, { format: 'opaque' })).toThrow(
      "asClient: Stytch has no opaque machine tokens. Leave format out, or use format: 'jwt'",
    )
  })
})

it('signs with an algorithm that the verifier accepts', async () => {
  const issuer = await startIssuer()
  const verifier = verifierOf(oauth(issuer.oauth({ algorithms: ['ES256', 'EdDSA'] })))
  expect(await outcomeOf(verifier.verify(tokenOf(asClient(verifier))))).toBe('accepted')
})

it('names the format of a Clerk client id', async () => {
  const issuer = await startIssuer()
  const verifier = verifierOf(clerk(issuer.clerk()))
  expect(() => asClient(verifier, { clientId: 'billing' })).toThrow('mch_')
})
