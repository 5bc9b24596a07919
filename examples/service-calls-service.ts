// A service that calls another: it obtains tokens of its own, keeps them, renews them, and sends them nowhere else.
//
//   npx tsx examples/service-calls-service.ts           stays up and prints a curl line; PORT=3000 chooses the port
//   npx tsx examples/service-calls-service.ts --once    sends itself requests, checks the answers, ends
//
// With your own issuer, set OAUTH_ISSUER, OAUTH_AUDIENCE, OAUTH_CLIENT_ID and OAUTH_CLIENT_SECRET: the client of the
// calling service, which may have tokens with the scope orders:read.
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

// The service that is called.
const orders = express()
orders.get('/orders', guard(verifier, { scopes: 'orders:read' }), (request, response) => {
  response.json({ orders: ['o-1', 'o-2'], askedBy: accessToken(request).clientId })
})
const ordersServer = orders.listen(0, '127.0.0.1')
await once(ordersServer, 'listening')
const ordersUrl = `http://127.0.0.1:${(ordersServer.address() as AddressInfo).port}`

// The service that calls. Its own callers' tokens stay here: it calls with a token of its own.
const source = tokenSource({
  issuer: env.OAUTH_ISSUER,
  clientId: env.OAUTH_CLIENT_ID,
  // Read whenever a token is needed, so that it can be rotated without a restart.
  clientSecret: () => env.OAUTH_CLIENT_SECRET,
  resource: env.OAUTH_AUDIENCE,
  scopes: 'orders:read',
  allowedOrigins: ordersUrl,
})
const billing = express()
billing.get('/invoice', guard(verifier, { scopes: 'invoices:read' }), async (_, response) => {
  const answer = await source.fetch(`${ordersUrl}/orders`)
  response.status(answer.ok ? 200 : 502).json(await answer.json())
})
billing.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
  if (!(error instanceof TokenSourceError)) {
    next(error)
    return
  }
  // Our trouble, not the caller's. The message says what to do and holds no secret.
  console.error(error.message)
  response.set('Retry-After', String(Math.ceil(error.retryAfter ?? 1))).sendStatus(503)
})
const server = billing.listen(Number(process.env['PORT'] ?? 0), '127.0.0.1')

await demonstrate(server, testIssuer, [
  { what: 'no token', path: '/invoice', status: 401 },
  {
    what: 'may read invoices, not orders',
    path: '/invoice',
    token: (issuer) => issuer.mintJwt({ clientId: 'shop', scopes: 'invoices:read' }),
    status: 200,
  },
])
source.close()
ordersServer.close()
ordersServer.closeAllConnections()
