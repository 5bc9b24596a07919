import express from 'express'
import request from 'supertest'
import { describe, expect, it, onTestFinished } from 'vitest'
import { accessToken, guard } from '../../../adapters/express.js'
import { createVerifier, oauth, type Issuer } from '../../../src/index.js'
import { createTestIssuer, type MintJwtOptions, type TestIssuer } from '../../../src/testing/index.js'
import { createIssuer } from './support.js'

const IAP = 'https://cloud.google.com/iap'
const BACKEND = '/projects/123456789/global/backendServices/987654321'
const BILLING = 'billing@acme.iam.gserviceaccount.com'

interface ProxyCase {
  /** Header in which the proxy sends the token. */
  readonly header: string
  readonly issuer: (of: TestIssuer) => Issuer
  readonly machine: MintJwtOptions
  readonly person: MintJwtOptions
  readonly client: string
}

const iapToken = (email: string): MintJwtOptions => ({
  algorithm: 'ES256',
  header: { typ: 'JWT' },
  audience: BACKEND,
  claims: { iss: IAP, sub: 'accounts.google.com:1137742', email, client_id: undefined, azp: undefined },
})

const PROXIES: Readonly<Record<string, ProxyCase>> = {
  'Cloudflare Access': {
    header: 'cf-access-jwt-assertion',
    issuer: (of) => createIssuer('cloudflareAccess', of),
    machine: { algorithm: 'RS256', preset: 'cloudflareAccess' },
    person: { algorithm: 'RS256', preset: 'cloudflareAccess', person: true },
    client: '0c5e7a1b2d3f4a5b6c7d8e9f0a1b2c3d.access',
  },
  'Google IAP': {
    header: 'x-goog-iap-jwt-assertion',
    issuer: (of) =>
      oauth({
        issuer: IAP,
        jwksUri: `${of.url}/jwks`,
        audience: BACKEND,
        algorithms: 'ES256',
        claims: { email: [BILLING] },
        clientClaims: 'email',
      }),
    machine: iapToken(BILLING),
    person: iapToken('alice@example.com'),
    client: BILLING,
  },
}

describe.each(Object.entries(PROXIES))('behind %s', (_, { header, issuer, machine, person, client }) => {
  async function start() {
    const of = await createTestIssuer()
    onTestFinished(() => of.close())
    const verifier = createVerifier({ issuers: [issuer(of)] })
    onTestFinished(() => verifier.close())
    const app = express()
    app.use(guard(verifier, {}, { header }))
    app.get('/orders', (req, res) => void res.json({ client: accessToken(req).clientId }))
    return { app, of }
  }

  it('a machine passes with the token in the header of the proxy', async () => {
    const { app, of } = await start()
    const response = await request(app).get('/orders').set(header, of.mintJwt(machine))
    expect([response.status, response.body]).toEqual([200, { client }])
  })

  it('a person is refused with 401', async () => {
    const { app, of } = await start()
    const response = await request(app).get('/orders').set(header, of.mintJwt(person))
    expect(response.status).toBe(401)
  })

  it('a valid token in Authorization does not count, also beside an invalid one of the proxy', async () => {
    const { app, of } = await start()
    const bearer = `Bearer ${of.mintJwt(machine)}`
    expect((await request(app).get('/orders').set('authorization', bearer)).status).toBe(401)
    const both = request(app).get('/orders').set('authorization', bearer).set(header, of.mintJwt(person))
    expect((await both).status).toBe(401)
  })

  it('a machine passes although Authorization belongs to the application behind the proxy', async () => {
    const { app, of } = await start()
    const own = request(app).get('/orders').set('authorization', 'Basic dXNlcjpwYXNz')
    expect((await own.set(header, of.mintJwt(machine))).status).toBe(200)
  })
})
