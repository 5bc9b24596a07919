// Tests a guarded route with the real guard. One line sets the client and its token, and the app has no test mode.
//
//   node --import tsx --test examples/testing-a-route/orders.test.ts
/* oxlint-disable typescript/no-floating-promises -- node:test awaits its tests */
import { strictEqual } from 'node:assert'
import { after, test } from 'node:test'
import { createVerifier, oauth } from 'm2m-guard'
import { asClient, createTestIssuer } from 'm2m-guard/testing'
import request from 'supertest'
import { createApp } from './app.js'

const issuer = await createTestIssuer()
const verifier = createVerifier({ issuers: [oauth(issuer.oauth())] })
const app = createApp(verifier)

after(() => issuer.close())

test('a client with the scope gets the orders', async () => {
  const client = asClient(verifier, { clientId: 'billing', scopes: 'orders:read' })
  const response = await request(app).get('/orders').set(client).expect(200)
  strictEqual((response.body as { client: string }).client, 'billing')
})

test('a client without the scope gets 403', async () => {
  await request(app)
    .get('/orders')
    .set(asClient(verifier, { scopes: 'orders:write' }))
    .expect(403)
})

test('a token issued yesterday is too old', async () => {
  const client = asClient(verifier, { scopes: 'orders:read', age: '24h', expiresIn: '1h' })
  await request(app).get('/orders').set(client).expect(401)
})

test('a request without a token gets 401', async () => {
  await request(app).get('/orders').expect(401)
})

test('an outage of the issuer is a 503', async () => {
  issuer.fail('introspection', 503)
  const client = asClient(verifier, { scopes: 'orders:read', format: 'opaque' })
  await request(app).get('/orders').set(client).expect(503)
  issuer.heal()
})
