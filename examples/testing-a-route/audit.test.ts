// Audits every route of an app: finds a route registered before the guard, and a guarded route that requires nothing.
//
//   node --import tsx --test examples/testing-a-route/audit.test.ts
/* oxlint-disable typescript/no-floating-promises -- node:test awaits its tests */
import { deepStrictEqual } from 'node:assert'
import { after, test } from 'node:test'
import express from 'express'
import { createVerifier, oauth } from 'm2m-guard'
import { guard } from 'm2m-guard/express'
import { assertEveryRouteIsGuarded, createTestIssuer, UnguardedRoutesError } from 'm2m-guard/testing'
import { createApp } from './app.js'

const issuer = await createTestIssuer()
const verifier = createVerifier({ issuers: [oauth(issuer.oauth())] })
// A valid token without a scope: every route must refuse it.
const token = issuer.mintJwt({ clientId: 'audit' })

after(() => issuer.close())

test('every route of the app is guarded and requires a scope', async () => {
  await assertEveryRouteIsGuarded(createApp(verifier), { token })
})

test('the audit finds a forgotten guard and a forgotten scope', async (context) => {
  const app = express()
  // Mistake: this route is registered before the guard, so it needs no token.
  app.get('/reports', (_request, response) => void response.json({ reports: [] }))
  app.use(guard(verifier))
  // Mistake: this route requires no scope, so every client of the issuer may use it.
  app.delete('/orders/:id', (_request, response) => void response.sendStatus(204))

  const error: unknown = await assertEveryRouteIsGuarded(app, { token }).catch((reason: unknown) => reason)
  if (!(error instanceof UnguardedRoutesError)) throw error
  // In a test of your own, this message is the failure.
  for (const line of error.message.split('\n')) context.diagnostic(line)
  deepStrictEqual(error.actual, ['GET /reports', 'HEAD /reports', 'DELETE /orders/:id'])
})
