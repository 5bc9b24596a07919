// One application per framework, the same for every guard, and other packages with the setup from their documentation.
import { hash } from 'node:crypto'
import { createServer } from 'node:http'
import { JwtVerifier } from 'aws-jwt-verify'
import { SimpleFetcher } from 'aws-jwt-verify/https'
import { SimpleJwksCache } from 'aws-jwt-verify/jwk'
import express from 'express'
import { expressjwt } from 'express-jwt'
import { auth } from 'express-oauth2-jwt-bearer'
import fastify from 'fastify'
import fastifyJwtJwks from 'fastify-jwt-jwks'
import jwksRsa from 'jwks-rsa'
import Koa from 'koa'
import koaJwt from 'koa-jwt'

function listen(server) {
  // A client must stay connected while it waits for its next turn.
  server.keepAliveTimeout = 0
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve({ port: server.address().port, close }))
  })
}

export function expressServer(middleware) {
  const app = express()
  // Express prints every error it responds to, unless its environment is `test`.
  app.set('env', 'test')
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
  const app = fastify({ keepAliveTimeout: 0, forceCloseConnections: true })
  await install(app)
  app.get('/', { schema: { response: { 200: HELLO } } }, (_request, reply) => {
    reply.send({ hello: 'world' })
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { port: app.server.address().port, close: () => void app.close() }
}

/** The minimum work of any guard: checks that a token is present. */
function hasToken({ authorization }) {
  return authorization !== undefined && authorization.startsWith('Bearer ')
}

/** The minimum work of a guard whose cache does not store the tokens: looks up their digest. */
function createLookUp() {
  const known = new Map()
  return (headers) => {
    if (!hasToken(headers)) return false
    const digest = hash('sha256', headers.authorization.slice('Bearer '.length), 'base64url')
    if (known.get(digest) === undefined) known.set(digest, {})
    return true
  }
}

const server = (framework, guard, packages, start) => ({ framework, guard, packages, start })

const bare = (guard, isAccepted) => [
  server('Express', guard, ['express'], () =>
    expressServer(({ headers }, response, next) =>
      isAccepted(headers) ? next() : response.status(401).end(),
    ),
  ),
  // Without a call of `next`, Koa responds 404.
  server('Koa', guard, ['koa'], () =>
    koaServer(({ headers }, next) => (isAccepted(headers) ? next() : undefined)),
  ),
  server('Fastify', guard, ['fastify'], () =>
    fastifyServer((app) => {
      app.addHook('onRequest', ({ headers }, reply, done) => {
        if (isAccepted(headers)) done()
        else reply.code(401).send()
      })
    }),
  ),
]

export const bareServers = [...bare('bare', hasToken), ...bare('bare sha256 + Map.get', createLookUp())]

export function peerServers({ deadlineMs, cache }) {
  const expected = ({ issuer, audience, algorithm }) => ({ issuer, audience, algorithms: [algorithm] })
  // The options in the README of jwks-rsa for Express and for Koa.
  const limits = { cache: true, rateLimit: true, jwksRequestsPerMinute: 5, timeout: deadlineMs }
  return [
    server(
      'Express',
      'express-oauth2-jwt-bearer',
      ['express-oauth2-jwt-bearer'],
      ({ issuer, audience, jwksUri, algorithm }) =>
        expressServer(
          auth({ issuer, audience, jwksUri, tokenSigningAlg: algorithm, timeoutDuration: deadlineMs }),
        ),
    ),
    server('Express', 'express-jwt + jwks-rsa', ['express-jwt', 'jwks-rsa'], ({ jwksUri, ...issuance }) => {
      const secret = jwksRsa.expressJwtSecret({ ...limits, jwksUri })
      return expressServer(expressjwt({ secret, ...expected(issuance) }))
    }),
    server('Koa', 'koa-jwt + jwks-rsa', ['koa-jwt', 'jwks-rsa'], ({ jwksUri, ...issuance }) => {
      const secret = jwksRsa.koaJwtSecret({ ...limits, jwksUri })
      return koaServer(koaJwt({ secret, ...expected(issuance) }))
    }),
    server(
      'Fastify',
      cache ? 'fastify-jwt-jwks, cache: true' : 'fastify-jwt-jwks',
      ['fastify-jwt-jwks'],
      ({ issuer, audience, jwksUri }) =>
        fastifyServer(async (app) => {
          await app.register(fastifyJwtJwks, { jwksUrl: jwksUri, issuer, audience, cache })
          app.addHook('onRequest', app.authenticate)
        }),
    ),
  ]
}

export function awsServer({ issuer, audience, jwksUri, ca }, deadlineMs) {
  const fetcher = new SimpleFetcher({ defaultRequestOptions: { responseTimeout: deadlineMs, ca } })
  const jwksCache = new SimpleJwksCache({ fetcher })
  const verifier = JwtVerifier.create({ issuer, audience, jwksUri }, { jwksCache })
  // aws-jwt-verify has no middleware, so this is the one from its README.
  return expressServer(async (request, response, next) => {
    try {
      await verifier.verify(request.headers.authorization?.slice('Bearer '.length) ?? '')
      next()
    } catch (error) {
      response.status(403).json({ error: error.name, error_description: error.message })
    }
  })
}
