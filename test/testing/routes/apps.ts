import Router from '@koa/router'
import express5, { type RequestHandler } from 'express'
import express4 from 'express4'
import fastify from 'fastify'
import { Hono, type MiddlewareHandler } from 'hono'
import Koa3 from 'koa'
import Koa2 from 'koa2'
import { guard as expressGuard } from '../../../adapters/express.js'
import { m2mGuard } from '../../../adapters/fastify.js'
import { guard as fetchGuard } from '../../../adapters/fetch.js'
import { guard as honoGuard } from '../../../adapters/hono.js'
import { guard as koaGuard } from '../../../adapters/koa.js'
import { createVerifier } from '../../../src/verifier/create-verifier.js'
import { oauth } from '../../../src/providers/oauth.js'

export type Express = typeof express5

/** Both versions of Express. The types of the older one are those of the newer one. */
export const EXPRESS: readonly (readonly [string, Express])[] = [
  ['express 5', express5],
  ['express 4', express4],
]

export const KOA: readonly (readonly [string, typeof Koa3])[] = [
  ['koa 3', Koa3],
  ['koa 2', Koa2],
]

/** A verifier whose issuer is never called, because neither request of the audit has a token of it. */
export const verifier = createVerifier({
  issuers: [oauth({ issuer: 'https://issuer.test', audience: 'https://api.test' })],
})

export const ok: RequestHandler = function listOrders(_request, response) {
  response.json({ orders: [] })
}

export const guardExpress = (): RequestHandler => expressGuard(verifier) as RequestHandler

export { Router, fastify, Hono, koaGuard, m2mGuard }

/** Middleware of Hono for one route. */
export const guardedByHono: MiddlewareHandler = honoGuard(verifier)

/** A Hono app with a guard for everything that is registered later. */
export function guardHono(app: Hono): void {
  const check = fetchGuard(verifier)
  app.use(async (c, next) => {
    const result = await check(c.req.raw)
    if (result instanceof Response) return result
    await next()
    return undefined
  })
}
