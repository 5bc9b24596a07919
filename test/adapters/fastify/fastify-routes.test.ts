import fastify, { type FastifyInstance } from 'fastify'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { m2mGuard } from '../../../adapters/fastify.js'
import type { Verifier } from '../../../src/index.js'
import type { TestIssuer } from '../../../src/testing/index.js'
import { bearer, createIssuer, verifierFor } from '../support.js'

let issuer: TestIssuer
let verifier: Verifier
beforeAll(async () => {
  issuer = await createIssuer()
  verifier = verifierFor(issuer)
})
afterAll(() => issuer.close())

const warnings: unknown[] = []
beforeEach(() => {
  warnings.length = 0
  vi.spyOn(process, 'emitWarning').mockImplementation((_message, options) => {
    warnings.push((options as { readonly code?: string }).code)
  })
})
afterEach(() => vi.restoreAllMocks())

const ok = (): string => 'ok'

describe('the Fastify plugin warns when the app is ready', () => {
  it('if its scope and the scopes inside have no route, so that it guards nothing', async () => {
    const app = fastify()
    await app.register(async (child) => {
      await child.register(m2mGuard, { verifier })
    })
    app.get('/open', ok)
    await app.ready()
    expect(warnings).toEqual(['M2M_GUARD_NO_ROUTES'])
  })

  it.each<[string, (app: FastifyInstance) => Promise<void>]>([
    [
      'declared after it',
      async (app) => {
        await app.register(m2mGuard, { verifier })
        app.get('/orders', ok)
      },
    ],
    [
      'declared before it',
      async (app) => {
        app.get('/orders', ok)
        await app.register(m2mGuard, { verifier })
      },
    ],
    [
      'declared after it without await',
      async (app) => {
        void app.register(m2mGuard, { verifier })
        app.get('/orders', ok)
        await Promise.resolve()
      },
    ],
    [
      'in a scope inside',
      async (app) => {
        await app.register(m2mGuard, { verifier })
        void app.register(async (child) => {
          child.get('/orders', ok)
          await Promise.resolve()
        })
      },
    ],
  ])('and not with a route %s', async (_, declare) => {
    const app = fastify()
    await declare(app)
    await app.ready()
    expect(warnings).toEqual([])
    expect((await app.inject({ url: '/orders' })).statusCode).toBe(401)
  })
})

describe('config.auth that is undefined', () => {
  const config = { auth: undefined } as never

  it('is an error at start on a route declared after the awaited plugin', async () => {
    const app = fastify()
    await app.register(m2mGuard, { verifier })
    expect(() => app.get('/orders', { config }, ok)).toThrow('GET /orders: config.auth: is undefined')
  })

  it.each([
    ['before the plugin', ['route', 'plugin']],
    ['after the plugin without await', ['plugin', 'route']],
  ])('opens no route declared %s: every request is refused', async (_, order) => {
    const app = fastify()
    for (const step of order) {
      if (step === 'route') app.get('/orders', { config }, ok)
      else void app.register(m2mGuard, { verifier })
    }
    expect((await app.inject({ url: '/orders' })).statusCode).toBe(401)
    const headers = bearer(issuer.mintJwt())
    expect((await app.inject({ url: '/orders', headers })).statusCode).toBe(500)
  })
})
