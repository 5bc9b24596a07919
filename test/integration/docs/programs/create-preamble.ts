import { createSign, generateKeyPairSync } from 'node:crypto'
import type { ServiceDefinition } from '@grpc/grpc-js'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import type { TestIssuer } from 'm2m-guard/testing'
import { loadAsReader } from '../../../support/packed/packed-package.js'
import type { Preamble } from './preamble.js'

/** The key in a reader's key management service. */
export const KMS_KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' })

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

/** Creates what the blocks of one program may use, with the packed package. */
export async function createPreamble(issuer: TestIssuer): Promise<Preamble> {
  const { createVerifier, memoryRevocations, oauth } = (await loadAsReader(
    'm2m-guard',
  )) as typeof import('m2m-guard')
  const adapter = (await loadAsReader('m2m-guard/express')) as typeof import('m2m-guard/express')
  const { accessToken, guard, requireScopes } = adapter
  return {
    verifier: createVerifier({
      issuers: [oauth(issuer.oauth())],
      policy: { maxTokenAge: '1h' },
      revocations: memoryRevocations(),
    }),
    issuer,
    expressApp: express(),
    koaApp: new Koa(),
    fastifyApp: fastify(),
    honoApp: new Hono(),
    handler: (_request, response) => {
      response.json({})
    },
    ordersService: ORDERS_SERVICE,
    callerToken: issuer.mintJwt(),
    kmsSign: (data) => Promise.resolve(createSign('sha256').update(data).sign(KMS_KEY.privateKey)),
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
