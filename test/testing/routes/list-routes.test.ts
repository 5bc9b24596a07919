import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mkdtempSync } from 'node:fs'
import Koa3 from 'koa'
import { describe, expect, it } from 'vitest'
import { listRoutes, type ListedRoute } from '../../../src/testing/index.js'
import { EXPRESS, fastify, Hono, KOA, ok, Router, type Express } from './apps.js'

/** Koa 3 has koa-compose as a property, which its types lack. */
interface Composing {
  readonly compose: (middleware: Koa3.Middleware[]) => Koa3.Middleware
}

function names(routes: readonly ListedRoute[]): readonly string[] {
  return routes.map(({ method, path }) => `${method} ${path}`)
}

describe.each(EXPRESS)('listRoutes of %s', (version, express: Express) => {
  const isOld = version === 'express 4'

  it('lists routes of the app and of nested routers with the paths of their mounts', () => {
    const app = express()
    const inner = express.Router().post('/lines/:line', ok)
    const router = express.Router({ mergeParams: true }).get('/orders/:id', ok).use('/orders/:id', inner)
    app.get('/health', ok).use('/tenants/:tenant', router)
    expect(names(listRoutes(app))).toEqual([
      'GET /health',
      'GET /tenants/:tenant/orders/:id',
      'POST /tenants/:tenant/orders/:id/lines/:line',
    ])
    expect(listRoutes(app).at(-1)?.registered).toBe(
      'router at /tenants/:tenant > router at /tenants/:tenant/orders/:id > listOrders',
    )
  })

  it('lists each method of a route, and ALL for app.all', () => {
    const app = express()
    app.route('/orders').get(ok).put(ok)
    app.all('/any', ok)
    expect(names(listRoutes(app))).toEqual(['GET /orders', 'PUT /orders', 'ALL /any'])
  })

  it('lists lists of paths, regular expressions, optional parts and wildcards', () => {
    const app = express()
    const wildcard = isOld ? '/files/*' : '/files/*path'
    const optional = isOld ? '/reports/:year?' : '/reports{/:year}'
    app
      .get(['/a', '/b'], ok)
      .get(/^\/v\d+\/x$/, ok)
      .get(wildcard, ok)
      .get(optional, ok)
    app.use(['/p', '/q'], express.Router().get('/in', ok))
    expect(names(listRoutes(app))).toEqual([
      'GET /a',
      'GET /b',
      String.raw`GET /^\/v\d+\/x$/`,
      `GET ${wildcard}`,
      `GET ${optional}`,
      'GET /p/in',
      'GET /q/in',
    ])
  })

  it('lists the files of express.static as one route', () => {
    const app = express()
    app.use('/assets', express.static(mkdtempSync(join(tmpdir(), 'm2m-guard-'))))
    expect(listRoutes(app)).toEqual([{ method: 'GET', path: '/assets/*', registered: 'express.static' }])
  })

  it('names a mounted app, which Express keeps in a closure, and reads it from the option mounted', () => {
    const app = express()
    const admin = express()
    const deep = express()
    admin.delete('/users/:id', ok).use('/deep', deep)
    deep.get('/x', ok)
    app.use('/admin', admin)
    expect(() => listRoutes(app)).toThrow(
      "listRoutes.app: the routes of the Express app mounted at /admin cannot be read. Pass what is mounted there in the option mounted: { '/admin': app }",
    )
    expect(() => listRoutes(app, { mounted: { '/admin': admin } })).toThrow("{ '/admin/deep': app }")
    expect(names(listRoutes(app, { mounted: { '/admin': admin, '/admin/deep': deep } }))).toEqual([
      'DELETE /admin/users/:id',
      'GET /admin/deep/x',
    ])
  })

  it('requires as many values as apps are mounted at one path', () => {
    const [app, one, two] = [express(), express(), express()]
    one.get('/one', ok)
    two.get('/two', ok)
    app.use(one).use(two)
    expect(() => listRoutes(app, { mounted: { '/': one } })).toThrow("{ '/': [app1, app2] }, 2 values")
    expect(names(listRoutes(app, { mounted: { '/': [one, two] } }))).toEqual(['GET /one', 'GET /two'])
  })

  it('lists an app without routes as empty, and a router alone', () => {
    expect(listRoutes(express())).toEqual([])
    expect(names(listRoutes(express.Router().get('/x', ok)))).toEqual(['GET /x'])
  })
})

it('names a router whose path an older router of Express 5 does not keep, and takes it from the option mounted', () => {
  const express = EXPRESS[0]![1]
  const app = express()
  const router = express.Router().get('/orders', ok)
  app.use('/internal', router)
  for (const layer of app.router.stack) Reflect.deleteProperty(layer, 'rawPath')
  expect(() => listRoutes(app)).toThrow('does not keep the path at which router is mounted')
  expect(names(listRoutes(app, { mounted: { '/internal': router } }))).toEqual(['GET /internal/orders'])
})

