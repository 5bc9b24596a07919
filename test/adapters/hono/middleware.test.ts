import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { every, some } from 'hono/combine'
import { cors } from 'hono/cors'
import { Hono as HonoFourEight } from 'hono-4.8'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  accessToken,
  guard,
  optionalAccessToken,
  requireScopes,
  type HonoOnRefusal,
  type M2mGuardVariables,
} from '../../../adapters/hono.js'
import { Refusal } from '../../../src/index.js'
import type { TestIssuer } from '../../../src/testing/index.js'
import { bearer, createIssuer, observedVerifier, verifierFor } from '../support.js'

let issuer: TestIssuer
beforeAll(async () => {
  issuer = await createIssuer()
})
afterAll(() => issuer.close())

const VERSIONS = [
  { name: 'Hono 4', App: Hono },
  { name: 'Hono 4.8', App: HonoFourEight },
]

describe.each(VERSIONS)('in $name', ({ App }) => {
  const withToken = () => ({ headers: bearer(issuer.mintJwt({ subject: 'billing', scopes: 'orders:read' })) })

  it('the token is found after middleware that replaces c.req.raw, and nested guards verify it once', async () => {
    const { verifier, events } = observedVerifier(issuer)
    const app = new App<{ Variables: M2mGuardVariables }>()
    app.use(guard(verifier), bodyLimit({ maxSize: 100 }))
    app.use(async (c, next) => {
      c.req.raw = new Request(c.req.raw, { headers: c.req.raw.headers })
      await next()
    })
    app.post('/', guard(verifier), requireScopes('orders:read'), async (c) => {
      expect(optionalAccessToken(c)).toBe(c.get('auth'))
      return c.json({ subject: accessToken(c).subject, body: await c.req.text() })
    })
    const response = await app.request('/', { ...withToken(), method: 'POST', body: 'text' })
    expect(await response.json()).toEqual({ subject: 'billing', body: 'text' })
    expect(events.filter(({ source }) => source !== undefined && source !== 'cache')).toHaveLength(1)
  })

  it('a token that middleware exchanges in c.req.raw is verified by the next guard, not taken over', async () => {
    const verifier = verifierFor(issuer)
    const app = new App()
    app.use(guard(verifier))
    app.use(async (c, next) => {
      c.req.raw = new Request(c.req.raw, { headers: bearer('invalid') })
      await next()
    })
    app.get('/', guard(verifier), (c) => c.text('passed'))
    expect((await app.request('/', withToken())).status).toBe(401)
  })

  it('the error handling of Hono sends the status and headers of a refusal that onRefusal throws', async () => {
    const log = vi.spyOn(console, 'error').mockReturnValue()
    const app = new App()
    const onRefusal: HonoOnRefusal = (refusal) => {
      throw refusal
    }
    app.get('/', guard(verifierFor(issuer), {}, { realm: 'orders', onRefusal }))
    const response = await app.request('/')
    expect(response.status).toBe(401)
    expect(response.headers.get('WWW-Authenticate')).toBe('Bearer realm="orders"')
    expect(response.headers.get('Cache-Control')).toBe('no-store')
    expect(await response.json()).toEqual(new Refusal('token_missing').toJSON())
    expect(log).not.toHaveBeenCalled()
    log.mockRestore()
  })

  it('onRefusal may set c.res instead of returning a response', async () => {
    const app = new App()
    const onRefusal: HonoOnRefusal = (_refusal, c) => {
      c.res = c.text('custom', 418)
    }
    app.get('/', guard(verifierFor(issuer), {}, { onRefusal }))
    const response = await app.request('/')
    expect([response.status, await response.text()]).toEqual([418, 'custom'])
  })

  it.each([
    ['the refusal', (refusal: Refusal) => refusal],
    ['true', () => true],
    ['an object with a status', () => ({ status: 200, headers: {} })],
  ])('if onRefusal returns %s, the guard responds', async (_, onRefusal) => {
    const app = new App()
    app.get('/', guard(verifierFor(issuer), {}, { onRefusal: onRefusal as never }), (c) => c.text('passed'))
    const response = await app.request('/')
    expect([response.status, response.headers.get('Cache-Control')]).toEqual([401, 'no-store'])
  })

  it('a refusal keeps the headers of earlier middleware, except those that the guard sets', async () => {
    const app = new App()
    app.use(cors({ origin: 'https://app.example.com' }))
    app.use(async (c, next) => {
      c.header('x-request-id', '7')
      c.res.headers.set('Cache-Control', 'public, max-age=60')
      c.res.headers.set('WWW-Authenticate', 'Basic realm="people"')
      await next()
    })
    app.get('/', guard(verifierFor(issuer)))
    const { status, headers } = await app.request('/', { headers: { origin: 'https://app.example.com' } })
    expect(status).toBe(401)
    expect(headers.get('access-control-allow-origin')).toBe('https://app.example.com')
    expect(headers.get('x-request-id')).toBe('7')
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(headers.get('www-authenticate')).toBe('Basic realm="people", Bearer realm="api"')
  })

  it('a response that earlier middleware has set does not replace a refusal', async () => {
    const app = new App()
    app.use(async (c, next) => {
      c.res = new Response('early', { headers: { 'Cache-Control': 'public' } })
      await next()
    })
    app.get('/', guard(verifierFor(issuer)))
    const { status, headers } = await app.request('/')
    expect([status, headers.get('cache-control')]).toEqual([401, 'no-store'])
  })

  it('an error behind a guard reaches the error handling of the application, also in a nested app', async () => {
    const inner = new App()
    inner.onError((error, c) => c.text(`inner: ${error.message}`, 500))
    inner.use(guard(verifierFor(issuer)))
    inner.get('/', () => {
      throw new Error('handler failed')
    })
    const app = new App().route('/inner', inner)
    expect(await (await app.request('/inner', withToken())).text()).toBe('inner: handler failed')
    expect((await app.request('/inner')).status).toBe(401)
  })

  it('guards combined by every() and some() of hono/combine let no request without a token pass', async () => {
    const app = new App()
    app.use('/every', every(guard(verifierFor(issuer)), requireScopes('orders:read')))
    app.use('/some', some(guard(verifierFor(issuer)), guard(verifierFor(issuer))))
    let handled = 0
    app.on('GET', ['/every', '/some'], (c) => {
      handled += 1
      return c.text('passed')
    })
    expect((await app.request('/every')).status).toBe(401)
    expect((await app.request('/some')).status).not.toBe(200)
    expect(handled).toBe(0)
    expect((await app.request('/every', withToken())).status).toBe(200)
    expect((await app.request('/some', withToken())).status).toBe(200)
  })

  it('a policy check gets the request', async () => {
    const paths: unknown[] = []
    const check = (_token: unknown, request: { readonly url?: string | undefined } | undefined): boolean => {
      paths.push(request?.url)
      return true
    }
    const app = new App()
    app.get('/orders', guard(verifierFor(issuer), { check }), (c) => c.text('passed'))
    expect((await app.request('http://api.internal/orders?page=2', withToken())).status).toBe(200)
    expect(paths).toEqual(['http://api.internal/orders?page=2'])
  })
})
