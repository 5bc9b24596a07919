import type { HttpBindings } from '@hono/node-server'
import { Hono, type MiddlewareHandler } from 'hono'
import { describe, expectTypeOf, it } from 'vitest'
import {
  accessToken,
  guard,
  optionalAccessToken,
  requirePolicy,
  requireScopes,
  type HonoGuardOptions,
  type M2mGuardVariables,
} from '../../adapters/hono.js'
import type { AccessToken, Verifier } from '../../src/index.js'

declare const verifier: Verifier
declare const undecided: HonoGuardOptions

describe('the Hono adapter', () => {
  it("types c.get('auth') by the variables of the app", () => {
    const app = new Hono<{ Bindings: HttpBindings; Variables: M2mGuardVariables }>()
    app.use('/internal/*', guard(verifier))
    app.get('/internal/orders', requireScopes('orders:read'), requirePolicy({ maxTokenAge: 60 }), (c) => {
      expectTypeOf(c.get('auth')).toEqualTypeOf<AccessToken>()
      expectTypeOf(c.var.auth).toEqualTypeOf<AccessToken>()
      expectTypeOf(accessToken(c)).toEqualTypeOf<AccessToken>()
      expectTypeOf(optionalAccessToken(c)).toEqualTypeOf<AccessToken | undefined>()
      return c.json(c.env.incoming.url)
    })
  })

  it("types c.get('auth') of handlers in the same call, and in the same chain, without a declaration", () => {
    new Hono().get('/:id', guard(verifier), requireScopes('a'), (c) => {
      expectTypeOf(c.get('auth')).toEqualTypeOf<AccessToken>()
      expectTypeOf(c.req.param('id')).toEqualTypeOf<string>()
      return c.text('')
    })
    new Hono().use(guard(verifier, { scopes: 'a' }, { realm: 'orders' })).get('/', (c) => {
      expectTypeOf(c.get('auth')).toEqualTypeOf<AccessToken>()
      return c.text('')
    })
  })

  it('types the variable that the option property names', () => {
    new Hono().get('/', guard(verifier, undefined, { property: 'machine' }), (c) => {
      expectTypeOf(c.get('machine')).toEqualTypeOf<AccessToken>()
      return c.text('')
    })
  })

  it('gives a token or nothing where a request without one passes', () => {
    for (const options of [{ optional: true }, { mode: 'report' as const }, undecided]) {
      new Hono().get('/', guard(verifier, {}, options), (c) => {
        expectTypeOf(c.get('auth')).toEqualTypeOf<AccessToken | undefined>()
        return c.text('')
      })
    }
  })

  it('takes an onRefusal that returns a response, throws or returns nothing', () => {
    guard(verifier, {}, { onRefusal: ({ status, headers, error }, c) => c.json({ error }, status, headers) })
    guard(verifier, {}, { onRefusal: (refusal) => Promise.reject(refusal) })
    guard(verifier, {}, { onRefusal: () => undefined })
    // @ts-expect-error -- a refusal is not a response
    guard(verifier, {}, { onRefusal: (refusal) => refusal })
    // @ts-expect-error -- an unknown option
    guard(verifier, {}, { mode: 'enforce', relm: 'orders' })
  })

  it('is a middleware of Hono', () => {
    expectTypeOf(guard(verifier)).toExtend<MiddlewareHandler>()
    expectTypeOf(requireScopes('a')).toEqualTypeOf<MiddlewareHandler>()
  })
})
