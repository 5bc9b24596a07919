// Revokes a Clerk token, and shows how soon each of two services notices: one that remembers Clerk's answers for the
// usual 30 s, one that asks on every request. The clock of the services is put forward, so that nobody has to wait.
//
//   npx tsx examples/clerk-revocation.ts           stays up and prints a curl line; PORT=3000 chooses the port
//   npx tsx examples/clerk-revocation.ts --once    revokes, prints what the services answer, ends
//
// With your own instance, set
//   CLERK_MACHINE_SECRET_KEY   the key of the machine that is called (ak_...)
//   CLERK_SENDER_SECRET_KEY    the key of the machine that calls (ak_...), which may call the other
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

let putForward = 0
const clock = (): number => Date.now() + putForward * 1000

/** Two services are two processes as a rule, each with a verifier that knows nothing of the other's. */
function verifierOfService(): Verifier {
  return createVerifier({
    issuers: [
      clerk({
        machineSecretKey: env.CLERK_MACHINE_SECRET_KEY,
        apiUrl: env.CLERK_API_URL,
        // Clerk does not revoke JWTs: where revocation matters, let none in.
        jwtAccess: false,
      }),
    ],
    clock,
  })
}
const app = express()
app.get('/remembering', guard(verifierOfService()), (request, response) => {
  response.json({ machine: accessToken(request).subject })
})
app.get('/asking', guard(verifierOfService(), { confirmAfter: 0 }), (request, response) => {
  response.json({ machine: accessToken(request).subject })
})
const server = app.listen(Number(process.env['PORT'] ?? 0), '127.0.0.1')
await once(server, 'listening')
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

const tokens = clerkTokens({ machineSecretKey: env.CLERK_SENDER_SECRET_KEY, apiUrl: env.CLERK_API_URL })
const { tokenId: id, token } = await tokens.create({ expiresIn: '10m' })
const headers = { authorization: `Bearer ${token}` }

/** What both services answer to the token. */
async function show(when: string, expected: readonly [number, number]): Promise<void> {
  const remembering = await fetch(`${url}/remembering`, { headers })
  const asking = await fetch(`${url}/asking`, { headers })
  const isAsExpected = remembering.status === expected[0] && asking.status === expected[1]
  console.log(`${when}: remembering ${remembering.status}, asking ${asking.status}`)
  if (isAsExpected) return
  console.log(`^ UNEXPECTED: should have been ${expected.join(', ')}`)
  process.exitCode = 1
}

await show('before the revocation', [200, 200])
await tokens.revoke({ tokenId: id, reason: 'the example ends it' })
await show('at once', [200, 401])
putForward = 15
await show('after 15 s', [200, 401])
putForward = 31
await show('after 31 s', [401, 401])

await demonstrate(server, testIssuer, [
  {
    what: 'another token',
    path: '/asking',
    token: (issuer) => issuer.mintOpaque({ provider: 'clerk' }),
    status: 200,
  },
])
