// Guards an API with Stytch M2M access tokens, which are JWTs with Stytch's action:resource scopes.
//
//   npx tsx examples/stytch.ts           keeps running and prints a curl command; PORT=3000 sets the port
//   npx tsx examples/stytch.ts --once    sends requests to itself, checks the responses, exits
//
// With your own project, set STYTCH_PROJECT_ID and STYTCH_API_URL (https://test.stytch.com or
// https://api.stytch.com).
import express from 'express'
import { createVerifier, stytch } from 'm2m-guard'
import { accessToken, guard } from 'm2m-guard/express'
import { demonstrate } from './support/demonstrate.js'
import { environment } from './support/environment.js'

const { env, testIssuer } = await environment({
  STYTCH_PROJECT_ID: (issuer) => issuer.stytchProject.projectId,
  STYTCH_API_URL: (issuer) => issuer.endpoints.stytch,
})

const verifier = createVerifier({
  issuers: [stytch({ projectId: env.STYTCH_PROJECT_ID, apiUrl: env.STYTCH_API_URL })],
  // Stytch has no introspection for M2M tokens, so a maximum age limits how long a token is accepted.
  policy: { maxTokenAge: '15m' },
})

const app = express()
app.get('/orders', guard(verifier, { scopes: 'read:orders' }), (request, response) => {
  const { clientId, scopes } = accessToken(request)
  response.json({ clientId, scopes })
})
const server = app.listen(Number(process.env['PORT'] ?? 0), '127.0.0.1')

const provider = 'stytch'
await demonstrate(server, testIssuer, [
  {
    what: 'the scope itself',
    path: '/orders',
    token: (issuer) => issuer.mintJwt({ provider, scopes: 'read:orders' }),
    status: 200,
  },
  {
    what: 'the action on every resource',
    path: '/orders',
    token: (issuer) => issuer.mintJwt({ provider, scopes: 'read:*' }),
    status: 200,
  },
  {
    what: 'another resource',
    path: '/orders',
    token: (issuer) => issuer.mintJwt({ provider, scopes: 'read:invoices' }),
    status: 403,
  },
])
