import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

// The parameters of a request, a reply and an instance that differ between HTTP/1, HTTP/2, type providers and loggers. A
// guard uses none of them.
/* eslint-disable @typescript-eslint/no-explicit-any */

/** A request of Fastify over HTTP/1, https or HTTP/2, with any type provider. */
export type AnyFastifyRequest = FastifyRequest<any, any, any, any, any, any, any>

/** A reply of Fastify over HTTP/1, https or HTTP/2, with any type provider. */
export type AnyFastifyReply = FastifyReply<any, any, any, any, any, any, any, any>

/** An instance of Fastify over HTTP/1, https or HTTP/2, with any type provider and logger. */
export type AnyFastifyInstance = FastifyInstance<any, any, any, any, any>

/* eslint-enable @typescript-eslint/no-explicit-any */

/** An `onRequest` hook, which runs before the body is read. */
export type FastifyGuardHook = (
  request: AnyFastifyRequest,
  reply: AnyFastifyReply,
  done: (error?: Error) => void,
) => void
