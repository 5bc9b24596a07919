// Unguarded routes next to guarded ones, and CORS. A browser's preflight request has no token, so the API responds to it
// before the guard.
//
//   npx tsx examples/open-routes-and-cors.ts           keeps running and prints a curl command; PORT=3000 sets the port
//   npx tsx examples/open-routes-and-cors.ts --once    sends requests to itself, checks the responses, exits
//
// With your own issuer: OAUTH_ISSUER=https://auth.example.com OAUTH_AUDIENCE=https://orders.internal
import express from 'express'
import { createVerifier, oauth } from 'm2m-guard'
import { accessToken, guard } from 'm2m-guard/express'
import { demonstrate } from './support/demonstrate.js'
import { environment } from './support/environment.js'

const { env, testIssuer } = await environment({
  OAUTH_ISSUER: (issuer) => issuer.url,
  OAUTH_AUDIENCE: (issuer) => issuer.audience,
})

const verifier = createVerifier({
  issuers: [oauth({ issuer: env.OAUTH_ISSUER, audience: env.OAUTH_AUDIENCE })],
})

const app = express()
// Routes that are registered before the guard are unguarded.
app.get('/health', (_request, response) => {
  response.json({ status: 'ok' })
})
app.use((request, response, next) => {
  response.set({
    'Access-Control-Allow-Origin': 'https://console.example.com',
    // Without this header a script can read the status of a refusal, but neither the reason nor when to retry.
    'Access-Control-Expose-Headers': 'WWW-Authenticate, Retry-After',
    Vary: 'Origin',
  })
  const isPreflight =
    request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined
  if (!isPreflight) {
    next()
    return
  }
  response.set({
    'Access-Control-Allow-Methods': 'GET, POST',
    'Access-Control-Allow-Headers': 'Authorization, Content-Type',
  })
  response.sendStatus(204)
})
// Routes that are registered after the guard are guarded, including routes that are added later.
app.use(guard(verifier, { scopes: 'orders:read' }))
app.get('/orders', (request, response) => {
  response.json({ orders: ['o-1', 'o-2'], client: accessToken(request).clientId })
})
const server = app.listen(Number(process.env['PORT'] ?? 0), '127.0.0.1')

const preflight = { origin: 'https://console.example.com', 'access-control-request-method': 'GET' }
await demonstrate(server, testIssuer, [
  { what: 'unguarded', path: '/health', status: 200 },
  { what: 'preflight', path: '/orders', method: 'OPTIONS', headers: preflight, status: 204 },
  { what: 'no token', path: '/orders', status: 401 },
  { what: 'unknown route, no token', path: '/unknown', status: 401 },
  {
    what: 'scope orders:read',
    path: '/orders',
    token: (issuer) => issuer.mintJwt({ scopes: 'orders:read' }),
    status: 200,
  },
])
