import { createRequire } from 'node:module'
import { clerkMiddleware, getAuth as clerkAuthOf } from '@clerk/express'
import { clerkPlugin, getAuth as fastifyClerkAuthOf } from '@clerk/fastify'
import fastifyJwt from '@fastify/jwt'
import { Authenticator } from '@fastify/passport'
import express from 'express'
import fastify, { type FastifyInstance, type FastifyPluginCallback } from 'fastify'
import passport from 'passport'
import supertest from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as forExpress from '../../../adapters/express.js'
import { accessToken, guard, m2mGuard, type FastifyGuardOptions } from '../../../adapters/fastify.js'
import type { Verifier } from '../../../src/index.js'
import type { TestIssuer } from '../../../src/testing/index.js'
import { bearer, createIssuer, verifierFor } from '../support.js'

// Loaded without its types, which declare `app.guard` too.
const fastifyGuard = createRequire(import.meta.url)('fastify-guard') as FastifyPluginCallback

let issuer: TestIssuer
let verifier: Verifier
beforeAll(async () => {
  issuer = await createIssuer()
  verifier = verifierFor(issuer)
})
afterAll(() => issuer.close())

/** Options of Clerk with which it calls nobody: the key for its tokens is configured. */
const clerkOptions = () => ({
  publishableKey: `pk_test_${Buffer.from('clerk.example.com$').toString('base64')}`,
  secretKey: 'sk_test_not_a_real_key',
  apiUrl: issuer.url,
  jwtKey: 'not a key',
  telemetry: { disabled: true },
})

interface Neighbour {
  readonly name: string
  readonly options: Partial<FastifyGuardOptions>
  readonly register: (app: FastifyInstance) => void
  /** What the plugin has set on the application or the request. */
  readonly read: (app: FastifyInstance, request: object) => unknown
  readonly expected: unknown
}

const NEIGHBOURS: readonly Neighbour[] = [
  {
    name: '@clerk/fastify with hookName onRequest',
    options: {},
    register: (app) => void app.register(clerkPlugin, { ...clerkOptions(), hookName: 'onRequest' }),
    read: (_app, request) => fastifyClerkAuthOf(request as never).isAuthenticated,
    expected: false,
  },
  {
    name: '@clerk/fastify',
    options: {},
    register: (app) => void app.register(clerkPlugin, clerkOptions()),
    read: (_app, request) => fastifyClerkAuthOf(request as never).isAuthenticated,
    expected: false,
  },
  {
    name: '@fastify/jwt',
    options: {},
    register: (app) => void app.register(fastifyJwt, { secret: 'not-a-real-secret' }),
    read: (_app, request) => Reflect.get(request, 'user') as unknown,
    expected: null,
  },
  {
    name: '@fastify/passport with the property auth',
    options: {},
    register: (app) => {
      app.decorateRequest('session', null as never)
      app.addHook('onRequest', async (request) => {
        Object.assign(request, { session: { get: () => undefined, set: () => undefined } })
        await Promise.resolve()
      })
      const authenticator = new Authenticator({ userProperty: 'auth' })
      void app.register(authenticator.initialize())
    },
    read: (_app, request) => Reflect.get(request, 'auth') as unknown,
    expected: null,
  },
  {
    name: 'fastify-guard',
    options: { decorators: false },
    register: (app) => void app.register(fastifyGuard),
    read: (app) => typeof Reflect.get(Reflect.get(app, 'guard') as object, 'role'),
    expected: 'function',
  },
]

describe.each(NEIGHBOURS)('the Fastify plugin beside $name', ({ options, register, read, expected }) => {
  it.each(['before', 'after'])('registered %s it leaves the names of that plugin alone', async (order) => {
    const app = fastify()
    const own = () => void app.register(m2mGuard, { verifier, ...options })
    if (order === 'before') own()
    register(app)
    if (order === 'after') own()
    await app.after()
    app.get('/orders', (request) => ({
      client: accessToken(request).subject,
      other: read(app, request) ?? null,
    }))
    const token = issuer.mintJwt({ subject: 'billing' })
    const reply = await app.inject({ url: '/orders', headers: bearer(token) })
    expect([reply.statusCode, reply.json()]).toEqual([200, { client: 'billing', other: expected }])
    expect((await app.inject({ url: '/orders' })).statusCode).toBe(401)
  })
})