describe.each(KOA)('listRoutes of %s', (_version, Koa) => {
  it('lists the routes of nested routers with prefixes, and ALL for router.all', () => {
    const inner = new Router().get('/lines/:line', () => undefined).all('/any', () => undefined)
    const router = new Router({ prefix: '/v1' })
    router.post('/orders', () => undefined).use('/orders/:id', inner.routes(), inner.allowedMethods())
    const app = new Koa()
      .use((_context, next) => next())
      .use(router.routes())
      .use(router.allowedMethods())
    expect(new Set(names(listRoutes(app)))).toEqual(
      new Set([
        'POST /v1/orders',
        'GET /v1/orders/:id/lines/:line',
        'HEAD /v1/orders/:id/lines/:line',
        'ALL /v1/orders/:id/any',
      ]),
    )
  })

  it('names composed middleware, which koa-compose keeps in a closure', () => {
    const { compose } = new Koa3() as unknown as Composing
    const router = new Router().get('/x', () => undefined)
    const app = new Koa().use(compose([router.routes() as Koa3.Middleware]))
    expect(() => listRoutes(app)).toThrow('app.middleware[0], which keeps other middleware in a closure')
    expect(names(listRoutes(app, { mounted: { '/': router } }))).toContain('GET /x')
  })
})

describe('listRoutes of Fastify', () => {
  it('lists routes of plugins with prefixes, HEAD aliases, constraints, wildcards and parameters', async () => {
    const app = fastify()
    app
      .get('/orders/:id', () => '')
      .get('/orders/:order/lines', () => '')
      .get('/files/*', () => '')
    app.get('/at/:hour(^\\d+$)', { constraints: { host: 'a.test' } }, () => '')
    app.register(
      (scope, _options, done) => {
        scope.post('/in', () => '')
        done()
      },
      { prefix: '/v1' },
    )
    await app.ready()
    const listed = names(listRoutes(app))
    expect(new Set(listed)).toEqual(
      new Set(
        ['/orders/:id', '/orders/:order/lines', '/files/*', '/at/:hour(^\\d+$)']
          .flatMap((path) => [`GET ${path}`, `HEAD ${path}`])
          .concat('POST /v1/in'),
      ),
    )
  })

  it('says that an app that is not ready has to be awaited', () => {
    expect(() => listRoutes(fastify().get('/x', () => ''))).toThrow('Call `await app.ready()` first')
  })

  it('names a constraint that a request cannot be made to fulfill', async () => {
    const app = fastify({
      constraints: {
        region: {
          name: 'region',
          storage: () => ({ get: () => null, set: () => undefined }),
          deriveConstraint: () => 'eu',
          validate: () => undefined,
        },
      },
    })
    app.get('/x', { constraints: { region: 'eu' } }, () => '')
    await app.ready()
    expect(() => listRoutes(app)).toThrow('the constraint region of /x is not known')
  })
})

describe('listRoutes of Hono', () => {
  it('lists routes of app.route and app.basePath, and ALL for app.all, and no middleware', () => {
    const inner = new Hono().get('/lines/:line{[0-9]+}', (c) => c.text(''))
    inner.onError((_error, c) => c.text(''))
    const app = new Hono().use(async (_c, next) => next())
    app
      .route('/orders/:id', inner)
      .basePath('/v1')
      .all('/any', (c) => c.text(''))
    expect(names(listRoutes(app))).toEqual(['GET /orders/:id/lines/:line{[0-9]+}', 'ALL /v1/any'])
  })

  it('names a mounted app, and reads its routes from the option mounted', () => {
    const app = new Hono()
    // oxlint-disable-next-line typescript/no-deprecated -- Its successor is not in older versions of Hono 4.
    app.mount('/legacy', () => new Response(''))
    expect(() => listRoutes(app)).toThrow(
      'the routes of the app mounted at /legacy with app.mount() cannot be read',
    )
    expect(names(listRoutes(app, { mounted: { '/legacy': ['GET /a', 'POST /b'] } }))).toEqual([
      'GET /legacy/a',
      'POST /legacy/b',
    ])
  })
})

describe('listRoutes of other values', () => {
  it.each([{}, () => undefined, { routes: [] }, new Map()])('says what it can read: %o', (app) => {
    expect(() => listRoutes(app)).toThrow(
      'listRoutes.app: is not an app that can be read. Pass an app of Express 4 or 5',
    )
  })

  it.each([undefined, null, 'app', 3])('refuses %o', (app) => {
    expect(() => listRoutes(app as never)).toThrow('listRoutes.app: is required and must be an app')
  })

  it.each([
    [{ mounted: [] }, 'listRoutes.mounted: must be an object with the paths as names'],
    [{ mounted: { admin: {} } }, "listRoutes.mounted['admin']: is not a path"],
    [{ mounted: { '/x': 'orders' } }, "listRoutes.mounted['/x']: must be an app, a router, or a route"],
    [{ mounted: { '/x': [] } }, "listRoutes.mounted['/x']: must not be an empty list"],
    [{ mount: {} }, 'listRoutes.mount: unknown option; the options are mounted'],
  ])('refuses the options %o', (options, message) => {
    expect(() => listRoutes(new Hono(), options as never)).toThrow(message)
  })
})
