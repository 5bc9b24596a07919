import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import type { ExecutionContext } from '@nestjs/common'
import type { Refusal } from '../../src/model/refusal/refusal.js'
import type { GuardOptions, PropertyOptions } from '../../src/guard/options.js'

/** A request of Fastify. */
export interface NestFastifyRequest {
  /** The request of Node. */
  readonly raw: IncomingMessage | Http2ServerRequest
}

/** A request of Nest, on Express or on Fastify. */
export type NestRequest = IncomingMessage | Http2ServerRequest | NestFastifyRequest

/**
 * Custom response to a refusal. Responds before it returns or its promise is fulfilled, or throws: the refusal, so that the
 * exception filters of Nest receive it, or another exception.
 *
 * If it does neither, the exception filters receive the refusal.
 *
 * @example
 * ```ts
 * const onRefusal: NestOnRefusal = (refusal, context) => {
 *   context.switchToHttp().getResponse().status(refusal.status).send({ code: refusal.error })
 * }
 * ```
 */
// `unknown`, because the methods of a response return the response.
export type NestOnRefusal = (refusal: Refusal, context: ExecutionContext) => unknown

/** Options of a guard in Nest. */
export interface NestGuardOptions extends GuardOptions<NestOnRefusal>, PropertyOptions {}
