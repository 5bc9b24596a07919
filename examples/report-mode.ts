// Rolling a guard out: first it only reports what it would refuse, and once the log is quiet it enforces.
//
//   npx tsx examples/report-mode.ts                   stays up and prints a curl line; PORT=3000 chooses the port
//   npx tsx examples/report-mode.ts --once            sends itself requests, checks the answers, ends
//   GUARD_MODE=enforce npx tsx examples/report-mode.ts --once        the same guard, in earnest
//
// With your own issuer: OAUTH_ISSUER=https://auth.example.com OAUTH_AUDIENCE=https://orders.internal
import express from 'express'
import { createVerifier, oauth, type DecisionEvent } from 'm2m-guard'
import { guard, type ExpressRequest } from 'm2m-guard/express'
import { demonstrate } from './support/demonstrate.js'
import { environment } from './support/environment.js'

const { env, testIssuer } = await environment({
  OAUTH_ISSUER: (issuer) => issuer.url,
  OAUTH_AUDIENCE: (issuer) => issuer.audience,
})

// Any other word enforces: a spelling mistake must not open the API.
const mode = (process.env['GUARD_MODE'] ?? 'report') === 'report' ? 'report' : 'enforce'

/** A line of the log. It can be kept: events never hold a token. */
function log({ outcome, reason, clientId, path }: DecisionEvent): void {
  if (outcome === 'accepted') return
  const done = mode === 'report' ? 'would have been' : 'was'
  console.log(`guard: ${path ?? ''} ${done} ${outcome}: ${reason ?? ''} (client ${clientId ?? 'unknown'})`)
}

const verifier = createVerifier({
  issuers: [oauth({ issuer: env.OAUTH_ISSUER, audience: env.OAUTH_AUDIENCE })],
  onDecision: log,
})

const app = express()
app.use(guard(verifier, { scopes: 'orders:read' }, { mode }))
app.get('/orders', (request: ExpressRequest, response: express.Response) => {
  // While the guard only reports, there may be no token: accessToken(request) would throw.
  response.json({ orders: ['o-1', 'o-2'], client: request.auth?.clientId ?? 'unknown' })
})
const server = app.listen(Number(process.env['PORT'] ?? 0), '127.0.0.1')

const refusedWith = (status: number): number => (mode === 'report' ? 200 : status)
await demonstrate(server, testIssuer, [
  { what: 'no token', path: '/orders', status: refusedWith(401) },
  {
    what: 'without the scope',
    path: '/orders',
    token: (issuer) => issuer.mintJwt({ clientId: 'billing', scopes: 'invoices:read' }),
    status: refusedWith(403),
  },
  {
    what: 'may read',
    path: '/orders',
    token: (issuer) => issuer.mintJwt({ clientId: 'shipping', scopes: 'orders:read' }),
    status: 200,
  },
])
