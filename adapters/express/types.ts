import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { AccessToken } from '../../src/model/access-token.js'
import type { Refusal } from '../../src/model/refusal/refusal.js'

/** A request of `node:http`, or of the compatibility API of `node:http2`. */
export type NodeRequest = IncomingMessage | Http2ServerRequest

/** A response of `node:http`, or of the compatibility API of `node:http2`. */
export type NodeResponse = ServerResponse | Http2ServerResponse

/** A request of Express 4 or 5, or of `node:http`. */
export type ExpressRequest = IncomingMessage & {
  /** URL of the request before Express removed the mount path of an app or router; absent for `node:http`. */
  readonly originalUrl?: string
  /**
   * The accepted token; `undefined` before a guard, for a request without a token behind an optional guard, and in report
   * mode for a request that would be refused.
   */
  auth?: AccessToken | undefined
}

/** A middleware, assignable to `RequestHandler` of Express 4 and 5. Also takes requests of `node:http2`. */
export type ExpressMiddleware = (
  request: NodeRequest,
  response: NodeResponse,
  next: (error?: unknown) => void,
) => void

/**
 * Custom response to a refusal. Responds before it returns or its promise is fulfilled, or calls `next(refusal)`, so that
 * Express sends the status and headers of the refusal.
 *
 * If it does neither, or calls `next` without an error, the guard responds and ignores later writes to the response.
 *
 * An error handler that receives the refusal must respond or call `next(error)`. With `next()` Express continues to the
 * routes behind the guard.
 *
 * The parameters may be annotated with `Request` and `Response` of Express, or with the types of `node:http2`.
 *
 * @example
 * ```ts
 * app.use(guard(verifier, { scopes: 'orders:read' }, { onRefusal: (refusal, _req, _res, next) => next(refusal) }))
 * ```
 */
export type ExpressOnRefusal<
  Incoming extends NodeRequest = IncomingMessage,
  Outgoing extends NodeResponse = ServerResponse,
> = {
  // Declared as a method, whose parameters are bivariant, so that Express's types need not be imported here.
  /** Responds to a refused request, or calls `next(refusal)`. */
  onRefusal(
    refusal: Refusal,
    request: Incoming,
    response: Outgoing,
    next: (error?: unknown) => void,
  ): void | Promise<void>
}['onRefusal']
