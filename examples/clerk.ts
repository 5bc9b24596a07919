// Guards an API with Clerk M2M tokens. Opaque tokens (mt_...) are verified at Clerk's verify endpoint, and JWTs of listed
// machines with Clerk's keys.
//
//   npx tsx examples/clerk.ts           keeps running and prints a curl command; PORT=3000 sets the port
//   npx tsx examples/clerk.ts --once    sends requests to itself, checks the responses, exits
//
// With your own instance, set
//   CLERK_MACHINE_SECRET_KEY   the key of this API's machine (ak_...)
//   CLERK_ISSUER               the Frontend API's URL, https://your-app.clerk.accounts.dev
//   CLERK_API_URL              https://api.clerk.com
//   CLERK_SENDER               the machine that may call (mch_...)
import express from 'express'
import { clerk, createVerifier } from 'm2m-guard'
import { accessToken, guard } from 'm2m-guard/express'
import { demonstrate } from './support/demonstrate.js'
import { environment } from './support/environment.js'

const { env, testIssuer } = await environment({
  CLERK_MACHINE_SECRET_KEY: (issuer) => issuer.clerkMachines.receiver.secretKey,
  CLERK_ISSUER: (issuer) => issuer.endpoints.clerk,
  CLERK_API_URL: (issuer) => issuer.endpoints.clerk,
  CLERK_SENDER: (issuer) => issuer.clerkMachines.sender.id,
})

const verifier = createVerifier({
  issuers: [
    clerk({
      machineSecretKey: env.CLERK_MACHINE_SECRET_KEY,
      issuer: env.CLERK_ISSUER,
      apiUrl: env.CLERK_API_URL,
      // The sender writes the scopes and the audience of its JWTs, so access depends on the sender alone.
      jwtAccess: { senders: [env.CLERK_SENDER] },
    }),
  ],
})

const app = express()
app.get('/orders', guard(verifier), (request, response) => {
  const { format, subject } = accessToken(request)
  response.json({ format, machine: subject })
})
const server = app.listen(Number(process.env['PORT'] ?? 0), '127.0.0.1')

const provider = 'clerk'
await demonstrate(server, testIssuer, [
  {
    what: 'an opaque token',
    path: '/orders',
    token: (issuer) => issuer.mintOpaque({ provider }),
    status: 200,
  },
  { what: 'a JWT', path: '/orders', token: (issuer) => issuer.mintJwt({ provider }), status: 200 },
  {
    what: 'a JWT of another machine',
    path: '/orders',
    token: (issuer) => issuer.mintJwt({ provider, clientId: issuer.clerkMachines.stranger.id }),
    status: 403,
  },
])
