import type { IncomingMessage } from 'node:http'
import { createServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import express, { type NextFunction, type Request, type RequestHandler, type Response } from 'express'
import { describe, expectTypeOf, it } from 'vitest'
import {
  accessToken,
  guard,
  optionalAccessToken,
  requirePolicy,
  requireScopes,
} from '../../adapters/express.js'
import { anyOf, type AccessToken, type Refusal, type Verifier } from '../../src/index.js'

declare const verifier: Verifier
declare const request: Request

/** `RequestHandler` as the types of Express 4 have it: it returns nothing, where that of Express 5 may return a promise. */
type RequestHandlerOfExpress4 = (request: Request, response: Response, next: NextFunction) => void

describe('the Express adapter', () => {
  it('makes middleware for Express 5', () => {
    expectTypeOf(guard(verifier)).toExtend<RequestHandler>()
    expectTypeOf(requireScopes('orders:read')).toExtend<RequestHandler>()
    expectTypeOf(requirePolicy({ maxTokenAge: '1h' })).toExtend<RequestHandler>()
  })

  it('makes middleware for Express 4', () => {
    expectTypeOf(guard(verifier)).toExtend<RequestHandlerOfExpress4>()
    expectTypeOf(requireScopes('orders:read')).toExtend<RequestHandlerOfExpress4>()
    expectTypeOf(requirePolicy({ maxTokenAge: '1h' })).toExtend<RequestHandlerOfExpress4>()
  })

  it('makes middleware for application, router and route, beside typed handlers', () => {
    const app = express()
    const router = express.Router()
    app.use(guard(verifier))
    app.use('/internal', guard(verifier, { scopes: 'a' }, { realm: 'orders' }))
    router.get('/orders/:id', requireScopes('a', anyOf('b', 'c')), (request, response) => {
      expectTypeOf(request.params.id).toEqualTypeOf<string>()
      response.send(accessToken(request).subject)
    })
  })

  it('gives the token typed, of any request', () => {
    expectTypeOf(accessToken(request)).toEqualTypeOf<AccessToken>()
    expectTypeOf<IncomingMessage>().toExtend<Parameters<typeof accessToken>[0]>()
    expectTypeOf<Request<{ id: string }, string, { name: string }>>().toExtend<
      Parameters<typeof accessToken>[0]
    >()
  })

  it("leaves Express's own types alone", () => {
    expectTypeOf<Request>().not.toHaveProperty('auth')
    expectTypeOf<IncomingMessage>().not.toHaveProperty('auth')
  })

  it('knows its options', () => {
    guard(
      verifier,
      {},
      { body: 'problem', mode: 'report', onRefusal: (refusal, _request, _response, next) => next(refusal) },
    )
    // An async function may answer, too.
    guard(verifier, {}, { onRefusal: async () => Promise.resolve() })
    // @ts-expect-error -- no such option
    guard(verifier, {}, { relm: 'orders' })
    // @ts-expect-error -- no such form
    guard(verifier, {}, { body: 'html' })
    // @ts-expect-error -- no such mode
    guard(verifier, {}, { mode: 'audit' })
    // @ts-expect-error -- a policy goes before the options
    guard(verifier, { realm: 'orders' })
    // @ts-expect-error -- a verifier is needed
    guard()
    // @ts-expect-error -- scopes, not a policy
    requireScopes({ scopes: 'orders:read' })
    // @ts-expect-error -- a policy is needed
    requirePolicy()
  })
})

describe('the Express adapter over HTTP/2', () => {
  it('takes the requests and responses of node:http2', () => {
    createServer((request, response) => {
      guard(verifier)(request, response, () => response.end(accessToken(request).subject))
      expectTypeOf(optionalAccessToken(request)).toEqualTypeOf<AccessToken | undefined>()
    })
    const onRefusal = (
      refusal: Refusal,
      _request: Http2ServerRequest,
      response: Http2ServerResponse,
    ): void => {
      response.writeHead(refusal.status)
    }
    guard(verifier, {}, { onRefusal })
  })
})
