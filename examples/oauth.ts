// Guards an API with any OAuth 2 or OpenID Connect issuer. JWTs are verified with its keys, and opaque tokens are
// introspected (RFC 7662).
//
//   npx tsx examples/oauth.ts           keeps running and prints a curl command; PORT=3000 sets the port
//   npx tsx examples/oauth.ts --once    sends requests to itself, checks the responses, exits
//
// With your own issuer, set OAUTH_ISSUER, OAUTH_AUDIENCE, OAUTH_CLIENT_ID and OAUTH_CLIENT_SECRET. The client
// belongs to this API and must be allowed to introspect.
import express from 'express'
import { createVerifier, oauth } from 'm2m-guard'
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
  issuers: [
    oauth({
      // The verifier finds keys and endpoints by discovery at this URL.
      issuer: env.OAUTH_ISSUER,
      // If people sign in at this issuer too, add a rule in `claims` that only machines follow.
      audience: env.OAUTH_AUDIENCE,
      introspection: { clientId: env.OAUTH_CLIENT_ID, clientSecret: env.OAUTH_CLIENT_SECRET },
      // How long a revoked opaque token may still be accepted.
      remote: { lifetime: '30s' },
    }),
  ],
})

const app = express()
app.get('/orders', guard(verifier, { scopes: 'orders:read' }), (request, response) => {
  const { format, clientId, scopes } = accessToken(request)
  response.json({ format, clientId, scopes })
})
const server = app.listen(Number(process.env['PORT'] ?? 0), '127.0.0.1')

const scopes = 'orders:read'
await demonstrate(server, testIssuer, [
  { what: 'a JWT', path: '/orders', token: (issuer) => issuer.mintJwt({ scopes }), status: 200 },
  { what: 'an opaque token', path: '/orders', token: (issuer) => issuer.mintOpaque({ scopes }), status: 200 },
  { what: 'an unknown opaque token', path: '/orders', token: () => 'unknown', status: 401 },
])
