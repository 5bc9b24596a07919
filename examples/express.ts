// An API in Express: a guard on a router, scopes per route, and who called in the handler.
//
//   npx tsx examples/express.ts           stays up and prints a curl line; PORT=3000 chooses the port
//   npx tsx examples/express.ts --once    sends itself requests, checks the answers, ends
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
// The guard stands before the body parser: the body of a request that may not pass is never read.
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
    what: 'may read',
    path: '/orders',
    token: (issuer) => issuer.mintJwt({ scopes: 'orders:read' }),
    status: 200,
  },
  {
    what: 'may read only',
    path: '/orders',
    method: 'POST',
    token: (issuer) => issuer.mintJwt({ scopes: 'orders:read' }),
    status: 403,
  },
  {
    what: 'may write, token too old for that',
    path: '/orders',
    method: 'POST',
    token: (issuer) => issuer.mintJwt({ scopes: 'orders:write', age: '10m' }),
    status: 401,
  },
])
