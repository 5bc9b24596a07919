// Several issuers in one API. Each token is verified by its own issuer, and a route can require certain issuers.
//
//   npx tsx examples/several-issuers.ts           keeps running and prints a curl command; PORT=3000 sets the port
//   npx tsx examples/several-issuers.ts --once    sends requests to itself, checks the responses, exits
//
// With your own issuers, set the variables below, as in oauth.ts, clerk.ts and stytch.ts.
import express from 'express'
import { clerk, createVerifier, oauth, stytch } from 'm2m-guard'
import { accessToken, guard, requirePolicy } from 'm2m-guard/express'
import { demonstrate } from './support/demonstrate.js'
import { environment } from './support/environment.js'

const { env, testIssuer } = await environment({
  OAUTH_ISSUER: (issuer) => issuer.url,
  OAUTH_AUDIENCE: (issuer) => issuer.audience,
  CLERK_MACHINE_SECRET_KEY: (issuer) => issuer.clerkMachines.receiver.secretKey,
  CLERK_API_URL: (issuer) => issuer.endpoints.clerk,
  STYTCH_PROJECT_ID: (issuer) => issuer.stytchProject.projectId,
  STYTCH_API_URL: (issuer) => issuer.endpoints.stytch,
})

const verifier = createVerifier({
  issuers: [
    oauth({ issuer: env.OAUTH_ISSUER, audience: env.OAUTH_AUDIENCE }),
    clerk({ machineSecretKey: env.CLERK_MACHINE_SECRET_KEY, apiUrl: env.CLERK_API_URL, jwtAccess: false }),
    stytch({ projectId: env.STYTCH_PROJECT_ID, apiUrl: env.STYTCH_API_URL }),
  ],
  policy: { maxTokenLifetime: '1d' },
})

const app = express()
app.use(guard(verifier))
app.get('/orders', (request, response) => {
  const { provider, subject } = accessToken(request)
  response.json({ provider, subject })
})
app.get('/refunds', requirePolicy({ issuers: env.OAUTH_ISSUER }), (_request, response) => {
  response.json({ refunds: [] })
})
const server = app.listen(Number(process.env['PORT'] ?? 0), '127.0.0.1')

const ofClerk = { provider: 'clerk' } as const
await demonstrate(server, testIssuer, [
  { what: 'of the OAuth issuer', path: '/orders', token: (issuer) => issuer.mintJwt(), status: 200 },
  { what: 'of Clerk', path: '/orders', token: (issuer) => issuer.mintOpaque(ofClerk), status: 200 },
  {
    what: 'of Stytch',
    path: '/orders',
    token: (issuer) => issuer.mintJwt({ provider: 'stytch' }),
    status: 200,
  },
  { what: 'of the OAuth issuer', path: '/refunds', token: (issuer) => issuer.mintJwt(), status: 200 },
  { what: 'of Clerk', path: '/refunds', token: (issuer) => issuer.mintOpaque(ofClerk), status: 403 },
])