describe('the Fastify plugin', () => {
  const names = (app: FastifyInstance) => [app.hasDecorator('guard'), app.hasRequestDecorator('auth')]

  it('adds app.guard and request.auth, or neither with decorators: false', async () => {
    for (const decorators of [true, false]) {
      const app = fastify()
      await app.register(m2mGuard, { verifier, decorators })
      app.get('/orders', (request) => ({
        auth: Object.hasOwn(request, 'auth'),
        who: accessToken(request).subject,
      }))
      await app.ready()
      expect(names(app)).toEqual([decorators, decorators])
      const reply = await app.inject({ url: '/orders', headers: bearer(issuer.mintJwt({ subject: 'a' })) })
      expect(reply.json()).toEqual({ auth: decorators, who: 'a' })
    }
  })

  it('sets property without a decorator if decorators is false', async () => {
    const app = fastify()
    await app.register(m2mGuard, { verifier, decorators: false, property: 'machine' })
    app.get('/orders', (request) => (Reflect.get(request, 'machine') as { subject: string }).subject)
    await app.ready()
    expect(app.hasRequestDecorator('machine')).toBe(false)
    const reply = await app.inject({ url: '/orders', headers: bearer(issuer.mintJwt({ subject: 'a' })) })
    expect(reply.body).toBe('a')
  })

  it('leaves app.guard and request.auth of another plugin alone, and its own guard() works', async () => {
    const app = fastify()
    app.decorate('guard', 'of another plugin' as never)
    app.decorateRequest('auth', 'of another plugin' as never)
    await app.register(m2mGuard, { verifier })
    app.get('/orders', { onRequest: guard(verifier) }, (request) => [
      request.auth,
      accessToken(request).subject,
    ])
    const reply = await app.inject({ url: '/orders', headers: bearer(issuer.mintJwt({ subject: 'a' })) })
    expect(reply.json()).toEqual(['of another plugin', 'a'])
    expect(Reflect.get(app, 'guard')).toBe('of another plugin')
  })

  it('does not hide app.guard of another plugin from a scope inside', async () => {
    const app = fastify()
    app.decorate('guard', 'of another plugin' as never)
    await app.register(async (child) => {
      await child.register(m2mGuard, { verifier })
      expect(Reflect.get(child, 'guard')).toBe('of another plugin')
    })
  })

  it('respects a decorator of a scope inside', async () => {
    const app = fastify()
    await app.register(m2mGuard, { verifier })
    await app.register(async (child) => {
      child.decorateRequest('auth', null)
      child.get('/child', (request) => ({ auth: request.auth }))
      await Promise.resolve()
    })
    app.get('/orders', (request) => ({ auth: request.auth?.subject }))
    const headers = bearer(issuer.mintJwt({ subject: 'a' }))
    for (const [url, auth] of [
      ['/orders', 'a'],
      ['/child', null],
      ['/orders', 'a'],
    ] as const)
      expect((await app.inject({ url, headers })).json()).toEqual({ auth })
  })
})

describe('guard() of Express', () => {
  const who: express.RequestHandler = (request, response) => {
    response.json({
      client: forExpress.accessToken(request).subject,
      clerk: clerkAuthOf(request).isAuthenticated,
    })
  }

  it.each([
    { place: 'behind', property: 'auth' },
    { place: 'behind', property: 'machine' },
    { place: 'before', property: 'machine' },
    { place: 'before', property: false },
  ] as const)(
    '$place clerkMiddleware(), with property $property, leaves req.auth of Clerk alone',
    async (given) => {
      const { place, property } = given
      const app = express()
      const own = forExpress.guard(verifier, {}, { property })
      const clerk = clerkMiddleware(clerkOptions())
      for (const middleware of place === 'before' ? [own, clerk] : [clerk, own]) app.use(middleware)
      app.get('/orders', who)
      const headers = bearer(issuer.mintJwt({ subject: 'billing' }))
      const reply = await supertest(app).get('/orders').set(headers)
      expect([reply.status, reply.body]).toEqual([200, { client: 'billing', clerk: false }])
    },
  )

  it('works beside passport, which has its own properties', async () => {
    const app = express()
    const authenticator = new passport.Passport()
    app.use(authenticator.initialize())
    app.use(forExpress.guard(verifier))
    app.get('/orders', (request, response) => {
      response.json([forExpress.accessToken(request).subject, request.isAuthenticated()])
    })
    const headers = bearer(issuer.mintJwt({ subject: 'billing' }))
    expect((await supertest(app).get('/orders').set(headers)).body).toEqual(['billing', false])
  })
})
