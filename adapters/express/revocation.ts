import type { IncomingMessage, ServerResponse } from 'node:http'
import { endpointArguments, feedHandler, type EndpointOptions } from '../../src/guard/revocation-endpoint.js'
import { callFetchHandler, sendFetchResponse, type FetchHandler } from '../../src/guard/node-handler.js'
import { Guard } from '../../src/guard/guard.js'
import { PROPERTY_GUARD_OPTIONS, type PropertyOptions } from '../../src/guard/options.js'
import { storeOnRawHeaders } from '../../src/guard/request-state.js'
import type { Policy } from '../../src/policy/policy.js'
import { createRevocationEndpoint } from '../../src/revocation/feeds/endpoint.js'
import { isRecord, ownMember } from '../../src/util/members.js'
import type { Verifier } from '../../src/verifier/verifier.js'
import { pass, passError, type Next } from './pass.js'
import type { ExpressMiddleware, ExpressOnRefusal, NodeRequest, NodeResponse } from './types.js'

/** Options of {@link revocationEndpoint}. */
export interface ExpressEndpointOptions extends EndpointOptions<ExpressOnRefusal>, PropertyOptions {}

/**
 * Creates an endpoint that revokes and lists revocations. It is guarded by the verifier itself. Mount it with `app.use`.
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
 * app.use('/admin/revocations', revocationEndpoint(verifier, { scopes: 'revocations:write' }))
 * ```
 */
export function revocationEndpoint(
  verifier: Verifier,
  policy: Policy,
  options?: ExpressEndpointOptions,
): ExpressMiddleware
export function revocationEndpoint(
  ...args: readonly [Verifier, Policy, ExpressEndpointOptions?]
): ExpressMiddleware {
  const checkpoint = new Guard<IncomingMessage, ExpressOnRefusal>(
    ...endpointArguments(args),
    storeOnRawHeaders,
    PROPERTY_GUARD_OPTIONS,
  )
  const handler = createRevocationEndpoint(args[0])
  return function revocationEndpoint(request, response, next) {
    pass(checkpoint, request, response, (error) => {
      if (error === undefined) serve({ handler, needsBytes: false }, request, response, next)
      else next(error)
    })
  }
}

/**
 * Serves a receiver of `m2m-guard/revocation`, such as `setReceiver()`. Mount it with `app.use`, before middleware that parses bodies,
 * because the signature is over the bytes. The bytes of
 * `express.raw()` and those in `request.rawBody` are used as well.
 *
 * @throws ConfigurationError if the handler is not a function.
 *
 * @example
 * ```ts
 * app.use('/security-events', revocationFeed(setReceiver({ issuer, audience, jwksUri, verifier })))
 * ```
 */
export function revocationFeed(handler: (request: Request) => Promise<Response>): ExpressMiddleware {
  const served = { handler: feedHandler(handler), needsBytes: true }
  return function revocationFeed(request, response, next) {
    serve(served, request, response, next)
  }
}

/** A handler, and whether it needs the bytes of the body. */
interface Served {
  readonly handler: FetchHandler
  readonly needsBytes: boolean
}

function serve(
  { handler, needsBytes }: Served,
  incoming: NodeRequest,
  outgoing: NodeResponse,
  next: Next,
): void {
  // The compatibility API of HTTP/2 has the same properties and methods.
  const request = incoming as IncomingMessage & { readonly originalUrl?: string }
  const response = outgoing as ServerResponse
  const { body, rawBody } = parsedBodyOf(request)
  callFetchHandler(handler, request, request.originalUrl ?? request.url ?? '/', { body, rawBody, needsBytes })
    .then((result) => sendFetchResponse(result, request, response))
    .catch((error: unknown) => {
      if (!response.destroyed) passError(error, response, next)
    })
}

function parsedBodyOf(request: object): { readonly body: unknown; readonly rawBody: unknown } {
  const members = isRecord(request) ? request : {}
  return { body: ownMember(members, 'body'), rawBody: ownMember(members, 'rawBody') }
}
