import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from 'node:http'
import { mkdtempSync } from 'node:fs'
import { AssertionError } from 'node:assert'
import { describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import { guard as expressGuardOf } from '../../../adapters/express.js'
import { assertEveryRouteIsGuarded } from '../../../src/testing/index.js'
import { expireDeadlines } from '../../support/setup/deadlines.js'
import { nextTurn } from '../../support/until.js'
import { EXPRESS, guardExpress, ok, verifier } from './apps.js'
import { BOTH, findings } from './findings.js'

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
