// Every package as its own documentation sets it up; only deadlines are lowered, where there is an option.
import { createRequire } from 'node:module'
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

const AUDIENCE = 'https://api.test'
const DEADLINE_MS = 1000
const require = createRequire(import.meta.url)

function versionOf(name) {
  // Not every package exports its package.json; the folder is always there.
  const path = require.resolve
    .paths(name)
    .map((folder) => `${folder}/${name}/package.json`)
    .find((file) => exists(file))
  return require(path).version
}

function exists(file) {
  try {
    require.resolve(file)
    return true
  } catch {
    return false
  }
}

function listening(server) {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const close = () => {
        server.closeAllConnections()
        server.close()
      }
      resolve({ url: `http://127.0.0.1:${server.address().port}/`, close })
    })
  })
}

async function expressApp(...middleware) {
  const { createServer } = await import('node:http')
  const app = express()
  // Express prints every error it answers itself, unless it runs under test.
  app.set('env', 'test')
  app.get('/', ...middleware, (_request, response) => response.json({ ok: true }))
  return listening(createServer(app))
}

/** jwks-rsa as its README shows it for Express and for Koa. */
const jwksRsaOptions = (keys) => ({
  cache: true,
  rateLimit: true,
  jwksRequestsPerMinute: 5,
  jwksUri: keys.jwksUri,
  timeout: DEADLINE_MS,
})

export const peers = [
  {
    name: 'express-oauth2-jwt-bearer',
    version: versionOf('express-oauth2-jwt-bearer'),
    start: ({ issuer, jwksUri }) =>
      expressApp(
        auth({ issuer, jwksUri, audience: AUDIENCE, tokenSigningAlg: 'RS256', timeoutDuration: DEADLINE_MS }),
      ),
  },
  {
    name: 'express-jwt + jwks-rsa',
    version: `${versionOf('express-jwt')} + ${versionOf('jwks-rsa')}`,
    start: (keys) =>
      expressApp(
        expressjwt({
          secret: jwksRsa.expressJwtSecret(jwksRsaOptions(keys)),
          audience: AUDIENCE,
          issuer: keys.issuer,
          algorithms: ['RS256'],
        }),
      ),
  },
  {
    name: 'koa-jwt + jwks-rsa',
    version: `${versionOf('koa-jwt')} + ${versionOf('jwks-rsa')}`,
    async start(keys) {
      const { createServer } = await import('node:http')
      const app = new Koa()
      app.silent = true
      app.use(
        koaJwt({
          secret: jwksRsa.koaJwtSecret(jwksRsaOptions(keys)),
          audience: AUDIENCE,
          issuer: keys.issuer,
          algorithms: ['RS256'],
        }),
      )
      app.use((context) => {
        context.body = { ok: true }
      })
      return listening(createServer(app.callback()))
    },
  },
  {
    name: 'fastify-jwt-jwks',
    version: versionOf('fastify-jwt-jwks'),
    async start({ issuer, jwksUri }) {
      const app = fastify({ forceCloseConnections: true })
      await app.register(fastifyJwtJwks, { jwksUrl: jwksUri, issuer, audience: AUDIENCE })
      app.get('/', { preValidation: app.authenticate }, () => ({ ok: true }))
      const url = await app.listen({ port: 0, host: '127.0.0.1' })
      return { url: `${url}/`, close: () => void app.close() }
    },
  },
  {
    name: 'aws-jwt-verify',
    version: versionOf('aws-jwt-verify'),
    start({ issuer, secureJwksUri, ca }) {
      const fetcher = new SimpleFetcher({ defaultRequestOptions: { responseTimeout: DEADLINE_MS, ca } })
      const verifier = JwtVerifier.create(
        { issuer, audience: AUDIENCE, jwksUri: secureJwksUri },
        { jwksCache: new SimpleJwksCache({ fetcher }) },
      )
      // It has no middleware; this is the one of its README.
      return expressApp(async (request, response, next) => {
        try {
          await verifier.verify(request.headers.authorization?.slice('Bearer '.length) ?? '')
          next()
        } catch (error) {
          response.status(403).json({ error: error.name, error_description: error.message })
        }
      })
    },
  },
]
