import fastify, { type FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as express from '../../adapters/express.js'
import * as fastifyAdapter from '../../adapters/fastify.js'
import * as fetchAdapter from '../../adapters/fetch.js'
import * as hono from '../../adapters/hono.js'
import * as koa from '../../adapters/koa.js'
import { ConfigurationError, type Policy, type Verifier } from '../../src/index.js'
import type { TestIssuer } from '../../src/testing/index.js'
import { bearer, createIssuer, verifierFor } from './support.js'

let issuer: TestIssuer
beforeAll(async () => {
  issuer = await createIssuer()
})
afterAll(() => issuer.close())

/** A value that is `undefined` by accident, such as `process.env.UNSET`. */
const unset = undefined as never

/** The parameters that the guards of all adapters have in common. */
type AnyGuard = (verifier: Verifier, policy?: Policy, options?: object) => unknown

const ADAPTERS: readonly { readonly name: string; readonly guard: AnyGuard }[] = [
  { name: 'Express', guard: express.guard },
  { name: 'Koa', guard: koa.guard },
  { name: 'Fastify', guard: fastifyAdapter.guard },
  { name: 'Hono', guard: hono.guard },
  { name: 'fetch', guard: fetchAdapter.guard },
]

describe.each(ADAPTERS)('in $name', ({ guard }) => {
  it('a policy that is present as undefined is a ConfigurationError', () => {
    expect(() => guard(verifierFor(issuer), unset)).toThrow(ConfigurationError)
    expect(() => guard(verifierFor(issuer), unset)).toThrow(
      'guard: policy: is undefined; leave it out instead',
    )
  })

  it('a policy may be omitted, and may be undefined before options', () => {
    const verifier = verifierFor(issuer)
    expect(() => guard(verifier)).not.toThrow()
    expect(() => guard(verifier, undefined, {})).not.toThrow()
    expect(() => guard(verifier, undefined, undefined)).not.toThrow()
  })

  it('a fourth argument is a ConfigurationError', () => {
    const call = guard as (...args: readonly unknown[]) => unknown
    expect(() => call(verifierFor(issuer), {}, {}, { scopes: 'orders:read' })).toThrow(ConfigurationError)
    expect(() => call(verifierFor(issuer), {}, {}, unset)).toThrow('guard: takes at most three arguments')
  })
})

describe.each([
  { name: 'Express', ...express },
  { name: 'Koa', ...koa },
  { name: 'Hono', ...hono },
])('in $name', ({ requireScopes, requirePolicy }) => {
  it.each([
    ['requireScopes(undefined)', () => requireScopes(unset)],
    ['a scope beside undefined', () => requireScopes('orders:read', unset)],
    ['requirePolicy(undefined)', () => requirePolicy(unset)],
    ['requirePolicy() of an undefined scope', () => requirePolicy({ scopes: unset })],
  ])('%s is a ConfigurationError', (_, make) => {
    expect(make).toThrow(ConfigurationError)
    expect(make).toThrow('is undefined; leave it out instead')
  })
})

describe.each([
  { call: 'Express: requirePolicy', make: () => express.requirePolicy as unknown, args: [{}], most: 1 },
  { call: 'Koa: requirePolicy', make: () => koa.requirePolicy as unknown, args: [{}], most: 1 },
  { call: 'Hono: requirePolicy', make: () => hono.requirePolicy as unknown, args: [{}], most: 1 },
  {
    call: 'fetch: protect',
    make: () => fetchAdapter.protect.bind(undefined, verifierFor(issuer)) as unknown,
    args: [undefined, () => new Response(), {}],
    most: 4,
  },
])('$call', ({ make, args, most }) => {
  it('a further argument is a ConfigurationError that names it', () => {
    const call = make() as (...all: readonly unknown[]) => unknown
    expect(() => call(...args)).not.toThrow()
    for (const further of [{ scopes: 'admin' }, unset]) {
      expect(() => call(...args, further)).toThrow(ConfigurationError)
      expect(() => call(...args, further)).toThrow(`Remove argument ${most + 1}, which has no effect`)
    }
  })
})

const removed = ['admin', 'orders:write']
Reflect.deleteProperty(removed, 0)
Reflect.deleteProperty(removed, 1)

describe.each([
  ['Express', 'requireScopes', (scopes: string[]) => express.requireScopes(scopes)],
  ['Koa', 'requireScopes', (scopes: string[]) => koa.requireScopes(scopes)],
  ['Hono', 'requireScopes', (scopes: string[]) => hono.requireScopes(scopes)],
  ['Express', 'requirePolicy', (scopes: string[]) => express.requirePolicy({ scopes })],
  [
    'fetch',
    'protect',
    (scopes: string[]) => fetchAdapter.protect(verifierFor(issuer), { scopes }, () => new Response()),
  ],
])('in %s, %s', (_name, _call, make) => {
  it.each([
    ['all items were deleted', removed],
    ['one item was deleted', Object.assign(new Array<string>(2), { 1: 'orders:read' })],
  ])('refuses a list of scopes of which %s', (_, scopes) => {
    expect(() => make(scopes)).toThrow(ConfigurationError)
  })
})

describe('in Fastify', () => {
  const declare = (app: FastifyInstance) =>
    app.get('/orders', { config: { auth: unset } }, () => 'open to any valid token')

  it('a config.auth that is undefined is an error at start', async () => {
    const app = fastify()
    await app.register(fastifyAdapter.m2mGuard, { verifier: verifierFor(issuer) })
    expect(() => declare(app)).toThrow('GET /orders: config.auth: is undefined; leave it out instead')
  })

  it.each([
    { plugin: 'was not awaited', isDeclaredFirst: false },
    { plugin: 'was registered later', isDeclaredFirst: true },
  ])(
    'a config.auth that is undefined leaves no route unprotected if the plugin $plugin',
    async ({ isDeclaredFirst }) => {
      const app = fastify()
      if (isDeclaredFirst) declare(app)
      void app.register(fastifyAdapter.m2mGuard, { verifier: verifierFor(issuer) })
      if (!isDeclaredFirst) declare(app)
      const status = async (headers: Record<string, string>) =>
        (await app.inject({ url: '/orders', headers })).statusCode
      expect(await status({})).toBe(401)
      expect(await status(bearer(issuer.mintJwt()))).toBe(500)
      expect(await status(bearer(issuer.mintOpaque()))).toBe(500)
    },
  )

  it('app.guard(undefined) is a ConfigurationError', async () => {
    const app = fastify()
    await app.register(fastifyAdapter.m2mGuard, { verifier: verifierFor(issuer) })
    expect(() => app.guard(unset)).toThrow('app.guard: policy: is undefined; leave it out instead')
    expect(() => app.guard()).not.toThrow()
  })

  it('a further argument of app.guard() is a ConfigurationError that names it', async () => {
    const app = fastify()
    await app.register(fastifyAdapter.m2mGuard, { verifier: verifierFor(issuer) })
    const call = app.guard.bind(app) as (...all: readonly unknown[]) => unknown
    for (const further of [{ scopes: 'admin' }, unset]) {
      expect(() => call({}, further)).toThrow(ConfigurationError)
      expect(() => call({}, further)).toThrow('app.guard: takes one argument: policy. Remove argument 2')
    }
  })

  it('an undefined policy of the plugin, or an undefined property of it, is an error at start', async () => {
    for (const policy of [unset, { scopes: unset }]) {
      const app = fastify()
      void app.register(fastifyAdapter.m2mGuard, { verifier: verifierFor(issuer), policy })
      await expect(app.ready()).rejects.toThrow('is undefined; leave it out instead')
    }
  })

  it('a configuration error found by a request is passed to logs and hooks, not to the caller', async () => {
    const errors: Error[] = []
    const app = fastify()
    app.addHook('onError', (_request, _reply, error, done) => {
      errors.push(error)
      done()
    })
    app.get('/orders', { config: { auth: { scope: 'secret-scope' } as never } }, () => 'open')
    await app.register(fastifyAdapter.m2mGuard, { verifier: verifierFor(issuer) })
    for (const token of [issuer.mintJwt(), issuer.mintOpaque()]) {
      const reply = await app.inject({ url: '/orders', headers: bearer(token) })
      expect(reply.statusCode).toBe(500)
      expect(reply.json()).toEqual({
        statusCode: 500,
        error: 'Internal Server Error',
        message: 'Internal Server Error',
      })
    }
    expect(errors).toHaveLength(2)
    expect(errors[0]!.cause).toBeInstanceOf(ConfigurationError)
    expect((errors[0]!.cause as Error).message).toContain('GET /orders: config.auth.scope')
  })

  class RouteConfig {
    get auth(): Policy {
      return { scopes: 'orders:read' }
    }
  }
  class StaticConfig {
    static auth: Policy = { scopes: 'orders:read' }
    readonly name = 'orders'
  }
  class ListConfig extends Array<string> {
    get auth(): Policy {
      return { scopes: 'orders:read' }
    }
  }
  const HIDDEN = [
    { where: 'a getter of a class', config: new RouteConfig() },
    { where: 'another object', config: Object.create({ auth: { scopes: 'orders:read' } }) as object },
    {
      where: 'an object without a prototype',
      config: Object.create(Object.assign(Object.create(null) as object, { auth: {} })) as object,
    },
    { where: 'a prototype as false', config: Object.create({ auth: false }) as object },
    { where: 'a prototype as undefined', config: Object.create({ auth: undefined }) as object },
    { where: 'a property that is not enumerable', config: Object.defineProperty({}, 'auth', { value: {} }) },
    {
      where: 'an object with an isPrototypeOf of its own',
      config: Object.create(
        Object.assign(Object.create(null) as object, { auth: { scopes: 'orders:read' }, isPrototypeOf: 1 }),
      ) as object,
    },
    { where: 'a static property of a class that the class extends', config: class extends StaticConfig {} },
    {
      where: 'a prototype of a function',
      config: Object.setPrototypeOf(() => undefined, { auth: { scopes: 'orders:read' } }) as object,
    },
    { where: 'a getter of a list', config: new ListConfig() },
  ]

  it.each(HIDDEN)(
    'a config.auth in $where is an error at start, because Fastify would drop it',
    async ({ config }) => {
      const app = fastify()
      await app.register(fastifyAdapter.m2mGuard, { verifier: verifierFor(issuer) })
      const route = { config, method: 'GET', url: '/orders', handler: () => 'open' } as const
      for (const declare of [() => app.get('/orders', { config }, () => 'open'), () => app.route(route)]) {
        expect(declare).toThrow(ConfigurationError)
        expect(declare).toThrow('GET /orders: config.auth: is inherited or not enumerable')
      }
    },
  )

  it('a config.auth of a function or a list itself applies', async () => {
    const app = fastify()
    await app.register(fastifyAdapter.m2mGuard, { verifier: verifierFor(issuer) })
    const auth = { scopes: 'admin' }
    app.get('/function', { config: Object.assign(() => undefined, { auth }) }, () => 'open')
    app.get('/list', { config: Object.assign([], { auth }) }, () => 'open')
    for (const url of ['/function', '/list'])
      expect((await app.inject({ url, headers: bearer(issuer.mintJwt()) })).statusCode).toBe(403)
  })

  it.each([
    ['a scope that was deleted from a list', { scopes: new Array<string>(1) }],
    ['a requirement named by a symbol', { [Symbol('scopes')]: 'orders:read' }],
  ])('%s in config.auth is an error at start', async (_, auth) => {
    const app = fastify()
    await app.register(fastifyAdapter.m2mGuard, { verifier: verifierFor(issuer) })
    expect(() => app.get('/orders', { config: { auth } }, () => 'open')).toThrow(ConfigurationError)
  })

  it('a config.auth of a polluted Object.prototype is ignored', async () => {
    const app = fastify()
    await app.register(fastifyAdapter.m2mGuard, { verifier: verifierFor(issuer) })
    Object.defineProperty(Object.prototype, 'auth', { value: false, configurable: true, writable: true })
    try {
      app.get('/orders', { config: {} }, () => 'handled')
      app.get(
        '/instance',
        {
          config: new (class Config {
            readonly name = 'orders'
          })(),
        },
        () => 'handled',
      )
      app.get('/without', () => 'handled')
      for (const url of ['/orders', '/instance', '/without'])
        expect((await app.inject(url)).statusCode).toBe(401)
    } finally {
      Reflect.deleteProperty(Object.prototype, 'auth')
    }
    expect((await app.inject('/orders')).statusCode).toBe(401)
  })
})
