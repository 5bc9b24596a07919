// An API in Express: a guard on a router, scopes per route, and the client id in a handler.
//
//   npx tsx examples/express.ts           keeps running and prints a curl command; PORT=3000 sets the port
//   npx tsx examples/express.ts --once    sends requests to itself, checks the responses, exits
//
// With your own issuer: OAUTH_ISSUER=https://auth.example.com OAUTH_AUDIENCE=https://orders.internal
import express from 'express'
import { createVerifier, oauth } from 'm2m-guard'
import { accessToken, guard, requirePolicy, requireScopes } from 'm2m-guard/express'
import { demonstrate } from './support/demonstrate.js'
import { environment } from './support/environment.js'

const { env, testIssuer } = await environment({
  OAUTH_ISSUER: (issuer) => issuer.url,
  OAUTH_AUDIENCE: (issuer) => issuer.audience,
})

const verifier = createVerifier({
  issuers: [oauth({ issuer: env.OAUTH_ISSUER, audience: env.OAUTH_AUDIENCE })],
  policy: { maxTokenAge: '1h' },
})

const orders = express.Router()
orders.get('/', requireScopes('orders:read'), (request, response) => {
  response.json({ orders: ['o-1', 'o-2'], client: accessToken(request).clientId })
})
// The guard is registered before the body parser, so that the body of a refused request is never parsed.
orders.post(
  '/',
  requirePolicy({ scopes: 'orders:write', maxTokenAge: '5m' }),
  express.json(),
  (_request, response) => {
    response.status(201).json({ order: 'o-3' })
  },
)

const app = express()
app.use('/orders', guard(verifier), orders)
const server = app.listen(Number(process.env['PORT'] ?? 0), '127.0.0.1')

await demonstrate(server, testIssuer, [
  { what: 'no token', path: '/orders', status: 401 },
  {
    what: 'scope orders:read',
    path: '/orders',
    token: (issuer) => issuer.mintJwt({ scopes: 'orders:read' }),
    status: 200,
  },
  {
    what: 'without the scope orders:write',
    path: '/orders',
    method: 'POST',
    token: (issuer) => issuer.mintJwt({ scopes: 'orders:read' }),
    status: 403,
  },
  {
    what: 'scope orders:write, token too old',
    path: '/orders',
    method: 'POST',
    token: (issuer) => issuer.mintJwt({ scopes: 'orders:write', age: '10m' }),
    status: 401,
  },
])
