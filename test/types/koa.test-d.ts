import type { IncomingMessage } from 'node:http'
import Router, { type RouterMiddleware } from '@koa/router'
import Koa, { type Context, type Middleware } from 'koa'
import { describe, expectTypeOf, it } from 'vitest'
import { accessToken, guard, requirePolicy, requireScopes } from '../../adapters/koa.js'
import type { AccessToken, Verifier } from '../../src/index.js'

declare const verifier: Verifier
declare const context: Context

/** A middleware as the types of Koa 2 have it: `next` resolves to any value, and so may the middleware. */
type MiddlewareOfKoa2 = (context: Context, next: () => Promise<unknown>) => unknown

/** What an application keeps in its state. */
interface OwnState {
  user?: string
}

describe('the Koa adapter', () => {
  it('makes middleware for Koa 3', () => {
    expectTypeOf(guard(verifier)).toExtend<Middleware>()
    expectTypeOf(requireScopes('orders:read')).toExtend<Middleware>()
    expectTypeOf(requirePolicy({ maxTokenAge: '1h' })).toExtend<Middleware>()
  })

  it('makes middleware for Koa 2', () => {
    expectTypeOf(guard(verifier)).toExtend<MiddlewareOfKoa2>()
    expectTypeOf(requireScopes('orders:read')).toExtend<MiddlewareOfKoa2>()
  })

  it('makes middleware for an application with a state of its own', () => {
    expectTypeOf(guard(verifier)).toExtend<Middleware<OwnState>>()
    new Koa<OwnState>().use(guard(verifier))
  })

  it('makes middleware for the router', () => {
    expectTypeOf(guard(verifier)).toExtend<RouterMiddleware>()
    const router = new Router()
    router.use(guard(verifier))
    router.get('/orders/:id', requireScopes('orders:read'), (context) => {
      context.body = accessToken(context).subject
    })
  })

  it('gives the token typed', () => {
    expectTypeOf(accessToken(context)).toEqualTypeOf<AccessToken>()
  })

  it("leaves Koa's own types alone", () => {
    expectTypeOf<Koa.Request>().not.toHaveProperty('auth')
    expectTypeOf<Koa.BaseContext>().not.toHaveProperty('auth')
    expectTypeOf<IncomingMessage>().not.toHaveProperty('auth')
  })

  it('knows its options', () => {
    guard(
      verifier,
      {},
      {
        realm: 'orders',
        onRefusal: (refusal) => {
          throw refusal
        },
      },
    )
    guard(
      verifier,
      {},
      {
        onRefusal: async (_refusal, context) => {
          context.status = 418
          await Promise.resolve()
        },
      },
    )
    // @ts-expect-error -- no such option
    guard(verifier, {}, { relm: 'orders' })
    // @ts-expect-error -- no such form
    guard(verifier, {}, { body: 'html' })
    // @ts-expect-error -- a policy goes before the options
    guard(verifier, { realm: 'orders' })
    // @ts-expect-error -- a verifier is needed
    guard()
  })
})
