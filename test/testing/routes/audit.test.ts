import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from 'node:http'
import { mkdtempSync } from 'node:fs'
import { AssertionError } from 'node:assert'
import { describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import { guard as expressGuardOf } from '../../../adapters/express.js'
import {
  assertEveryRouteIsGuarded,
  UnguardedRoutesError,
  type RouteAuditOptions,
} from '../../../src/testing/index.js'
import { expireDeadlines } from '../../support/setup/deadlines.js'
import { nextTurn } from '../../support/until.js'
import {
  EXPRESS,
  fastify,
  guardExpress,
  guardedByHono,
  guardHono,
  Hono,
  KOA,
  koaGuard,
  m2mGuard,
  ok,
  Router,
  verifier,
} from './apps.js'

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

const BOTH = '200 without a token; 200 with an invalid token'

describe.each(EXPRESS)('audit of %s', (_version, express) => {
  it('passes for an app whose routes are all guarded, nested routers and open routes included', async () => {
    const app = express()
    app.get('/health', ok).use(guardExpress())
    app.get('/orders/:id', ok).post('/orders', ok).all('/any', ok)
    app.use('/t/:tenant', express.Router().delete(/^\/x\d+$/, ok))
    await assertEveryRouteIsGuarded(app, { open: ['GET /health'] })
  })

  it('finds a route registered before the guard, with its HEAD alias, and says where it is registered', async () => {
    const app = express()
    app.use('/internal', express.Router().get('/early', ok), guardExpress())
    app.get('/internal/late', ok)
    expect(await findings(app)).toEqual([`GET /internal/early: ${BOTH}`, `HEAD /internal/early: ${BOTH}`])
    const error: unknown = await assertEveryRouteIsGuarded(app).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(AssertionError)
    expect((error as Error).message).toBe(
      [
        '2 routes and methods are not guarded (2 routes listed):',
        '  GET /internal/early: 200 without a token; 200 with an invalid token (router at /internal > listOrders)',
        '  HEAD /internal/early: 200 without a token; 200 with an invalid token (router at /internal > listOrders)',
        'Guard them, or list public routes in the option open.',
      ].join('\n'),
    )
  })

  it('finds a router mounted outside the path of the guard, and each open method of app.all', async () => {
    const app = express()
    app.use('/internal', guardExpress(), express.Router().get('/a', ok))
    app.use('/other', express.Router().all('/b', ok))
    const found = await findings(app)
    expect(found.map((one) => one.split(':')[0])).toEqual(
      ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'REPORT'].map(
        (method) => `${method} /other/b`,
      ),
    )
  })

  it('finds a handler that checks only that there is a token, and one that OPTIONS reaches', async () => {
    const app = express()
    app.use((request, response, next) => {
      if (request.headers.authorization === undefined && request.method !== 'OPTIONS')
        guardExpress()(request, response, next)
      else next()
    })
    app.get('/orders', ok).options('/orders', ok)
    expect(await findings(app)).toEqual([
      'GET /orders: 200 with an invalid token',
      'HEAD /orders: 200 with an invalid token',
      `OPTIONS /orders: ${BOTH}`,
    ])
  })

  it('finds other spellings of a path that a check of the path does not match', async () => {
    const byPath = (isGuarded: (path: string) => boolean): Promise<readonly string[]> => {
      const app = express()
      app.use((request, response, next) => {
        if (isGuarded(request.path)) guardExpress()(request, response, next)
        else next()
      })
      return findings(app.get('/internal/orders', ok))
    }
    expect(await byPath((path) => path.startsWith('/internal'))).toEqual([
      'GET /internal/orders: 200 without a token in capitals',
    ])
    expect(await byPath((path) => path.toLowerCase() === '/internal/orders')).toEqual([
      'GET /internal/orders: 200 without a token with a slash at the end',
    ])
  })

  it('finds an override of the method that the guard does not see', async () => {
    const app = express()
    app.use((request, response, next) => {
      if (request.method === 'DELETE') guardExpress()(request, response, next)
      else next()
    })
    app.use((request, _response, next) => {
      request.method = request.get('X-HTTP-Method-Override') ?? request.method
      next()
    })
    app.delete('/orders/:id', ok)
    expect(await findings(app)).toEqual([
      'GET /orders/:id: 200 without a token as GET with an override of the method',
    ])
  })

  it('does not count a 404, a redirect, the 401 of other middleware or a 500 as guarded', async () => {
    const app = express()
    app.get('/404', (_request, response) => void response.status(404).end())
    app.get('/302', (_request, response) => {
      response.redirect('/login')
    })
    app.get('/401', (_request, response) => void response.status(401).set('WWW-Authenticate', 'Basic').end())
    app.get('/500', (_request, response) => void response.status(500).end())
    const found = await findings(app)
    for (const status of [404, 302, 401, 500])
      expect(found).toContain(`GET /${status}: ${status} without a token; ${status} with an invalid token`)
  })

  it('finds files that are served before the guard, although a missing file is refused', async () => {
    const [open, closed] = [express(), express()]
    const files = express.static(mkdtempSync(join(tmpdir(), 'm2m-guard-')))
    open.use('/assets', files).use(guardExpress())
    closed.use(guardExpress()).use('/assets', files)
    expect(await findings(open)).toEqual([
      'GET /assets/*: the handler runs without a token; the handler runs with an invalid token',
      'HEAD /assets/*: the handler runs without a token; the handler runs with an invalid token',
    ])
    expect(await findings(closed)).toEqual([])
    expect(await findings(open, { open: ['GET /assets/*'] })).toEqual([])
  })

  it('finds middleware that responds at its path, and ignores middleware that continues', async () => {
    const app = express()
    app.use(express.json()).use('/hook', ok)
    app.use(guardExpress()).get('/orders', ok)
    expect(await findings(app)).toEqual([`GET /hook: ${BOTH}`, `POST /hook: ${BOTH}`])
    expect(await findings(app, { open: ['USE /hook'] })).toEqual([])
  })

  it('does not report the automatic response to OPTIONS, which has the methods only', async () => {
    const app = express()
    app.get('/orders', guardExpress(), ok).post('/orders', guardExpress(), ok)
    expect(await findings(app)).toEqual([])
  })

  it('reports a handler that does not respond once its deadline passes', async () => {
    const app = express()
    app.get('/hangs', () => undefined).get('/streams', (_request, response) => void response.write('a'))
    let isSettled = false
    const found = findings(app).finally(() => (isSettled = true))
    for (let turns = 0; !isSettled; turns++) {
      await nextTurn()
      if (turns % 200 === 199) expireDeadlines()
    }
    const lines = await found
    expect(lines).toContain('GET /hangs: no response without a token')
    expect(lines).toContain(`GET /streams: ${BOTH}`)
  })

  it('finds a guard in report mode', async () => {
    const app = express()
    app.get('/reported', expressGuardOf(verifier, {}, { mode: 'report' }), ok)
    expect(await findings(app)).toEqual([`GET /reported: ${BOTH}`, `HEAD /reported: ${BOTH}`])
  })

  it('accepts a custom refusal that isRefusal recognizes', async () => {
    const app = express()
    const onRefusal = (
      _refusal: unknown,
      _request: unknown,
      response: { writeHead(status: number): { end(): void } },
    ): void => {
      response.writeHead(418).end()
    }
    app.use(expressGuardOf(verifier, {}, { onRefusal: onRefusal })).get('/orders', ok)
    expect(await findings(app)).not.toEqual([])
    expect(await findings(app, { isRefusal: ({ status }) => status === 418 })).toEqual([])
  })

  it('finds an upgrade that is open, and requires the paths of upgrades', async () => {
    const app = express()
    app.use(guardExpress()).get('/orders', ok)
    const server = createServer(app)
    const sockets = new WebSocketServer({ server, path: '/socket' })
    await expect(assertEveryRouteIsGuarded(app, { server })).rejects.toThrow(
      "assertEveryRouteIsGuarded.upgrades: is required, because the server handles upgrades, and their paths cannot be read. Write them: ['/socket']",
    )
    const upgrades = ['/socket']
    expect(await findings(app, { server, upgrades })).toEqual([
      'UPGRADE /socket: 101 without a token; 101 with an invalid token',
    ])
    expect(await findings(app, { server, upgrades, open: ['UPGRADE /socket'] })).toEqual([])
    sockets.close()
  })
})

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

