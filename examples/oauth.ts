// Any OAuth 2 or OpenID Connect issuer: JWTs checked with its keys, opaque tokens by introspection (RFC 7662).
//
//   npx tsx examples/oauth.ts           stays up and prints a curl line; PORT=3000 chooses the port
//   npx tsx examples/oauth.ts --once    sends itself requests, checks the answers, ends
//
// With your own issuer, set OAUTH_ISSUER, OAUTH_AUDIENCE, OAUTH_CLIENT_ID and OAUTH_CLIENT_SECRET. The client is
// this API's own, with which it may introspect.
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
      // Keys and endpoints are discovered from here.
      issuer: env.OAUTH_ISSUER,
      audience: env.OAUTH_AUDIENCE,
      introspection: { clientId: env.OAUTH_CLIENT_ID, clientSecret: env.OAUTH_CLIENT_SECRET },
      // How long a revoked opaque token may go unnoticed.
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
  { what: 'an opaque token the issuer does not know', path: '/orders', token: () => 'made-up', status: 401 },
])
