// An API with the guard for servers that use Request and Response. The router is Hono.
//
//   npx tsx examples/fetch.ts           keeps running and prints a curl command; PORT=3000 sets the port
//   npx tsx examples/fetch.ts --once    sends requests to itself, checks the responses, exits
//
// With your own issuer: OAUTH_ISSUER=https://auth.example.com OAUTH_AUDIENCE=https://orders.internal
import { serve } from '@hono/node-server'
import { Hono, type Context } from 'hono'
import { createVerifier, oauth } from 'm2m-guard'
import { protect } from 'm2m-guard/fetch'
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

const listOrders = protect(verifier, { scopes: 'orders:read' }, (_request, token, context: Context) =>
  context.json({ orders: ['o-1', 'o-2'], client: token.clientId }),
)
const addOrder = protect(verifier, { scopes: 'orders:write' }, (_request, _token, context: Context) =>
  context.json({ order: 'o-3' }, 201),
)

const app = new Hono()
app.get('/orders', (context) => listOrders(context.req.raw, context))
app.post('/orders', (context) => addOrder(context.req.raw, context))
const server = serve({ fetch: app.fetch, port: Number(process.env['PORT'] ?? 0), hostname: '127.0.0.1' })

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
])
