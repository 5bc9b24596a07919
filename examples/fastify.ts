// An API in Fastify: the guard as a plugin, a route's policy in its config, and an unguarded route.
//
//   npx tsx examples/fastify.ts           keeps running and prints a curl command; PORT=3000 sets the port
//   npx tsx examples/fastify.ts --once    sends requests to itself, checks the responses, exits
//
// With your own issuer: OAUTH_ISSUER=https://auth.example.com OAUTH_AUDIENCE=https://orders.internal
import fastify from 'fastify'
import { createVerifier, oauth } from 'm2m-guard'
import { accessToken, m2mGuard } from 'm2m-guard/fastify'
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

const app = fastify()
await app.register(m2mGuard, { verifier })
app.get('/orders', { config: { auth: { scopes: 'orders:read' } } }, (request) => ({
  orders: ['o-1', 'o-2'],
  client: accessToken(request).clientId,
}))
app.post('/orders', { config: { auth: { scopes: 'orders:write' } } }, async (_request, reply) =>
  reply.code(201).send({ order: 'o-3' }),
)
app.get('/health', { config: { auth: false } }, () => ({ status: 'ok' }))
await app.listen({ port: Number(process.env['PORT'] ?? 0), host: '127.0.0.1' })

await demonstrate(app.server, testIssuer, [
  { what: 'unguarded', path: '/health', status: 200 },
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
