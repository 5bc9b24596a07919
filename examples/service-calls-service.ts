// A service that calls another service. It obtains its own tokens, caches and renews them, and sends them to that service only.
//
//   npx tsx examples/service-calls-service.ts           keeps running and prints a curl command; PORT=3000 sets the port
//   npx tsx examples/service-calls-service.ts --once    sends requests to itself, checks the responses, exits
//
// With your own issuer, set OAUTH_ISSUER, OAUTH_AUDIENCE, OAUTH_CLIENT_ID and OAUTH_CLIENT_SECRET. The client belongs to
// the calling service and needs the scope orders:read.
import express, { type NextFunction, type Request, type Response } from 'express'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createVerifier, oauth } from 'm2m-guard'
import { tokenSource, TokenSourceError } from 'm2m-guard/client'
import { accessToken, guard } from 'm2m-guard/express'
import { demonstrate } from './support/demonstrate.js'
import { environment } from './support/environment.js'

const { env, testIssuer } = await environment({
  OAUTH_ISSUER: (issuer) => issuer.url,
  OAUTH_AUDIENCE: (issuer) => issuer.audience,
  OAUTH_CLIENT_ID: (issuer) => issuer.client.clientId,
  OAUTH_CLIENT_SECRET: (issuer) => issuer.client.clientSecret,
})
const verifier = createVerifier({
  issuers: [oauth({ issuer: env.OAUTH_ISSUER, audience: env.OAUTH_AUDIENCE })],
})

// The called service.
const orders = express()
orders.get('/orders', guard(verifier, { scopes: 'orders:read' }), (request, response) => {
  response.json({ orders: ['o-1', 'o-2'], client: accessToken(request).clientId })
})
const ordersServer = orders.listen(0, '127.0.0.1')
await once(ordersServer, 'listening')
const ordersUrl = `http://127.0.0.1:${(ordersServer.address() as AddressInfo).port}`

// The calling service. It does not forward its callers' tokens, because it calls with its own token.
const source = tokenSource({
  issuer: env.OAUTH_ISSUER,
  clientId: env.OAUTH_CLIENT_ID,
  // Called for each token request, so that the secret can be rotated without a restart.
  clientSecret: () => env.OAUTH_CLIENT_SECRET,
  resource: env.OAUTH_AUDIENCE,
  scopes: 'orders:read',
  allowedOrigins: ordersUrl,
})
const billing = express()
billing.get('/invoice', guard(verifier, { scopes: 'invoices:read' }), async (_, response) => {
  const upstream = await source.fetch(`${ordersUrl}/orders`)
  response.status(upstream.ok ? 200 : 502).json(await upstream.json())
})
billing.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
  if (!(error instanceof TokenSourceError)) {
    next(error)
    return
  }
  // The caller did nothing wrong. The message says what to do and contains no secret.
  console.error(error.message)
  response.set('Retry-After', String(Math.ceil(error.retryAfter ?? 1))).sendStatus(503)
})
const server = billing.listen(Number(process.env['PORT'] ?? 0), '127.0.0.1')

await demonstrate(server, testIssuer, [
  { what: 'no token', path: '/invoice', status: 401 },
  {
    what: 'scope invoices:read only',
    path: '/invoice',
    token: (issuer) => issuer.mintJwt({ clientId: 'shop', scopes: 'invoices:read' }),
    status: 200,
  },
])
source.close()
ordersServer.close()
ordersServer.closeAllConnections()
