// One application per framework, the same for every guard, and other packages with the setup from their documentation.
const HELLO = { hello: 'world' }

const expected = ({ issuer, audience, algorithm }) => ({ issuer, audience, algorithms: [algorithm] })

/** The options in the README of jwks-rsa for Express and for Koa. */
const jwksRsa = async (kind, { jwksUri }, { timeout }) =>
  (await import('jwks-rsa')).default[kind]({
    ...{ cache: true, rateLimit: true, jwksRequestsPerMinute: 5, timeout },
    jwksUri,
  })

const expressPeers = {
  async 'express-oauth2-jwt-bearer'({ issuer, audience, jwksUri, algorithm }, { timeout }) {
    const { auth } = await import('express-oauth2-jwt-bearer')
    return [auth({ issuer, audience, jwksUri, tokenSigningAlg: algorithm, timeoutDuration: timeout })]
  },
  async 'express-jwt + jwks-rsa'(issuance, options) {
    const { expressjwt } = await import('express-jwt')
    const secret = await jwksRsa('expressJwtSecret', issuance, options)
    return [expressjwt({ secret, ...expected(issuance) })]
  },
}

/** The route has the guards of an application, a list of middleware. */
const middleware = ({ guard, requireScopes }, verifier, policy, scopes) =>
  scopes === undefined ? [guard(verifier, policy)] : [guard(verifier, policy), requireScopes(scopes)]

const express = (name, peers) => ({
  packages: [name],
  adapter: 'express',
  async listener(guards) {
    const app = (await import(name)).default()
    // Express prints every error it responds to, unless its environment is `test`.
    app.set('env', 'test').disable('x-powered-by').disable('etag')
    for (const guard of guards) app.use(guard)
    app.get('/', (_request, response) => response.json(HELLO))
    return app
  },
  judge: (isAccepted) => [({ headers }, response, next) => (isAccepted(headers) ? next() : response.status(401).end())],
  own: middleware,
  peers,
})

const koa = {
  packages: ['koa'],
  adapter: 'koa',
  async listener(guards) {
    const app = new (await import('koa')).default()
    app.silent = true
    for (const guard of guards) app.use(guard)
    app.use((context) => {
      context.body = HELLO
    })
    return app.callback()
  },
  judge: (isAccepted) => [(context, next) => (isAccepted(context.headers) ? next() : context.throw(401))],
  own: middleware,
  peers: {
    async 'koa-jwt + jwks-rsa'(issuance, options) {
      const secret = await jwksRsa('koaJwtSecret', issuance, options)
      return [(await import('koa-jwt')).default({ secret, ...expected(issuance) })]
    },
  },
}

const schema = { response: { 200: { type: 'object', properties: { hello: { type: 'string' } } } } }

const fastify = {
  packages: ['fastify'],
  adapter: 'fastify',
  /** `install` adds a guard and returns the config of the route. */
  async listener(install) {
    const app = (await import('fastify')).default()
    const config = (await install(app)) ?? {}
    app.get('/', { schema, config }, (_request, reply) => {
      reply.send(HELLO)
    })
    await app.ready()
    return app.routing
  },
  judge: (isAccepted) => (app) => {
    app.addHook('onRequest', ({ headers }, reply, done) => {
      if (isAccepted(headers)) done()
      else reply.code(401).send()
    })
  },
  own:
    ({ m2mGuard }, verifier, policy, scopes) =>
    async (app) => {
      await app.register(m2mGuard, { verifier, policy })
      return scopes === undefined ? undefined : { auth: { scopes } }
    },
  peers: {
    'fastify-jwt-jwks':
      ({ issuer, audience, jwksUri }, { cache }) =>
      async (app) => {
        await app.register((await import('fastify-jwt-jwks')).default, {
          jwksUrl: jwksUri,
          issuer,
          audience,
          cache,
        })
        app.addHook('onRequest', app.authenticate)
      },
    '@fastify/jwt + get-jwks':
      ({ issuer, audience, algorithm }, { cache }) =>
      async (app) => {
        const keys = (await import('get-jwks')).default({ jwksPath: '/.well-known/jwks.json' })
        await app.register((await import('@fastify/jwt')).default, {
          decode: { complete: true },
          secret: (_request, { header: { kid, alg } }) => keys.getPublicKey({ kid, alg, domain: issuer }),
          verify: { algorithms: [algorithm], allowedIss: issuer, allowedAud: audience, cache },
        })
        app.addHook('onRequest', (request) => request.jwtVerify())
      },
  },
}

