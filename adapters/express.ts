/** Guard for Express 4 and 5, and for `node:http` servers and middleware engines. @module m2m-guard/express */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AccessToken } from '../src/model/access-token.js'
import type { Verifier } from '../src/verifier/verifier.js'
import { checkGuardArguments, policyArgument, scopesPolicy } from '../src/guard/arguments.js'
import { acceptedToken, Guard, optionalAcceptedToken, Requirement } from '../src/guard/guard.js'
import { PROPERTY_GUARD_OPTIONS, type GuardOptions, type PropertyOptions } from '../src/guard/options.js'
import { storeOnRawHeaders } from '../src/guard/request-state.js'
import type { Policy } from '../src/policy/policy.js'
import type { ScopeDemand } from '../src/model/scopes.js'
import { pass } from './express/pass.js'
import type { ExpressMiddleware, ExpressOnRefusal, NodeRequest, NodeResponse } from './express/types.js'

export type {
  ExpressMiddleware,
  ExpressOnRefusal,
  ExpressRequest,
  NodeRequest,
  NodeResponse,
} from './express/types.js'

export { revocationEndpoint, revocationFeed, type ExpressEndpointOptions } from './express/revocation.js'

/** Options of {@link guard}. */
export interface ExpressGuardOptions<
  Incoming extends NodeRequest = IncomingMessage,
  Outgoing extends NodeResponse = ServerResponse,
>
  extends GuardOptions<ExpressOnRefusal<Incoming, Outgoing>>, PropertyOptions {}

/**
 * Guards an app, a router or a route: only requests with an access token that the verifier and the policy accept continue.
 * Read the token with {@link accessToken}, or as `req.auth` (option `property`). Other requests get 400, 401, 403 or 503 (RFC 6750 section 3.1).
 *
 * @param policy - requirements in addition to the verifier's policy.
 * @throws ConfigurationError if the verifier, the policy or an option is invalid, or if the policy is `undefined` and the
 *   last argument.
 *
 * @example
 * ```ts
 * app.use('/internal', guard(verifier, { scopes: 'orders:read' }))
 * app.get('/internal/orders', (req, res) => res.json({ client: accessToken(req).clientId }))
 * ```
 */
export function guard<
  Incoming extends NodeRequest = IncomingMessage,
  Outgoing extends NodeResponse = ServerResponse,
>(verifier: Verifier, policy?: Policy, options?: ExpressGuardOptions<Incoming, Outgoing>): ExpressMiddleware
export function guard(...args: readonly [Verifier, Policy?, ExpressGuardOptions?]): ExpressMiddleware {
  const checkpoint = new Guard<IncomingMessage, ExpressOnRefusal>(
    ...checkGuardArguments(args),
    storeOnRawHeaders,
    PROPERTY_GUARD_OPTIONS,
  )
  return function guard(request, response, next) {
    pass(checkpoint, request, response, next)
  }
}

/**
 * Requires scopes on a route behind a {@link guard}. Every argument is required. A request without them gets 403
 * `insufficient_scope`.
 *
 * @throws ConfigurationError without scopes, or for an argument that is not a scope.
 *
 * @example
 * ```ts
 * app.post('/internal/orders', requireScopes('orders:write'), createOrder)
 * ```
 */
export function requireScopes(...scopes: readonly ScopeDemand[]): ExpressMiddleware {
  const requirement = new Requirement<IncomingMessage, ExpressOnRefusal>(
    scopesPolicy(scopes),
    storeOnRawHeaders,
  )
  return function requireScopes(request, response, next) {
    pass(requirement, request, response, next)
  }
}

/**
 * Requires a policy on a route behind a {@link guard}, in addition to the policy of that guard.
 *
 * @throws ConfigurationError if the policy is invalid, or for a further argument.
 *
 * @example
 * ```ts
 * app.delete('/internal/orders/:id', requirePolicy({ confirmAfter: 0 }), deleteOrder)
 * ```
 */
export function requirePolicy(policy: Policy): ExpressMiddleware
export function requirePolicy(...args: readonly [Policy]): ExpressMiddleware {
  const requirement = new Requirement<IncomingMessage, ExpressOnRefusal>(
    policyArgument('requirePolicy', args),
    storeOnRawHeaders,
  )
  return function requirePolicy(request, response, next) {
    pass(requirement, request, response, next)
  }
}

/**
 * Returns the access token that a guard accepted on a request.
 *
 * @throws Error if the route is not behind a guard, if the guard is in report mode and would have refused the request, and
 *   if the guard is optional and the request has no token.
 *
 * @example
 * ```ts
 * const { clientId, scopes } = accessToken(req)
 * ```
 */
export function accessToken(request: NodeRequest): AccessToken {
  return acceptedToken(request)
}

/**
 * Returns the access token that a guard accepted on a request, or `undefined` if there is none. For routes behind an optional
 * guard or a guard in report mode, and for routes without a guard. Never throws.
 *
 * @example
 * ```ts
 * const client = optionalAccessToken(req)?.clientId ?? 'anonymous'
 * ```
 */
export function optionalAccessToken(request: NodeRequest): AccessToken | undefined {
  return optionalAcceptedToken(request)
}
