import type { ServiceDefinition } from '@grpc/grpc-js'
import express, { type Express, type RequestHandler } from 'express'
import fastify, { type FastifyInstance } from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { accessToken, guard, requireScopes } from '../../../adapters/express.js'
import { createVerifier, oauth, type Verifier } from '../../../src/index.js'
import type { TestIssuer } from '../../../src/testing/index.js'

/** Declarations that blocks may use if a marker before them names them. */
export interface Preamble {
  readonly verifier: Verifier
  readonly issuer: TestIssuer
  readonly expressApp: Express
  readonly koaApp: Koa
  readonly fastifyApp: FastifyInstance
  readonly honoApp: Hono
  readonly handler: RequestHandler
  /** What is generated from a reader's `.proto` file. */
  readonly ordersService: ServiceDefinition
  /** The app of a reader, guarded, to be tested. */
  readonly createApp: (verifier: Verifier) => Express
}

const serialize = (value: object): Buffer => Buffer.from(JSON.stringify(value))
const deserialize = (bytes: Buffer): object => JSON.parse(bytes.toString()) as object

/** As protoc generates it, except that messages are JSON. */
export const ORDERS_SERVICE = {
  listOrders: {
    path: '/orders.v1.Orders/ListOrders',
    requestStream: false,
    responseStream: false,
    requestSerialize: serialize,
    requestDeserialize: deserialize,
    responseSerialize: serialize,
    responseDeserialize: deserialize,
  },
} satisfies ServiceDefinition

export function createPreamble(issuer: TestIssuer): Preamble {
  return {
    verifier: createVerifier({ issuers: [oauth(issuer.oauth())], policy: { maxTokenAge: '1h' } }),
    issuer,
    expressApp: express(),
    koaApp: new Koa(),
    fastifyApp: fastify(),
    honoApp: new Hono(),
    handler: (_request, response) => {
      response.json({})
    },
    ordersService: ORDERS_SERVICE,
    createApp(verifier) {
      const app = express()
      app.get(
        '/orders',
        guard(verifier, { maxTokenAge: '1h' }),
        requireScopes('orders:read'),
        (request, response) => {
          response.json({ client: accessToken(request).clientId })
        },
      )
      return app
    },
  }
}
