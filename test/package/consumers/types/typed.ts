import express from 'express'
import Fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { allOf, anyOf, createVerifier, oauth, Refusal, type AccessToken, type Policy } from 'm2m-guard'
import { accessToken, guard, requireScopes } from 'm2m-guard/express'
import { m2mGuard } from 'm2m-guard/fastify'
import { guard as fetchGuard } from 'm2m-guard/fetch'
import { guard as honoGuard, type M2mGuardVariables } from 'm2m-guard/hono'
import { guard as koaGuard } from 'm2m-guard/koa'
import { asClient, createTestIssuer } from 'm2m-guard/testing'

const policy: Policy = { scopes: allOf('orders:read', anyOf('eu', 'us')), maxTokenAge: '15m' }

async function main(): Promise<void> {
  const issuer = await createTestIssuer()
  const verifier = createVerifier({
    // The longest deadline that can be set, so that a busy machine decides nothing.
    issuers: [oauth(issuer.oauth({ keys: { deadline: '60s' }, remote: { deadline: '60s' } }))],
    policy,
  })

  const app = express()
  app.use('/internal', guard(verifier))
  app.get('/internal/orders', requireScopes('orders:read'), (req, res) => {
    const token: AccessToken = accessToken(req)
    res.json({ subject: token.subject })
  })

  new Koa().use(koaGuard(verifier))

  const hono = new Hono<{ Variables: M2mGuardVariables }>()
  hono.use(honoGuard(verifier))
  hono.get('/', (c) => c.json({ subject: c.get('auth').subject }))

  const fastify = Fastify()
  await fastify.register(m2mGuard, { verifier })
  fastify.get('/', { config: { auth: policy } }, (request) => request.auth?.subject ?? '')
  fastify.get('/open', { config: { auth: false } }, () => '')

  const outcome: AccessToken | Response = await fetchGuard(verifier)(new Request('http://api.test/'))
  const refusal = await verifier.verify('junk').catch((error: unknown) => error)
  console.log(outcome instanceof Response, refusal instanceof Refusal && refusal.reason)
  console.log(asClient(verifier, { clientId: 'billing', scopes: 'orders:read eu' }).authorization.slice(0, 7))
  await issuer.close()
  await fastify.close()
}

void main()
