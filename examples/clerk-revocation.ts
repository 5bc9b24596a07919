// Revokes a Clerk token and shows when each of two services refuses it. One service caches results for the default of 30 s,
// and one confirms the token on every request. The clock of the services is moved forward, so that the example does not wait.
//
//   npx tsx examples/clerk-revocation.ts           keeps running and prints a curl command; PORT=3000 sets the port
//   npx tsx examples/clerk-revocation.ts --once    revokes, prints the services' responses, exits
//
// With your own instance, set
//   CLERK_MACHINE_SECRET_KEY   the key of the receiving machine (ak_...)
//   CLERK_SENDER_SECRET_KEY    the key of the calling machine (ak_...), which has access to the other
//   CLERK_API_URL              https://api.clerk.com
import express from 'express'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { clerk, createVerifier, type Verifier } from 'm2m-guard'
import { accessToken, guard } from 'm2m-guard/express'
import { clerkTokens } from 'm2m-guard/management'
import { demonstrate } from './support/demonstrate.js'
import { environment } from './support/environment.js'

const { env, testIssuer } = await environment({
  CLERK_MACHINE_SECRET_KEY: (issuer) => issuer.clerkMachines.receiver.secretKey,
  CLERK_SENDER_SECRET_KEY: (issuer) => issuer.clerkMachines.sender.secretKey,
  CLERK_API_URL: (issuer) => issuer.endpoints.clerk,
})

let clockOffset = 0
const clock = (): number => Date.now() + clockOffset * 1000

/** Creates a verifier for one service. Services are usually separate processes, whose verifiers share no cache. */
function verifierOfService(): Verifier {
  return createVerifier({
    issuers: [
      clerk({
        machineSecretKey: env.CLERK_MACHINE_SECRET_KEY,
        apiUrl: env.CLERK_API_URL,
        // Clerk cannot revoke JWTs. Accept none if revocation is required.
        jwtAccess: false,
      }),
    ],
    clock,
  })
}
const app = express()
app.get('/cached', guard(verifierOfService()), (request, response) => {
  response.json({ machine: accessToken(request).subject })
})
app.get('/confirmed', guard(verifierOfService(), { confirmAfter: 0 }), (request, response) => {
  response.json({ machine: accessToken(request).subject })
})
const server = app.listen(Number(process.env['PORT'] ?? 0), '127.0.0.1')
await once(server, 'listening')
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

const tokens = clerkTokens({ machineSecretKey: env.CLERK_SENDER_SECRET_KEY, apiUrl: env.CLERK_API_URL })
const { tokenId: id, token } = await tokens.create({ expiresIn: '10m' })
const headers = { authorization: `Bearer ${token}` }

/** Prints the responses of both services to the token, and compares them with the expected status. */
async function show(when: string, expected: readonly [number, number]): Promise<void> {
  const cached = await fetch(`${url}/cached`, { headers })
  const confirmed = await fetch(`${url}/confirmed`, { headers })
  const isAsExpected = cached.status === expected[0] && confirmed.status === expected[1]
  console.log(`${when}: cached ${cached.status}, confirmed ${confirmed.status}`)
  if (isAsExpected) return
  console.log(`^ UNEXPECTED: expected ${expected.join(', ')}`)
  process.exitCode = 1
}

await show('before the revocation', [200, 200])
await tokens.revoke({ tokenId: id, reason: 'end of the example' })
await show('immediately after the revocation', [200, 401])
clockOffset = 15
await show('after 15 s', [200, 401])
clockOffset = 31
await show('after 31 s', [401, 401])

await demonstrate(server, testIssuer, [
  {
    what: 'another token',
    path: '/confirmed',
    token: (issuer) => issuer.mintOpaque({ provider: 'clerk' }),
    status: 200,
  },
])
