import { describe, expect, it } from 'vitest'
import * as express from '../../adapters/express.js'
import * as fastify from '../../adapters/fastify.js'
import * as fetchServers from '../../adapters/fetch.js'
import * as hono from '../../adapters/hono.js'
import * as koa from '../../adapters/koa.js'

const ADAPTERS: Readonly<Record<string, object>> = { express, fastify, fetch: fetchServers, hono, koa }

describe.each(Object.entries(ADAPTERS))('m2m-guard/%s', (_, adapter) => {
  it.each(['guard', 'requireScopes', 'requirePolicy', 'accessToken', 'optionalAccessToken'])(
    'exports %s(), as every adapter does',
    (name) => {
      expect(Reflect.get(adapter, name)).toBeTypeOf('function')
    },
  )
})

it('a requirement of Fastify without a guard is a 500 that does not say so to the caller', async () => {
  const { default: Fastify } = await import('fastify')
  const app = Fastify()
  const causes: unknown[] = []
  app.addHook('onError', (_request, _reply, error, done) => {
    causes.push(error.cause)
    done()
  })
  app.get('/', { onRequest: fastify.requireScopes('orders:read') }, () => 'handled')
  const response = await app.inject('/')
  expect(response.statusCode).toBe(500)
  expect(response.body).not.toMatch(/guard|require/i)
  expect(String(causes[0])).toContain('need a guard on the same route')
  await app.close()
})

it('a requirement of a fetch server without a guard rejects', async () => {
  await expect(fetchServers.requireScopes('a')(new Request('http://api.internal/'))).rejects.toThrow(
    'need a guard on the same route',
  )
})

it("a requirement of Fastify behind a guard with another property replaces that guard's token", async () => {
  const { default: Fastify } = await import('fastify')
  const { createTestIssuer, asClient } = await import('../../src/testing/index.js')
  const { createVerifier, oauth } = await import('../../src/index.js')
  const issuer = await createTestIssuer()
  const verifier = createVerifier({ issuers: [oauth(issuer.oauth())] })
  const app = Fastify()
  await app.register(fastify.m2mGuard, { verifier, property: 'machine' })
  const read = (request: object): unknown => (Reflect.get(request, 'machine') as { scopes: unknown }).scopes
  app.get('/', { onRequest: fastify.requirePolicy({ confirmAfter: 0 }) }, (request) => ({
    isOne: Reflect.get(request, 'machine') === fastify.accessToken(request),
    scopes: read(request),
  }))
  const response = await app.inject({ url: '/', headers: asClient(verifier, { scopes: ['a'] }) })
  expect(response.json()).toEqual({ isOne: true, scopes: ['a'] })
  await app.close()
  await issuer.close()
})
