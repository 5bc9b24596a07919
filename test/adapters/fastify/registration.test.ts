import fastify from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { m2mGuard } from '../../../adapters/fastify.js'
import { ConfigurationError, type Policy } from '../../../src/index.js'
import type { TestIssuer } from '../../../src/testing/index.js'
import { bearer, createIssuer, observedVerifier, verifierFor } from '../support.js'
import { status, who } from './support.js'

let issuer: TestIssuer

beforeAll(async () => {
  issuer = await createIssuer()
})

afterAll(() => issuer.close())

describe('the Fastify plugin', () => {
  it('registered on a child guards the child and its scopes, and no sibling', async () => {
    const app = fastify()
    app.get('/open', () => 'open')
    await app.register(
      async (child) => {
        await child.register(m2mGuard, { verifier: verifierFor(issuer) })
        child.get('/orders', who)
        await child.register(async (grandchild) => {
          grandchild.get('/deep', who)
          await Promise.resolve()
        })
      },
      { prefix: '/internal' },
    )
    await app.register(async (sibling) => {
      sibling.get('/beside', () => 'open')
      await Promise.resolve()
    })
    for (const url of ['/open', '/beside']) expect(await status(app, url)).toBe(200)
    for (const url of ['/internal/orders', '/internal/deep']) {
      expect(await status(app, url)).toBe(401)
      expect(await status(app, url, issuer.mintJwt())).toBe(200)
    }
    expect(app.hasDecorator('guard')).toBe(false)
  })

  it('can be registered with another verifier on two children', async () => {
    const app = fastify()
    for (const client of ['billing', 'shipping']) {
      const verifier = verifierFor(issuer, { policy: { clients: client } })
      await app.register(
        async (child) => {
          await child.register(m2mGuard, { verifier })
          child.get('/orders', who)
        },
        { prefix: `/${client}` },
      )
    }
    const billing = issuer.mintJwt({ clientId: 'billing', subject: 'billing' })
    expect(await status(app, '/billing/orders', billing)).toBe(200)
    expect(await status(app, '/shipping/orders', billing)).toBe(403)
  })

  it('registered in a guarded scope adds its policy, and replaces app.guard there', async () => {
    const inner = observedVerifier(issuer, { policy: { clients: 'billing' } })
    const app = fastify()
    await app.register(m2mGuard, { verifier: verifierFor(issuer), policy: { maxTokenAge: '10m' } })
    await app.register(async (child) => {
      await child.register(m2mGuard, { verifier: inner.verifier, realm: 'inner' })
      child.get('/orders', { onRequest: child.guard({ scopes: 'orders:read' }) }, who)
    })
    const token = (age: string, clientId: string): string =>
      issuer.mintJwt({ age, clientId, subject: clientId })
    expect(await status(app, '/orders', token('11m', 'billing'))).toBe(401)
    expect(await status(app, '/orders', token('9m', 'shipping'))).toBe(403)
    const { statusCode, headers } = await app.inject({
      url: '/orders',
      headers: bearer(token('9m', 'billing')),
    })
    expect(statusCode).toBe(403)
    expect(headers['www-authenticate']).toContain('realm="inner"')
  })

  it('guards routes declared before it in the same scope', async () => {
    const app = fastify()
    app.get('/early', who)
    void app.register(m2mGuard, { verifier: verifierFor(issuer) })
    app.get('/late', { config: { auth: { scopes: 'orders:read' } } }, who)
    for (const url of ['/early', '/late']) expect(await status(app, url)).toBe(401)
    expect(await status(app, '/early', issuer.mintJwt())).toBe(200)
    expect(await status(app, '/late', issuer.mintJwt())).toBe(403)
  })

  it.each(WRONG)('throws at start for a config.auth that is $wrong', async ({ auth, option }) => {
    const app = fastify()
    await app.register(m2mGuard, { verifier: verifierFor(issuer) })
    const declare = () => app.get('/orders', { config: { auth: auth as Policy } }, who)
    expect(declare).toThrow(ConfigurationError)
    expect(declare).toThrow(expect.objectContaining({ option }))
  })

  it('names the valid values of config.auth if it is true, because false is one of them', async () => {
    const app = fastify()
    await app.register(m2mGuard, { verifier: verifierFor(issuer) })
    expect(() => app.get('/orders', { config: { auth: true as never } }, who)).toThrow(
      'GET /orders: config.auth: must be a policy, or false to make the route public',
    )
  })

  it.each(WRONG)('protects a route declared before it whose config.auth is $wrong', async ({ auth }) => {
    const app = fastify()
    app.get('/orders', { config: { auth: auth as Policy } }, who)
    await app.register(m2mGuard, { verifier: verifierFor(issuer) })
    expect(await status(app, '/orders')).toBe(401)
    expect(await status(app, '/orders', issuer.mintJwt({ scopes: 'orders:read' }))).toBe(500)
  })

  it.each([
    { wrong: 'no verifier', options: {} },
    { wrong: 'an invalid policy', options: { policy: { scope: 'a' } } },
    { wrong: 'an invalid mode', options: { mode: 'audit' } },
    { wrong: 'an unknown option', options: { relm: 'api' } },
  ])('throws at start with $wrong', async ({ wrong, options }) => {
    const app = fastify()
    const verifier = wrong === 'no verifier' ? {} : { verifier: verifierFor(issuer) }
    void app.register(m2mGuard, { ...verifier, ...options } as Parameters<typeof m2mGuard>[1])
    await expect(app.ready()).rejects.toThrow(ConfigurationError)
  })

  it('refuses registration options that would have no effect, because the hooks belong to the surrounding scope', async () => {
    const app = fastify()
    void app.register(m2mGuard, { verifier: verifierFor(issuer), prefix: '/ignored' })
    await expect(app.ready()).rejects.toThrow('m2mGuard.prefix')
  })
})

/** Invalid values that are possible in JavaScript, or in TypeScript with a widened type. */
const WRONG: readonly { readonly wrong: string; readonly auth: unknown; readonly option: string }[] = [
  { wrong: 'an unknown property', auth: { scope: 'orders:read' }, option: 'GET /orders: config.auth.scope' },
  { wrong: 'an empty requirement', auth: { scopes: [] }, option: 'GET /orders: config.auth.scopes' },
  {
    wrong: 'an undefined requirement',
    auth: { scopes: undefined },
    option: 'GET /orders: config.auth.scopes',
  },
  {
    wrong: 'an invalid age',
    auth: { maxTokenAge: 'soon' },
    option: 'GET /orders: config.auth.maxTokenAge',
  },
  { wrong: 'a scope in place of a policy', auth: 'orders:read', option: 'GET /orders: config.auth' },
  { wrong: 'true', auth: true, option: 'GET /orders: config.auth' },
  { wrong: 'null', auth: null, option: 'GET /orders: config.auth' },
  { wrong: '0', auth: 0, option: 'GET /orders: config.auth' },
  { wrong: 'an empty string', auth: '', option: 'GET /orders: config.auth' },
]
