// Testing a guarded route with the real guard: one line says who calls, with what, and there is no switch in the app.
//
//   node --import tsx --test examples/testing-a-route/orders.test.ts
/* eslint-disable @typescript-eslint/no-floating-promises -- node:test waits for its tests itself */
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

test('a client without the scope does not', async () => {
  await request(app)
    .get('/orders')
    .set(asClient(verifier, { scopes: 'orders:write' }))
    .expect(403)
})

test('a token of yesterday is too old', async () => {
  const client = asClient(verifier, { scopes: 'orders:read', age: '24h', expiresIn: '1h' })
  await request(app).get('/orders').set(client).expect(401)
})

test('nobody is let in without a token', async () => {
  await request(app).get('/orders').expect(401)
})

test('an outage of the issuer is not the fault of the caller', async () => {
  issuer.fail('introspection', 503)
  const client = asClient(verifier, { scopes: 'orders:read', format: 'opaque' })
  await request(app).get('/orders').set(client).expect(503)
  issuer.heal()
})
