import { once } from 'node:events'
import { createServer } from 'node:http'
import type { RequestHandler } from 'express'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import { guard as expressGuard, requireScopes as expressScopes } from '../../../adapters/express.js'
import { guard as honoGuard, requireScopes as honoScopes } from '../../../adapters/hono.js'
import { requireScopes as koaScopes } from '../../../adapters/koa.js'
import { oauth } from '../../../src/providers/oauth.js'
import {
  assertEveryRouteIsGuarded,
  createTestIssuer,
  UnguardedRoutesError,
  type RouteAuditOptions,
  type TestIssuer,
} from '../../../src/testing/index.js'
import { createVerifier } from '../../../src/verifier/create-verifier.js'
import type { Verifier } from '../../../src/verifier/verifier.js'
import { EXPRESS, fastify, Hono, KOA, koaGuard, m2mGuard, ok, Router } from './apps.js'

let issuer: TestIssuer
let verifier: Verifier
/** A valid token without a scope. */
let token: string

beforeAll(async () => {
  issuer = await createTestIssuer()
  verifier = createVerifier({ issuers: [oauth(issuer.oauth())] })
  token = issuer.mintJwt()
})
afterAll(() => issuer.close())

/** Returns `METHOD /path: problems` for each route that the audit reports. */
async function findings(app: object, options?: RouteAuditOptions): Promise<readonly string[]> {
  try {
    await assertEveryRouteIsGuarded(app, options)
    return []
  } catch (error) {
    if (!(error instanceof UnguardedRoutesError)) throw error
    return error.routes.map(({ method, path, problems }) => `${method} ${path}: ${problems.join('; ')}`)
  }
}

const WITH_TOKEN = 'with a valid token that has no permission (option token)'
const guarded = (): RequestHandler => expressGuard(verifier) as RequestHandler
const scopes = (): RequestHandler => expressScopes('orders:read') as RequestHandler

describe.each(EXPRESS)('option token in %s', (_version, express) => {
  it('finds a guarded route that requires nothing, which is not found without the option', async () => {
    const app = express().use(guarded()).get('/orders', scopes(), ok).get('/forgotten', ok)
    expect(await findings(app)).toEqual([])
    const error: unknown = await assertEveryRouteIsGuarded(app, { token }).catch((reason: unknown) => reason)
    expect((error as Error).message).toBe(
      [
        '2 routes and methods are not guarded or without a requirement (2 routes listed):',
        `  GET /forgotten: 200 ${WITH_TOKEN} (listOrders)`,
        `  HEAD /forgotten: 200 ${WITH_TOKEN} (listOrders)`,
        'Require scopes or a policy at routes that accept a token without permission.',
        'Guard them, or list public routes in the option open.',
      ].join('\n'),
    )
    expect((error as Error).message).not.toContain(token)
  })

  it('passes where scopes or another policy refuse the token with 403, and where the token is too old', async () => {
    const app = express().get('/scopes', guarded(), scopes(), ok)
    app.get('/clients', expressGuard(verifier, { clients: ['another'] }) as RequestHandler, ok)
    app.get('/age', expressGuard(verifier, { maxTokenAge: '1m' }) as RequestHandler, ok)
    const old = issuer.mintJwt({ age: '10m', expiresIn: '1h' })
    expect(await findings(app, { token: old })).toEqual([])
  })

  it('lists a route without a guard once, for the requests without a valid token', async () => {
    const app = express().get('/open', ok).use(guarded(), scopes()).get('/orders', ok)
    expect(await findings(app, { token })).toEqual([
      'GET /open: 200 without a token; 200 with an invalid token',
      'HEAD /open: 200 without a token; 200 with an invalid token',
    ])
    expect(await findings(app, { token, open: ['GET /open'] })).toEqual([])
  })

  it('finds a spelling that the guard does not cover also where the route requires nothing', async () => {
    const app = express().use((request, response, next) => {
      if (request.path.startsWith('/internal')) guarded()(request, response, next)
      else next()
    })
    expect(await findings(app.get('/internal/orders', ok), { token })).toEqual([
      `GET /internal/orders: 200 ${WITH_TOKEN}; 200 without a token in capitals`,
      `HEAD /internal/orders: 200 ${WITH_TOKEN}`,
    ])
  })

  it('does not count a 404, or the 403 of a handler, as a requirement', async () => {
    const app = express().use(guarded())
    app.get('/404', (_request, response) => void response.status(404).end())
    app.get('/403', (_request, response) => void response.status(403).json({ message: 'no' }))
    const found = await findings(app, { token })
    expect(found).toContain(`GET /404: 404 ${WITH_TOKEN}`)
    expect(found).toContain(`GET /403: 403 ${WITH_TOKEN}`)
  })

  it('finds middleware behind the guard that responds, at a path and at the root', async () => {
    const app = express().use(guarded()).use('/hook', ok).get('/orders', scopes(), ok).use(ok)
    expect(await findings(app, { token })).toEqual([
      `GET /hook: 200 ${WITH_TOKEN}`,
      `POST /hook: 200 ${WITH_TOKEN}`,
      `OPTIONS /orders: 200 ${WITH_TOKEN}`,
      `USE /: 200 ${WITH_TOKEN} at a path that has no route`,
    ])
  })

  it('finds an upgrade that requires nothing of a valid token', async () => {
    const app = express().use(guarded(), scopes()).get('/orders', ok)
    const server = createServer(app)
    const sockets = new WebSocketServer({ noServer: true })
    server.on('upgrade', (request, socket, head) => {
      if (request.headers.authorization === `Bearer ${token}`)
        sockets.handleUpgrade(request, socket, head, () => undefined)
      else socket.end('HTTP/1.1 401 Unauthorized\r\nconnection: close\r\n\r\n')
    })
    const upgrades = ['/socket']
    expect(await findings(app, { server, upgrades })).toEqual([])
    expect(await findings(app, { server, upgrades, token })).toEqual([
      `UPGRADE /socket: 101 ${WITH_TOKEN}`,
      `UPGRADE /orders: 101 ${WITH_TOKEN}`,
    ])
    const closed = once(sockets, 'close')
    sockets.close()
    await closed
  })
})

