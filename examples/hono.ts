// An API in Hono.
//
//   npx tsx examples/hono.ts           keeps running and prints a curl command; PORT=3000 sets the port
//   npx tsx examples/hono.ts --once    sends requests to itself, checks the responses, exits
//
// With your own issuer: OAUTH_ISSUER=https://auth.example.com OAUTH_AUDIENCE=https://orders.internal
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { createVerifier, oauth } from 'm2m-guard'
import { guard, requireScopes, type M2mGuardVariables } from 'm2m-guard/hono'
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

const app = new Hono<{ Variables: M2mGuardVariables }>()
app.use(guard(verifier))
app.get('/orders', requireScopes('orders:read'), (c) =>
  c.json({ orders: ['o-1', 'o-2'], client: c.get('auth').clientId }),
)
app.post('/orders', requireScopes('orders:write'), (c) => c.json({ order: 'o-3' }, 201))
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
