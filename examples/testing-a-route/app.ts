// A guarded app that is easy to test. The verifier is an argument, and the app contains no code for tests.
import express from 'express'
import type { Verifier } from 'm2m-guard'
import { accessToken, guard, requireScopes } from 'm2m-guard/express'

export function createApp(verifier: Verifier) {
  const app = express()
  app.use(guard(verifier, { maxTokenAge: '1h' }))
  app.get('/orders', requireScopes('orders:read'), (request, response) => {
    response.json({ orders: ['o-1', 'o-2'], client: accessToken(request).clientId })
  })
  return app
}