it.each(KOA)('option token in %s: finds a guarded route that requires nothing', async (_version, Koa) => {
  const router = new Router()
  router.get('/orders', koaScopes('orders:read'), (context) => (context.body = 'x'))
  router.get('/forgotten', (context) => (context.body = 'x'))
  const app = new Koa().use(koaGuard(verifier)).use(router.routes())
  expect(await findings(app)).toEqual([])
  expect(await findings(app, { token })).toEqual([
    `HEAD /forgotten: 200 ${WITH_TOKEN}`,
    `GET /forgotten: 200 ${WITH_TOKEN}`,
  ])
})

it('option token in Fastify: finds a guarded route that requires nothing', async () => {
  const app = fastify()
  await app.register(m2mGuard, { verifier })
  app.get('/orders', { config: { auth: { scopes: 'orders:read' } } }, () => 'x')
  app.get('/forgotten', () => 'x')
  expect(await findings(app)).toEqual([])
  expect(await findings(app, { token })).toEqual([
    `GET /forgotten: 200 ${WITH_TOKEN}`,
    `HEAD /forgotten: 200 ${WITH_TOKEN}`,
  ])
  await app.close()
})

it('option token in Hono: finds a guarded route that requires nothing', async () => {
  const app = new Hono()
  app.use(honoGuard(verifier))
  app.get('/orders', honoScopes('orders:read'), (c) => c.text('x'))
  app.post('/forgotten', (c) => c.text('x'))
  expect(await findings(app)).toEqual([])
  expect(await findings(app, { token })).toEqual([`POST /forgotten: 200 ${WITH_TOKEN}`])
})

describe('value of the option token', () => {
  const app = (): object =>
    new Hono().use(honoGuard(verifier, { scopes: 'x' })).get('/orders', (c) => c.text('x'))

  it('may be a function, which is called for each request', async () => {
    let calls = 0
    const mint = async (): Promise<string> => {
      calls++
      return Promise.resolve(issuer.mintOpaque())
    }
    expect(await findings(app(), { token: mint })).toEqual([])
    expect(calls).toBeGreaterThan(1)
  })

  it('must be accepted by the guard, because otherwise it shows nothing about requirements', async () => {
    await expect(assertEveryRouteIsGuarded(app(), { token: 'unknown' })).rejects.toThrow(
      'assertEveryRouteIsGuarded.token: is refused with 401 by every route. Pass a token that the guard accepts, but that has no permission',
    )
  })

  it('is passed to isRefusal as insufficient', async () => {
    const seen = new Set<string>()
    await assertEveryRouteIsGuarded(app(), {
      token,
      isRefusal: ({ status }, sent) => {
        seen.add(`${status} ${sent}`)
        return true
      },
    })
    expect(seen).toContain('403 insufficient')
  })

  it.each([
    [undefined, 'is undefined'],
    ['', "must be a token without 'Bearer'"],
    ['Bearer secret-value', "must be a token without 'Bearer'"],
    ['secret-value\r\nx: y', "must be a token without 'Bearer'"],
    [7, "must be a token without 'Bearer'"],
    [() => 7, "must return a token without 'Bearer'"],
    [() => 'Bearer secret-value', "must return a token without 'Bearer'"],
  ])('refuses %o without repeating it', async (value, message) => {
    const error: unknown = await assertEveryRouteIsGuarded(app(), { token: value as never }).catch(
      (reason: unknown) => reason,
    )
    expect((error as Error).message).toContain('assertEveryRouteIsGuarded.token')
    expect((error as Error).message).toContain(message)
    expect((error as Error).message).not.toContain('secret-value')
  })
})
