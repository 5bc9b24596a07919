// Rotates the secret of a Stytch M2M client under traffic, without failed requests.
//
//   npx tsx examples/rotate-stytch-secret.ts           keeps running and prints a curl command; PORT=3000 sets the port
//   npx tsx examples/rotate-stytch-secret.ts --once    rotates, prints the results of the requests, exits
//
// With your own project, set STYTCH_PROJECT_ID, STYTCH_SECRET and STYTCH_API_URL (https://test.stytch.com or
// https://api.stytch.com). The example creates a client and deletes it at the end.
import express from 'express'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createVerifier, stytch } from 'm2m-guard'
import { tokenSource } from 'm2m-guard/client'
import { accessToken, guard } from 'm2m-guard/express'
import { ManagementError, stytchClients } from 'm2m-guard/management'
import { demonstrate } from './support/demonstrate.js'
import { environment } from './support/environment.js'
import { startTraffic } from './support/traffic.js'

const { env, testIssuer } = await environment({
  STYTCH_PROJECT_ID: (issuer) => issuer.stytchProject.projectId,
  STYTCH_SECRET: (issuer) => issuer.stytchProject.secret,
  STYTCH_API_URL: (issuer) => issuer.endpoints.stytch,
})
const project = { projectId: env.STYTCH_PROJECT_ID, apiUrl: env.STYTCH_API_URL }

// The guarded service.
const verifier = createVerifier({ issuers: [stytch(project)], policy: { maxTokenAge: '15m' } })
const app = express()
app.get('/orders', guard(verifier, { scopes: 'read:orders' }), (request, response) => {
  response.json({ client: accessToken(request).clientId })
})
const server = app.listen(Number(process.env['PORT'] ?? 0), '127.0.0.1')
await once(server, 'listening')
const orders = `http://127.0.0.1:${(server.address() as AddressInfo).port}/orders`

// The client of the calling service, whose secret is rotated.
const clients = stytchClients({ ...project, secret: env.STYTCH_SECRET })
const { clientId, clientSecret: firstSecret } = await clients.create({
  clientName: 'rotation example',
  scopes: 'read:orders',
})

// The calling service. The source reads the stored secret for each token request. A token is valid for an hour, but this
// example obtains a new one for each request, which is the hardest case for a rotation.
const store = { secret: firstSecret, readCount: 0 }
const source = tokenSource({
  stytch: project,
  clientId,
  clientSecret: () => {
    store.readCount += 1
    return store.secret
  },
})
const traffic = startTraffic(4, async () => {
  const token = await source.refresh()
  return fetch(orders, { headers: { authorization: `Bearer ${token}` } })
})
await traffic.more(20)

// 1. Both secrets are valid from now on.
const { nextClientSecret } = await clients.secrets.rotateStart({ clientId })
await traffic.more(20)
// 2. Store the new secret, and wait for callers that may still use the old one.
store.secret = nextClientSecret
await traffic.settleInFlight()
// 3. Invalidate the old secret.
await clients.secrets.rotate({ clientId })
await traffic.more(20)
await traffic.stop()

console.log(
  `${traffic.completed} requests with ${store.readCount} tokens during the rotation, ${traffic.failed} failed`,
)
if (traffic.failed > 0) process.exitCode = 1
const isRefused = await clients.token({ clientId, clientSecret: firstSecret }).then(
  () => false,
  (error: unknown) => error instanceof ManagementError && error.status === 401,
)
console.log(`The old secret is ${isRefused ? 'refused' : 'NOT refused'}`)
if (!isRefused) process.exitCode = 1
await clients.delete({ clientId })

await demonstrate(server, testIssuer, [
  {
    what: 'another client',
    path: '/orders',
    token: (issuer) => issuer.mintJwt({ provider: 'stytch', scopes: 'read:orders' }),
    status: 200,
  },
])
