import fastify, {
  type FastifyInstance,
  type FastifyPluginAsync,
  type FastifyRequest,
  type FastifyTypeProvider,
  type onRequestHookHandler,
} from 'fastify'
import { describe, expectTypeOf, it } from 'vitest'
import {
  accessToken,
  guard,
  m2mGuard,
  optionalAccessToken,
  type FastifyGuardHook,
  type FastifyGuardOptions,
} from '../../adapters/fastify.js'
import type { AccessToken, Policy, Verifier } from '../../src/index.js'

declare const verifier: Verifier
declare const request: FastifyRequest
const app = fastify()

describe('the Fastify adapter', () => {
  it('is a plugin', () => {
    expectTypeOf(m2mGuard).toExtend<FastifyPluginAsync<FastifyGuardOptions>>()
    void app.register(m2mGuard, { verifier, policy: { maxTokenAge: '1h' }, prefix: '/internal' })
  })

  it('adds to the types what it adds to the application', () => {
    expectTypeOf(request.auth).toEqualTypeOf<AccessToken | null>()
    expectTypeOf<FastifyInstance['guard']>().parameters.toEqualTypeOf<[policy?: Policy | undefined]>()
    expectTypeOf(app.guard()).toEqualTypeOf<FastifyGuardHook>()
    expectTypeOf(app.guard()).toExtend<onRequestHookHandler>()
    expectTypeOf(request.routeOptions.config.auth).toEqualTypeOf<Policy | false | undefined>()
  })

  it('takes policies on routes, beside typed handlers', () => {
    app.get('/health', { config: { auth: false } }, () => 'well')
    app.get('/orders', { onRequest: app.guard({ scopes: 'orders:read' }) }, () => 'orders')
    app.get<{ Params: { id: string } }>(
      '/orders/:id',
      { config: { auth: { scopes: ['a', 'b'] } } },
      (request) => {
        expectTypeOf(request.params.id).toEqualTypeOf<string>()
        return accessToken(request).subject
      },
    )
  })

  it('gives the token typed', () => {
    expectTypeOf(accessToken(request)).toEqualTypeOf<AccessToken>()
  })

  it('knows policies and options', () => {
    // Fastify infers the type of a route's config, so the compiler finds no wrong name in there: the start does.
    // @ts-expect-error -- no such demand
    app.guard({ scope: 'orders:read' })
    // @ts-expect-error -- a policy, not a scope
    app.guard('orders:read')
    // @ts-expect-error -- a verifier is needed
    void app.register(m2mGuard, { policy: {} })
    // @ts-expect-error -- no such option
    void app.register(m2mGuard, { verifier, relm: 'orders' })
    // @ts-expect-error -- an answer is returned
    void app.register(m2mGuard, { verifier, onRefusal: () => undefined })
  })
})

describe('the Fastify adapter over HTTP/2, with a type provider', () => {
  const secure = fastify({ http2: true })
  interface Provider extends FastifyTypeProvider {
    readonly validator: unknown
    readonly serializer: unknown
  }
  const typed = fastify().withTypeProvider<Provider>()

  it('is a plugin, a hook and an accessor there too', () => {
    void secure.register(m2mGuard, { verifier })
    void typed.register(m2mGuard, { verifier })
    secure.get('/orders', { onRequest: guard(verifier) }, (request) => accessToken(request).subject)
    typed.get('/orders', { onRequest: [typed.guard()] }, (request) => {
      expectTypeOf(optionalAccessToken(request)).toEqualTypeOf<AccessToken | undefined>()
      return accessToken(request).subject
    })
    secure.addHook('onRequest', guard(verifier))
  })
})
