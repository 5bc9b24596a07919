import { describe, expect, it } from 'vitest'
import {
  assertEveryRouteIsGuarded,
  UnguardedRoutesError,
  type RouteAuditOptions,
} from '../../../src/testing/index.js'
import { guard as honoGuard } from '../../../adapters/hono.js'
import {
  EXPRESS,
  fastify,
  guardExpress,
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

describe.each(EXPRESS)('audit of %s', (version, express) => {
  const isFour = version.includes('4')

  it('requests a route without its optional part, which a guard at a path may not cover', async () => {
    const [wildcard, path] = isFour ? ['/files/*', '/files/:name?'] : ['/files/*splat', '/files{/:name}']
    const app = express()
    app.all(wildcard, guardExpress()).get(path, ok)
    expect(await findings(app)).toEqual([`GET ${path}: 200 without a token at /files`])
  })

  it('requests the form of a regular expression without its optional group', async () => {
    const app = express()
    app.use('/r/1', guardExpress()).get(/^\/r(?:\/(.*))?$/, ok)
    expect(await findings(app)).toEqual([expect.stringContaining('200 without a token at /r')])
  })

  it('requests a second value of a parameter, which differs from a guarded literal path', async () => {
    const app = express()
    app.use('/items/1', guardExpress()).get('/items/:id', ok)
    expect(await findings(app)).toEqual(['GET /items/:id: 200 without a token at /items/904117'])
  })

  it('requests uncommon methods of a route for all methods', async () => {
    const app = express()
    const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']
    const guard = guardExpress()
    app.all(
      '/x',
      (request, response, next) => {
        if (methods.includes(request.method)) guard(request, response, next)
        else next()
      },
      ok,
    )
    expect(await findings(app)).toContain('PROPFIND /x: 200 without a token; 200 with an invalid token')
  })

  it('finds a handler that is open to Basic credentials', async () => {
    const app = express()
    const guard = guardExpress()
    app.get(
      '/x',
      (request, response, next) => {
        if (request.headers.authorization?.startsWith('Basic ') === true) next()
        else guard(request, response, next)
      },
      ok,
    )
    expect(await findings(app)).toContain('GET /x: 200 with Basic credentials')
  })

  it('passes for guarded routes with optional parts, and for an open route that one of their forms reaches', async () => {
    const app = express()
    app.get('/files', ok).use(guardExpress())
    app
      .get(isFour ? '/files/:name?' : '/files{/:name}', ok)
      .get(/^\/r(?:\/(.*))?$/, ok)
      .get('/items/:id', ok)
    await assertEveryRouteIsGuarded(app, { open: ['GET /files'] })
  })
})

it('audit of Hono: requests a route without its optional parameter', async () => {
  const app = new Hono()
  app.use('/api/:v', honoGuard(verifier)).get('/api/:v?', (context) => context.text('ok'))
  expect(await findings(app)).toEqual([expect.stringContaining('200 without a token at /api')])
})

it.each(KOA)('audit of %s: requests a route without its optional part', async (_version, Koa) => {
  const router = new Router()
  router.all('/files/:n', koaGuard(verifier)).get('/files{/:n}', (context) => {
    context.body = 'ok'
  })
  const app = new Koa()
  app.use(router.routes())
  expect(await findings(app)).toContain('GET /files{/:n}: 200 without a token at /files')
})

it('audit of Fastify: requests a second value of a parameter, which differs from a guarded literal path', async () => {
  const app = fastify()
  await app.register(m2mGuard, { verifier })
  app.get('/items/1', () => 'ok')
  app.get('/items/:id', { config: { auth: false } }, () => 'ok')
  expect(await findings(app)).toContain('GET /items/:id: 200 without a token at /items/904117')
})
