// An API in Koa: a guard on a router, scopes per route, and the client id in a handler.
//
//   npx tsx examples/koa.ts           keeps running and prints a curl command; PORT=3000 sets the port
//   npx tsx examples/koa.ts --once    sends requests to itself, checks the responses, exits
//
// With your own issuer: OAUTH_ISSUER=https://auth.example.com OAUTH_AUDIENCE=https://orders.internal
import Router from '@koa/router'
import Koa from 'koa'
import { createVerifier, oauth } from 'm2m-guard'
import { accessToken, guard, requireScopes } from 'm2m-guard/koa'
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

const router = new Router({ prefix: '/orders' })
router.use(guard(verifier))
router.get('/', requireScopes('orders:read'), (context) => {
  context.body = { orders: ['o-1', 'o-2'], client: accessToken(context).clientId }
})
router.post('/', requireScopes('orders:write'), (context) => {
  context.status = 201
  context.body = { order: 'o-3' }
})

const app = new Koa()
app.use(router.routes())
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
])
