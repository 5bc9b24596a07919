'use strict'

/** The same guarded API in each framework: takes the module loader, gives a listening server. */
const http = require('node:http')

const listen = (handler) =>
  new Promise((resolve) => {
    const server = http.createServer(handler).listen(0, '127.0.0.1', () => resolve(server))
  })

exports.apps = {
  async express(load, name, verifier) {
    const { default: express } = await load(name)
    const { guard, requireScopes, accessToken } = await load('m2m-guard/express')
    const app = express()
    app.use(guard(verifier))
    app.get('/orders', requireScopes('orders:read'), (req, res) => {
      res.json({ subject: accessToken(req).subject })
    })
    return listen(app)
  },
  async koa(load, name, verifier) {
    const { default: Koa } = await load(name)
    const { guard, requireScopes, accessToken } = await load('m2m-guard/koa')
    const app = new Koa()
    app.use(guard(verifier))
    app.use(requireScopes('orders:read'))
    app.use((ctx) => {
      ctx.body = { subject: accessToken(ctx).subject }
    })
    return listen(app.callback())
  },
  async fastify(load, name, verifier) {
    const { default: fastify } = await load(name)
    const { m2mGuard, accessToken } = await load('m2m-guard/fastify')
    const app = fastify()
    await app.register(m2mGuard, { verifier })
    app.get('/orders', { config: { auth: { scopes: 'orders:read' } } }, (request) => ({
      subject: accessToken(request).subject,
    }))
    await app.listen({ port: 0, host: '127.0.0.1' })
    return app.server
  },
  async nestjs(load, name, verifier) {
    const { Controller, Get, Module } = await load('@nestjs/common')
    const { NestFactory } = await load(name)
    const { M2mGuardModule, Scopes, Token } = await load('m2m-guard/nestjs')
    class Orders {
      list(token) {
        return { subject: token.subject }
      }
    }
    const list = Object.getOwnPropertyDescriptor(Orders.prototype, 'list')
    Token()(Orders.prototype, 'list', 0)
    for (const decorator of [Get(), Scopes('orders:read')]) decorator(Orders.prototype, 'list', list)
    Controller('orders')(Orders)
    class App {}
    Module({ imports: [M2mGuardModule.forRoot({ verifier })], controllers: [Orders] })(App)
    const app = await NestFactory.create(App, { logger: false, abortOnError: false })
    await app.listen(0, '127.0.0.1')
    return app.getHttpServer()
  },
  async hono(load, name, verifier) {
    const { Hono } = await load(name)
    const { createAdaptorServer } = await load('@hono/node-server')
    const { guard, requireScopes, accessToken } = await load('m2m-guard/hono')
    const app = new Hono()
    app.use(guard(verifier))
    app.get('/orders', requireScopes('orders:read'), (c) => c.json({ subject: accessToken(c).subject }))
    const server = createAdaptorServer({ fetch: app.fetch })
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
    return server
  },
  async fetch(load, name, verifier) {
    const { Hono } = await load(name)
    const { createAdaptorServer } = await load('@hono/node-server')
    const { guard } = await load('m2m-guard/fetch')
    const authorize = guard(verifier, { scopes: 'orders:read' })
    const app = new Hono()
    app.get('/orders', async (c) => {
      const token = await authorize(c.req.raw)
      return token instanceof Response ? token : c.json({ subject: token.subject })
    })
    const server = createAdaptorServer({ fetch: app.fetch })
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
    return server
  },
}

/** Guards an API in each framework, given as `adapter:package`, and prints a line of results for each. */
exports.main = async function main(load, frameworks) {
  const { createVerifier, oauth } = await load('m2m-guard')
  const { createTestIssuer, asClient } = await load('m2m-guard/testing')
  const issuer = await createTestIssuer()
  for (const framework of frameworks) {
    const [adapter, name] = framework.split(':')
    const verifier = createVerifier({
      // The longest deadline that can be set, so that a busy machine decides nothing.
      issuers: [oauth(issuer.oauth({ keys: { deadline: '60s' }, remote: { deadline: '60s' } }))],
    })
    const server = await exports.apps[adapter](load, name, verifier)
    await require('./requests.cjs').report(`http://127.0.0.1:${server.address().port}`, {
      good: asClient(verifier, { scopes: 'orders:read' }),
      opaque: asClient(verifier, { scopes: 'orders:read', format: 'opaque' }),
      scope: asClient(verifier, { scopes: 'orders:write' }),
      none: {},
    })
    server.closeAllConnections()
    server.close()
  }
  await issuer.close()
}
