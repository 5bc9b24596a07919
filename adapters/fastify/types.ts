import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Refusal } from '../../src/model/refusal/refusal.js'

// The parameters of a request, a reply and an instance that differ between HTTP/1, HTTP/2, type providers and loggers. A
// guard uses none of them.
/* oxlint-disable typescript/no-explicit-any */

/** A request of Fastify over HTTP/1, https or HTTP/2, with any type provider. */
export type AnyFastifyRequest = FastifyRequest<any, any, any, any, any, any, any>

/** A reply of Fastify over HTTP/1, https or HTTP/2, with any type provider. */
export type AnyFastifyReply = FastifyReply<any, any, any, any, any, any, any, any>

/** An instance of Fastify over HTTP/1, https or HTTP/2, with any type provider and logger. */
export type AnyFastifyInstance = FastifyInstance<any, any, any, any, any>

/* oxlint-enable typescript/no-explicit-any */

/** An `onRequest` hook, which runs before the body is read. */
export type FastifyGuardHook = (
  request: AnyFastifyRequest,
  reply: AnyFastifyReply,
  done: (error?: Error) => void,
) => void

/**
 * Custom response to a refusal. Sends a response and returns the reply, or throws the refusal, so that Fastify sends its
 * status and headers.
 *
 * @example
 * ```ts
 * const onRefusal: FastifyOnRefusal = ({ status, error }, request, reply) => reply.code(status).send({ code: error })
 * ```
 */
export type FastifyOnRefusal = (
  refusal: Refusal,
  request: FastifyRequest,
  reply: FastifyReply,
) => FastifyReply | Promise<FastifyReply>
