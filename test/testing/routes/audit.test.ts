import { createServer } from 'node:http'
import { describe, expect, it } from 'vitest'
import { assertEveryRouteIsGuarded } from '../../../src/testing/index.js'
import {
  EXPRESS,
  fastify,
  guardExpress,
  guardHono,
  Hono,
  KOA,
  koaGuard,
  m2mGuard,
  ok,
  Router,
  verifier,
} from './apps.js'
import { BOTH, findings } from './findings.js'

it.each(KOA)(
  'audit of %s: finds a route before the guard and a router outside, and passes otherwise',
  async (_version, Koa) => {
    const router = new Router().get('/orders/:id', (context) => (context.body = 'x'))
    const outside = new Router({ prefix: '/outside' }).post('/x', (context) => (context.body = 'x'))
    const app = new Koa().use(outside.routes()).use(koaGuard(verifier)).use(router.routes())
    expect(await findings(app)).toEqual([`POST /outside/x: ${BOTH}`])
    expect(await findings(new Koa().use(koaGuard(verifier)).use(router.routes()))).toEqual([])
  },
)

describe('audit of Fastify', () => {
  it('finds a route outside the scope of the plugin with its HEAD alias, and routes with config.auth false', async () => {
    const app = fastify()
    app.register(async (scope) => {
      await scope.register(m2mGuard, { verifier })
      scope.get('/orders', () => 'x')
      scope.get('/public', { config: { auth: false } }, () => 'x')
    })
    app.get('/outside', { constraints: { host: 'api.test' } }, () => 'x')
    expect(await findings(app, { open: ['GET /public'] })).toEqual([
      `GET /outside: ${BOTH}`,
      `HEAD /outside: ${BOTH}`,
    ])
    await app.close()
  })
})

describe('audit of Hono', () => {
  it('finds an encoded letter that a check of the path does not match', async () => {
    const guarded = new Hono()
    guardHono(guarded)
    const app = new Hono().use(async (c, next) => {
      if (new URL(c.req.url).pathname.startsWith('/orders')) return guarded.fetch(c.req.raw)
      await next()
      return undefined
    })
    app.get('/orders', (c) => c.text('x'))
    expect(await findings(app)).toEqual(['GET /orders: 200 without a token with an encoded letter'])
  })

  it('finds a route before the middleware, and passes otherwise', async () => {
    const app = new Hono()
    app.get('/early/:id', (c) => c.text('x'))
    guardHono(app)
    app.post('/api/orders', (c) => c.text('x'))
    expect(await findings(app)).toEqual([`GET /early/:id: ${BOTH}`, `HEAD /early/:id: ${BOTH}`])
    expect(await findings(app, { open: ['GET /early/:id'] })).toEqual([])
  })
})

describe('options of the audit', () => {
  const app = new Hono().get('/orders/:id', (c) => c.text('x'))

  it.each([
    [
      { open: ['GET /order'] },
      "open[0]: 'GET /order' is not a route of this app. Remove it, or write it as one of 'GET /orders/:id'",
    ],
    [
      { open: ['/orders/:id'] },
      "open[0]: '/orders/:id' is not a route: write a method and a path, such as 'GET /health'",
    ],
    [{ open: 'GET /orders/:id' }, 'open: must be a list of routes'],
    [{ samples: { '/x': '/x' } }, "samples['/x']: is not the path of a route of this app"],
    [{ samples: { '/orders/:id': 'x' } }, "samples['/orders/:id']: must start with /"],
    [{ headers: { Authorization: 'x' } }, 'headers.authorization: is not allowed, because the audit sets it'],
    [{ server: {} }, 'server: must be a server of node:http'],
    [{ server: createServer() }, 'server: has no listener for requests'],
    [{ upgrades: ['socket'] }, 'upgrades: must be a list of paths that start with /'],
    [{ upgrades: ['/socket'] }, 'upgrades: has no effect, because no listener for upgrades is known'],
    [{ deadline: 0 }, 'deadline: must be a number of seconds'],
    [{ isRefusal: true }, 'isRefusal: must be a function'],
    [{ opened: [] }, 'opened: unknown option; the options are mounted, open'],
  ])('refuses %o', async (options, message) => {
    await expect(assertEveryRouteIsGuarded(app, options as never)).rejects.toThrow(
      `assertEveryRouteIsGuarded.${message}`,
    )
  })

  it('refuses an app without routes, which no request could prove guarded', async () => {
    await expect(assertEveryRouteIsGuarded(new Hono())).rejects.toThrow('has no routes')
  })

  it('requires a sample for a regular expression of which no path can be derived, and uses it', async () => {
    const express = EXPRESS[0]![1]
    const odd = express().get(/^\/([ab])\1$/, ok)
    const path = String.raw`/^\/([ab])\1$/`
    await expect(assertEveryRouteIsGuarded(odd)).rejects.toThrow(`samples['${path}']: is required`)
    expect(await findings(odd, { samples: { [path]: '/bb' } })).toContain(`GET ${path}: ${BOTH}`)
  })

  it('sends the headers of the option headers', async () => {
    const express = EXPRESS[0]![1]
    const strict = express()
    strict.use((request, response, next) => {
      if (request.get('x-forwarded-proto') === 'https') next()
      else response.redirect('https://api.test')
    })
    strict.use(guardExpress()).get('/orders', ok)
    expect(await findings(strict)).not.toEqual([])
    expect(await findings(strict, { headers: { 'X-Forwarded-Proto': 'https' } })).toEqual([])
  })
})
