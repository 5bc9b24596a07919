// Rotates the secret of a Stytch M2M client while requests run, without a single one that fails.
//
//   npx tsx examples/rotate-stytch-secret.ts           stays up and prints a curl line; PORT=3000 chooses the port
//   npx tsx examples/rotate-stytch-secret.ts --once    rotates, prints what became of the requests, ends
//
// With your own project, set STYTCH_PROJECT_ID, STYTCH_SECRET and STYTCH_API_URL (https://test.stytch.com or
// https://api.stytch.com). It makes a client of its own and deletes it when it is done.
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

// The service that is called.
const verifier = createVerifier({ issuers: [stytch(project)], policy: { maxTokenAge: '15m' } })
const app = express()
app.get('/orders', guard(verifier, { scopes: 'read:orders' }), (request, response) => {
  response.json({ client: accessToken(request).clientId })
})
const server = app.listen(Number(process.env['PORT'] ?? 0), '127.0.0.1')
await once(server, 'listening')
const orders = `http://127.0.0.1:${(server.address() as AddressInfo).port}/orders`

// The client that callers go by, made here so that there is one to rotate the secret of.
const clients = stytchClients({ ...project, secret: env.STYTCH_SECRET })
const { clientId, clientSecret: firstSecret } = await clients.create({
  clientName: 'rotation example',
  scopes: 'read:orders',
})

// The service that calls: the source reads the secret where it is kept, whenever it needs a token. A token serves for
// an hour, but here it is dropped after use: no caller is harder to rotate under than one that always needs another.
const kept = { secret: firstSecret, timesRead: 0 }
const source = tokenSource({
  stytch: project,
  clientId,
  clientSecret: () => {
    kept.timesRead += 1
    return kept.secret
  },
})
const traffic = startTraffic(4, async () => {
  const token = await source.getToken()
  source.forget(token)
  return fetch(orders, { headers: { authorization: `Bearer ${token}` } })
})
await traffic.more(20)

// 1. From here on both secrets are good.
const { nextClientSecret } = await clients.secrets.rotateStart({ clientId })
await traffic.more(20)
// 2. Put the new one where it is kept, and wait for whoever may still have the old one in hand.
kept.secret = nextClientSecret
await traffic.turnOver()
// 3. Only now the old one ends.
await clients.secrets.rotate({ clientId })
await traffic.more(20)
await traffic.stop()

console.log(
  `${traffic.answered} requests with ${kept.timesRead} tokens during the rotation, ${traffic.failed} failed`,
)
if (traffic.failed > 0) process.exitCode = 1
const isRefused = await clients.token({ clientId, clientSecret: firstSecret }).then(
  () => false,
  (error: unknown) => error instanceof ManagementError && error.status === 401,
)
console.log(`The old secret: ${isRefused ? 'refused' : 'NOT refused'}`)
if (!isRefused) process.exitCode = 1
await clients.delete({ clientId })

await demonstrate(server, testIssuer, [
  {
    what: 'a client like any other',
    path: '/orders',
    token: (issuer) => issuer.mintJwt({ provider: 'stytch', scopes: 'read:orders' }),
    status: 200,
  },
])