describe('paths that are not listed', () => {
  const FALLBACK = 'USE /: 200 without a token at a path that has no route'

  it('finds a notFound handler of Hono that serves every path', async () => {
    const app = new Hono().notFound((c) => c.text('x', 200))
    app.get('/orders', guardedByHono, (c) => c.text('x'))
    expect(await findings(app)).toContain(FALLBACK)
    expect(await findings(app, { open: ['USE /'] })).toEqual([])
  })

  it('finds a redirect for unknown paths', async () => {
    const app = new Hono().notFound((c) => c.redirect('/login'))
    app.get('/orders', guardedByHono, (c) => c.text('x'))
    expect(await findings(app)).toEqual(['USE /: 302 without a token at a path that has no route'])
  })

  it('finds a notFound handler of Fastify, also that of a plugin with a prefix', async () => {
    const app = fastify()
    await app.register(async (scope) => {
      await scope.register(m2mGuard, { verifier })
      scope.get('/internal/orders', () => 'x')
    })
    app.register(
      (scope, _options, done) => {
        scope.setNotFoundHandler((_request, reply) => reply.code(200).send('open'))
        done()
      },
      { prefix: '/internal' },
    )
    expect(await findings(app)).toEqual(['USE /internal: 200 without a token at a path that has no route'])
    expect(await findings(app, { open: ['USE /internal'] })).toEqual([])
    await app.close()
  })

  it('finds middleware of Hono that responds at a path of its own, before a guard for the same path', async () => {
    const app = new Hono()
    app.use(async function metrics(c, next) {
      if (c.req.path === '/metrics') return c.text('requests_total 7')
      await next()
      return undefined
    })
    guardHono(app)
    app.get('/orders', (c) => c.text('x'))
    expect(await findings(app)).toEqual(['USE /metrics: 200 without a token at a path that has no route'])
    expect(await findings(app, { open: ['USE /metrics'] })).toEqual([])
  })

  it('finds middleware of Hono that responds to everything, before another one for the same path', async () => {
    const app = new Hono()
    app.use(async (c, next) => (c.req.path === '/orders' ? next() : c.text('x')))
    guardHono(app)
    app.get('/orders', (c) => c.text('x'))
    expect(await findings(app)).toEqual(['USE /*: 200 without a token at a path that has no route'])
    expect(await findings(app, { open: ['USE /*'] })).toEqual([])
  })

  it('finds a hook of Fastify that responds at a path of its own', async () => {
    const app = fastify()
    app.addHook('onRequest', async (request, reply) => {
      if (request.url === '/healthz') return reply.send('ok')
    })
    await app.register(m2mGuard, { verifier })
    app.get('/orders', () => 'x')
    expect(await findings(app)).toEqual(['USE /healthz: 200 without a token at a path that has no route'])
    await app.close()
  })

  it.each(KOA)('finds middleware of %s that responds below the path of routes', async (_version, Koa) => {
    const router = new Router({ prefix: '/internal' }).get('/orders', koaGuard(verifier), (context) => {
      context.body = 'x'
    })
    const app = new Koa().use(router.routes()).use((context, next) => {
      if (!context.path.startsWith('/internal/')) return next()
      context.body = 'x'
      return undefined
    })
    expect(await findings(app)).toContain('USE /internal: 200 without a token at a path that has no route')
  })

  it.each(EXPRESS)('finds middleware of %s that responds at a path of its own', async (_version, express) => {
    const app = express()
    app.use((request, response, next) => {
      if (request.path === '/metrics') response.send('x')
      else next()
    })
    app.use(guardExpress()).get('/orders', ok)
    expect(await findings(app)).toEqual(['USE /metrics: 200 without a token at a path that has no route'])
  })

  it('does not request a path that a listed route matches, and that the option open may list', async () => {
    const app = new Hono()
    app.get('/metrics', (c) => c.text('x'))
    app.get('/files/*', (c) => c.text('x'))
    app.get('/tenants/:id', (c) => c.text('x'))
    guardHono(app)
    app.get('/orders', (c) => c.text('x'))
    const open = ['GET /metrics', 'GET /files/*', 'GET /tenants/:id']
    expect(await findings(app, { open })).toEqual([])
  })

  it('does not report the guard, a 404 or an error of the framework', async () => {
    const app = new Hono().notFound((c) => c.text('x', 404))
    app.get('/orders', guardedByHono, (c) => c.text('x'))
    expect(await findings(app)).toEqual([])
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
