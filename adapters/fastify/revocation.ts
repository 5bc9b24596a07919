import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { callFetchHandler, type FetchHandler } from '../../src/guard/node-handler.js'
import { closeIfBody } from '../../src/guard/node-response.js'
import type { PropertyOptions } from '../../src/guard/options.js'
import { endpointArguments, feedHandler, type EndpointOptions } from '../../src/guard/revocation-endpoint.js'
import type { Policy } from '../../src/policy/policy.js'
import { createRevocationEndpoint } from '../../src/revocation/feeds/endpoint.js'
import type { Verifier } from '../../src/verifier/verifier.js'
import { createCheckpoint, hookOf } from './checkpoint.js'
import type { AnyFastifyInstance, FastifyOnRefusal } from './types.js'

/** Options of {@link revocationEndpoint}. */
export interface FastifyEndpointOptions extends EndpointOptions<FastifyOnRefusal>, PropertyOptions {}

/** Methods of the routes. The handler responds 405 to those that it does not support. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']

/** A body is longer than the handler accepts from this number of bytes on, so that the handler responds 413. */
const BODY_LIMIT = 1_048_576

/**
 * Creates a plugin that revokes and lists revocations. It is guarded by the verifier itself.
 *
 * `POST` with JSON takes a target of `verifier.revoke()`, or a list of 1 to 100. Times may also be strings such as
 * `'2026-11-30T10:15:00Z'`. The response is `{ receipt, durable }`. `POST` with a form takes a `token` (RFC 7009 section 2.1)
 * and responds 200 for an unknown token too. `GET` lists at most `limit` entries, the latest first.
 *
 * @param policy - who may revoke. It must contain `scopes`, `clients`, `subjects`, `claims` or `check`.
 * @throws ConfigurationError if the verifier has no revocations, for a policy that every valid token meets, or if an option
 *   is invalid.
 *
 * @example
 * ```ts
 * app.register(revocationEndpoint(verifier, { scopes: 'revocations:write' }), { prefix: '/admin/revocations' })
 * ```
 */
export function revocationEndpoint(
  verifier: Verifier,
  policy: Policy,
  options?: FastifyEndpointOptions,
): (instance: AnyFastifyInstance) => Promise<void>
export function revocationEndpoint(
  ...args: readonly [Verifier, Policy, FastifyEndpointOptions?]
): (instance: AnyFastifyInstance) => Promise<void> {
  const checkpoint = createCheckpoint(...endpointArguments(args))
  const handler = createRevocationEndpoint(args[0])
  return async function revocationEndpoint(instance) {
    const app = instance as FastifyInstance
    readBytes(app)
    app.route({
      method: METHODS,
      url: '/',
      exposeHeadRoute: false,
      onRequest: hookOf(checkpoint),
      handler: (request, reply) => serve(handler, request, reply),
    })
    await Promise.resolve()
  }
}

/**
 * Creates a plugin that serves a receiver of `m2m-guard/revocation`, such as `setReceiver()`. Its route is public for the plugin
 * `m2mGuard`, because the receiver verifies the sender.
 *
 * @throws ConfigurationError if the handler is not a function.
 *
 * @example
 * ```ts
 * const receive = setReceiver({ issuer, audience, jwksUri, verifier })
 * app.register(revocationFeed(receive), { prefix: '/security-events' })
 * ```
 */
export function revocationFeed(
  handler: (request: Request) => Promise<Response>,
): (instance: AnyFastifyInstance) => Promise<void> {
  const checked = feedHandler(handler)
  return async function revocationFeed(instance) {
    const app = instance as FastifyInstance
    readBytes(app)
    app.route({
      method: METHODS,
      url: '/',
      exposeHeadRoute: false,
      config: { auth: false },
      handler: (request, reply) => serve(checked, request, reply),
    })
    await Promise.resolve()
  }
}

/** Passes the bytes of every body to the handler, in the scope of the plugin. */
function readBytes(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  const options = { parseAs: 'buffer', bodyLimit: BODY_LIMIT } as const
  app.addContentTypeParser('*', options, (_request, body, done) => {
    done(null, body)
  })
}

async function serve(
  handler: FetchHandler,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const parsed = { body: request.body ?? '', needsBytes: false }
  const result = await callFetchHandler(handler, request.raw, request.originalUrl, parsed)
  void reply.code(result.status)
  for (const [name, value] of result.headers) void reply.header(name, value)
  if (!request.raw.complete && closeIfBody(request.raw, reply.raw)) void reply.header('Connection', 'close')
  return reply.send(await result.text())
}