const hono = {
  packages: ['hono', '@hono/node-server'],
  adapter: 'hono',
  async listener(guards) {
    const app = new (await import('hono')).Hono()
    for (const guard of guards) app.use(guard)
    app.get('/', (c) => c.json(HELLO))
    return (await import('@hono/node-server')).getRequestListener(app.fetch)
  },
  judge: (isAccepted) => [
    (c, next) => (isAccepted({ authorization: c.req.header('authorization') }) ? next() : c.text('', 401)),
  ],
  own: middleware,
  peers: {
    'hono/jwk': async ({ jwk, algorithm }) => [(await import('hono/jwk')).jwk({ keys: [jwk], alg: [algorithm] })],
  },
}

const nest = {
  packages: ['@nestjs/core', '@nestjs/platform-express'],
  adapter: 'nestjs',
  /** `canActivate` is a guard of the application, or `useClass` one with modules and decorators of the route. */
  async listener({ imports = [], decorators = [], ...guard }) {
    await import('reflect-metadata')
    const { Controller, Get, Module } = await import('@nestjs/common')
    const { APP_GUARD, NestFactory } = await import('@nestjs/core')
    class Orders {
      list() {
        return HELLO
      }
    }
    Controller()(Orders)
    const method = Object.getOwnPropertyDescriptor(Orders.prototype, 'list')
    for (const decorate of [Get('/'), ...decorators]) decorate(Orders.prototype, 'list', method)
    const App = class extends Object {}
    const provided = guard.useClass === undefined ? { useValue: guard } : guard
    Module({ imports, providers: [{ provide: APP_GUARD, ...provided }], controllers: [Orders] })(App)
    const app = await NestFactory.create(App, { logger: false })
    await app.init()
    return app.getHttpAdapter().getInstance()
  },
  judge: (isAccepted) => ({
    canActivate: (context) => isAccepted(context.switchToHttp().getRequest().headers),
  }),
  own: ({ M2mGuardModule, M2mGuard, Scopes }, verifier, policy, scopes) => ({
    imports: [M2mGuardModule.forRoot({ verifier, policy })],
    useClass: M2mGuard,
    decorators: scopes === undefined ? [] : [Scopes(scopes)],
  }),
  peers: {},
}

export const frameworks = {
  'Express 4': express('express4', expressPeers),
  'Express 5': express('express', expressPeers),
  Koa: koa,
  Fastify: fastify,
  Hono: hono,
  Nest: nest,
}

/** aws-jwt-verify, which fetches keys over TLS only. It has no middleware, so this is the one from its README. */
export async function awsGuards({ issuer, audience, jwksUri, ca }, { timeout }) {
  const { JwtVerifier } = await import('aws-jwt-verify')
  const { SimpleFetcher } = await import('aws-jwt-verify/https')
  const { SimpleJwksCache } = await import('aws-jwt-verify/jwk')
  const fetcher = new SimpleFetcher({ defaultRequestOptions: { responseTimeout: timeout, ca } })
  const jwksCache = new SimpleJwksCache({ fetcher })
  const verifier = JwtVerifier.create({ issuer, audience, jwksUri }, { jwksCache })
  const guard = async (request, response, next) => {
    try {
      await verifier.verify(request.headers.authorization?.slice('Bearer '.length) ?? '')
      next()
    } catch (error) {
      response.status(403).json({ error: error.name, error_description: error.message })
    }
  }
  return [guard]
}
