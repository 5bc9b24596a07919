import type { ServiceDefinition } from '@grpc/grpc-js'
import type { Express, RequestHandler } from 'express'
import type { FastifyInstance } from 'fastify'
import type { Hono } from 'hono'
import type Koa from 'koa'
import type { Verifier } from 'm2m-guard'
import type { TestIssuer } from 'm2m-guard/testing'

// Type-checked in the reader's folder too, so it imports packages only.

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
  /** The token of the caller of a reader's API. */
  readonly callerToken: string
  /** Signs with the ES256 key of a reader's key management service. The signature is DER. */
  readonly kmsSign: (data: Uint8Array) => Promise<Uint8Array>
  /** The app of a reader, guarded, to be tested. */
  readonly createApp: (verifier: Verifier) => Express
}
