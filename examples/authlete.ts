// Guards an API with Authlete: opaque tokens are introspected at Authlete, and JWTs are verified with the authorization
// server's keys.
//
//   npx tsx examples/authlete.ts           keeps running and prints a curl command; PORT=3000 sets the port
//   npx tsx examples/authlete.ts --once    sends requests to itself, checks the responses, exits
//
// With your own service, set
//   AUTHLETE_SERVICE_ID             the service's number
//   AUTHLETE_SERVICE_ACCESS_TOKEN   a service access token, never the organization's
//   AUTHLETE_API_URL                the region's URL, such as https://us.authlete.com
//   AUTHLETE_ISSUER                 your authorization server's issuer identifier
//   AUTHLETE_AUDIENCE               the audience or resource in tokens for this API
import express from 'express'
import { authlete, createVerifier } from 'm2m-guard'
import { accessToken, guard } from 'm2m-guard/express'
import { demonstrate } from './support/demonstrate.js'
import { environment } from './support/environment.js'

const { env, testIssuer } = await environment({
  AUTHLETE_SERVICE_ID: (issuer) => issuer.authleteService.serviceId,
  AUTHLETE_SERVICE_ACCESS_TOKEN: (issuer) => issuer.authleteService.serviceAccessToken,
  AUTHLETE_API_URL: (issuer) => issuer.endpoints.authlete,
  AUTHLETE_ISSUER: (issuer) => issuer.endpoints.authlete,
  AUTHLETE_AUDIENCE: (issuer) => issuer.audience,
})

const verifier = createVerifier({
  issuers: [
    authlete({
      serviceId: env.AUTHLETE_SERVICE_ID,
      serviceAccessToken: env.AUTHLETE_SERVICE_ACCESS_TOKEN,
      apiUrl: env.AUTHLETE_API_URL,
      // Without issuer, JWTs are introspected at Authlete as well.
      issuer: env.AUTHLETE_ISSUER,
      audience: env.AUTHLETE_AUDIENCE,
    }),
  ],
})

const app = express()
app.get('/orders', guard(verifier, { scopes: 'orders:read' }), (request, response) => {
  const { format, clientId, scopes } = accessToken(request)
  response.json({ format, clientId, scopes })
})
const server = app.listen(Number(process.env['PORT'] ?? 0), '127.0.0.1')

const accepted = { provider: 'authlete', scopes: 'orders:read' } as const
await demonstrate(server, testIssuer, [
  { what: 'an opaque token', path: '/orders', token: (issuer) => issuer.mintOpaque(accepted), status: 200 },
  { what: 'a JWT', path: '/orders', token: (issuer) => issuer.mintJwt(accepted), status: 200 },
  {
    what: 'for another API',
    path: '/orders',
    token: (issuer) => issuer.mintOpaque({ ...accepted, audience: 'https://other.test' }),
    status: 401,
  },
])
