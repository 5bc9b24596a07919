import { describe, expect, it } from 'vitest'
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
import { findings } from './findings.js'

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
