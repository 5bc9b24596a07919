// Rolls out a guard. In report mode the guard only reports what it would refuse. In enforce mode it refuses.
//
//   npx tsx examples/report-mode.ts                   keeps running and prints a curl command; PORT=3000 sets the port
//   npx tsx examples/report-mode.ts --once            sends requests to itself, checks the responses, exits
//   GUARD_MODE=enforce npx tsx examples/report-mode.ts --once        the same guard in enforce mode
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

// Any other value enforces, so that a misspelled value cannot disable the guard.
const mode = (process.env['GUARD_MODE'] ?? 'report') === 'report' ? 'report' : 'enforce'

/** Writes a log line. Events never contain a token, so it is safe to store. */
function log({ outcome, reason, clientId, path }: DecisionEvent): void {
  if (outcome === 'accepted') return
  const verb = mode === 'report' ? 'would have been' : 'was'
  console.log(`guard: ${path ?? ''} ${verb} ${outcome}: ${reason ?? ''} (client ${clientId ?? 'unknown'})`)
}

const verifier = createVerifier({
  issuers: [oauth({ issuer: env.OAUTH_ISSUER, audience: env.OAUTH_AUDIENCE })],
  onDecision: log,
})

const app = express()
app.use(guard(verifier, { scopes: 'orders:read' }, { mode }))
app.get('/orders', (request: ExpressRequest, response: express.Response) => {
  // In report mode the token may be absent, and accessToken(request) would throw.
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
    what: 'scope orders:read',
    path: '/orders',
    token: (issuer) => issuer.mintJwt({ clientId: 'shipping', scopes: 'orders:read' }),
    status: 200,
  },
])
