// One application per framework, the same whoever guards it, and the guards of others as their documentation shows.
import { hash } from 'node:crypto'
import { createServer } from 'node:http'
import express from 'express'
import { expressjwt } from 'express-jwt'
import { auth } from 'express-oauth2-jwt-bearer'
import fastify from 'fastify'
import fastifyJwtJwks from 'fastify-jwt-jwks'
import jwksRsa from 'jwks-rsa'
import Koa from 'koa'
import koaJwt from 'koa-jwt'

function listen(server) {
  // Whoever has to wait for its next turn must not be disconnected meanwhile.
  server.keepAliveTimeout = 0
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(server.address().port))
  })
}

export function expressServer(middleware) {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.use(middleware)
  app.get('/', (_request, response) => response.json({ hello: 'world' }))
  return listen(createServer(app))
}

export function koaServer(middleware) {
  const app = new Koa()
  app.silent = true
  app.use(middleware)
  app.use((context) => {
    context.body = { hello: 'world' }
  })
  return listen(createServer(app.callback()))
}

const HELLO = { type: 'object', properties: { hello: { type: 'string' } } }

export async function fastifyServer(install) {
  const app = fastify({ keepAliveTimeout: 0 })
  await install(app)
  app.get('/', { schema: { response: { 200: HELLO } } }, (_request, reply) => {
    reply.send({ hello: 'world' })
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return app.server.address().port
}

/** What any guard must do at least: look whether there is a token. */
function hasToken({ authorization }) {
  return authorization !== undefined && authorization.startsWith('Bearer ')
}

/** And what one must do that remembers tokens, but keeps none: look for their digest. */
function isKnown() {
  const known = new Map()
  return (headers) => {
    if (!hasToken(headers)) return false
    const digest = hash('sha256', headers.authorization.slice('Bearer '.length), 'base64url')
    if (known.get(digest) === undefined) known.set(digest, {})
    return true
  }
}

const letting = (guard, isLetIn) =>
  [
    {
      framework: 'Express',
      start: () =>
        expressServer((request, response, next) => {
          if (isLetIn(request.headers)) next()
          else response.status(401).end()
        }),
    },
    {
      framework: 'Koa',
      start: () =>
        koaServer((context, next) => {
          if (isLetIn(context.headers)) return next()
          context.status = 401
        }),
    },
    {
      framework: 'Fastify',
      start: () =>
        fastifyServer((app) => {
          app.addHook('onRequest', (request, reply, done) => {
            if (isLetIn(request.headers)) done()
            else reply.code(401).send()
          })
        }),
    },
  ].map((server) => ({ ...server, guard, packages: [server.framework.toLowerCase()] }))

const expected = ({ issuer, audience, algorithm }) => ({ issuer, audience, algorithms: [algorithm] })

export const peerServers = [
  ...letting('bare', hasToken),
  ...letting('bare sha256 + Map.get', isKnown()),
  {
    framework: 'Express',
    guard: 'express-oauth2-jwt-bearer',
    packages: ['express-oauth2-jwt-bearer'],
    start: ({ issuer, audience, jwksUri, algorithm }) =>
      expressServer(auth({ issuer, audience, jwksUri, tokenSigningAlg: algorithm })),
  },
  {
    framework: 'Express',
    guard: 'express-jwt + jwks-rsa',
    packages: ['express-jwt', 'jwks-rsa'],
    start: (issuance) =>
      expressServer(
        expressjwt({
          secret: jwksRsa.expressJwtSecret({ jwksUri: issuance.jwksUri, cache: true }),
          ...expected(issuance),
        }),
      ),
  },
  {
    framework: 'Koa',
    guard: 'koa-jwt + jwks-rsa',
    packages: ['koa-jwt', 'jwks-rsa'],
    start: (issuance) =>
      koaServer(
        koaJwt({
          secret: jwksRsa.koaJwtSecret({ jwksUri: issuance.jwksUri, cache: true }),
          ...expected(issuance),
        }),
      ),
  },
  {
    framework: 'Fastify',
    guard: 'fastify-jwt-jwks, cache: true',
    packages: ['fastify-jwt-jwks'],
    start: ({ issuer, audience, jwksUri }) =>
      fastifyServer(async (app) => {
        await app.register(fastifyJwtJwks, { jwksUrl: jwksUri, issuer, audience, cache: true })
        app.addHook('onRequest', app.authenticate)
      }),
  },
]
