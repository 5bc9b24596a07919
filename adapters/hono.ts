/** Guard for Hono 4.8 and newer, in Node. @module m2m-guard/hono */
import type { Context, MiddlewareHandler, Next } from 'hono'
import type { AccessToken } from '../src/model/access-token.js'
import type { RefusalResponse } from '../src/bearer/refusal-response.js'
import type { Verifier } from '../src/verifier/verifier.js'
import { endpointArguments, type EndpointOptions } from '../src/guard/revocation-endpoint.js'
import { createRevocationEndpoint } from '../src/revocation/feeds/endpoint.js'
import { asGlobalResponse } from '../src/guard/fetch-response.js'
import { checkGuardArguments, policyArgument, scopesPolicy } from '../src/guard/arguments.js'
import { type GuardResult } from '../src/guard/checkpoint.js'
import { acceptedToken, Guard, optionalAcceptedToken, Requirement } from '../src/guard/guard.js'
import { toHostError } from '../src/guard/node-response.js'
import { PROPERTY_GUARD_OPTIONS, type GuardOptions, type PropertyOptions } from '../src/guard/options.js'
import { isReplaceable } from '../src/guard/request-property.js'
import { storeOnRequest } from '../src/guard/request-state.js'
import type { Policy } from '../src/policy/policy.js'
import type { Refusal } from '../src/model/refusal/refusal.js'
import type { ScopeDemand } from '../src/model/scopes.js'
import { unreadRequest } from './hono/unread-request.js'

/**
 * Variables that a guard sets in the context, for handlers that are declared apart from the guard.
 *
 * @example
 * ```ts
 * const app = new Hono<{ Variables: M2mGuardVariables }>()
 * app.use('/internal/*', guard(verifier))
 * app.get('/internal/orders', (c) => c.json({ client: c.get('auth').clientId }))
 * ```
 */
export interface M2mGuardVariables {
  /** The accepted token. Absent in routes without a guard, and behind a guard that is optional or in report mode. */
  auth: AccessToken
}

/**
 * Custom response to a refusal. An error it throws, such as the refusal, is passed to `app.onError`. Hono's own error handling
 * sends the status, headers and body of a refusal.
 *
 * If it returns a value that is not a `Response`, and has not set `c.res`, the guard responds.
 *
 * @example
 * ```ts
 * const onRefusal: HonoOnRefusal = ({ status, headers, error }, c) => c.json({ code: error }, status, headers)
 * ```
 */
export type HonoOnRefusal = (
  refusal: Refusal,
  context: Context,
  // A function that returns nothing is valid, so that its caller need not write `return undefined`.
  // oxlint-disable-next-line typescript/no-invalid-void-type
) => Response | void | Promise<Response | void>

/** Options of {@link guard}. `property` names the variable of the context. */
export interface HonoGuardOptions extends GuardOptions<HonoOnRefusal>, PropertyOptions {}

/** Options of a guard that refuses every request without a valid token. */
type EnforcingOptions = HonoGuardOptions & { readonly mode?: 'enforce'; readonly optional?: false }

/** The environment of a Hono app with the variable of a guard. */
interface GuardedEnv<Variables extends object> {
  /** Variables of the context. */
  Variables: Variables
}

/**
 * Guards an app, a path or a route: only requests with an access token that the verifier and the policy accept continue.
 * Read the token with {@link accessToken}, or as `c.get('auth')` (option `property`). Other requests get 400, 401, 403 or 503
 * (RFC 6750 section 3.1).
 *
 * @param policy - requirements in addition to the verifier's policy.
 * @returns a middleware. Handlers in the same call and in the same chain of calls know the type of `c.get('auth')`. Other
 *   handlers know it from {@link M2mGuardVariables}.
 * @throws ConfigurationError if the verifier, the policy or an option is invalid, or if the policy is `undefined` and the
 *   last argument.
 *
 * @example
 * ```ts
 * app.use('/internal/*', guard(verifier))
 * app.get('/internal/orders', requireScopes('orders:read'), (c) => c.json({ client: accessToken(c).clientId }))
 * ```
 */
export function guard(
  verifier: Verifier,
  policy?: Policy,
  options?: EnforcingOptions & { readonly property?: 'auth' },
): MiddlewareHandler<GuardedEnv<M2mGuardVariables>>
export function guard<const Property extends string>(
  verifier: Verifier,
  policy: Policy | undefined,
  options: EnforcingOptions & { readonly property: Property },
): MiddlewareHandler<GuardedEnv<Readonly<Record<Property, AccessToken>>>>
export function guard(
  verifier: Verifier,
  policy?: Policy,
  options?: HonoGuardOptions,
): MiddlewareHandler<GuardedEnv<Partial<M2mGuardVariables>>>
export function guard(...args: readonly [Verifier, Policy?, HonoGuardOptions?]): MiddlewareHandler {
  const checkpoint = new Guard<Context, HonoOnRefusal>(
    ...checkGuardArguments(args),
    storeOnRequest,
    PROPERTY_GUARD_OPTIONS,
  )
  return function guard(context, next) {
    return pass(checkpoint, context, next)
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
 * app.post('/orders', requireScopes('orders:write'), createOrder)
 * ```
 */
export function requireScopes(...scopes: readonly ScopeDemand[]): MiddlewareHandler {
  const requirement = new Requirement<Context, HonoOnRefusal>(scopesPolicy(scopes))
  return function requireScopes(context, next) {
    return pass(requirement, context, next)
  }
}

/**
 * Requires a policy on a route behind a {@link guard}, in addition to the policy of that guard.
 *
 * @throws ConfigurationError if the policy is invalid, or for a further argument.
 *
 * @example
 * ```ts
 * app.delete('/orders/:id', requirePolicy({ confirmAfter: 0 }), deleteOrder)
 * ```
 */
export function requirePolicy(policy: Policy): MiddlewareHandler
export function requirePolicy(...args: readonly [Policy]): MiddlewareHandler {
  const requirement = new Requirement<Context, HonoOnRefusal>(policyArgument('requirePolicy', args))
  return function requirePolicy(context, next) {
    return pass(requirement, context, next)
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
 * const { clientId, scopes } = accessToken(c)
 * ```
 */
export function accessToken(context: Context): AccessToken {
  return acceptedToken(context)
}

/**
 * Returns the access token that a guard accepted on a request, or `undefined` if there is none. For routes behind an optional
 * guard or a guard in report mode, and for routes without a guard. Never throws.
 *
 * @example
 * ```ts
 * const client = optionalAccessToken(c)?.clientId ?? 'anonymous'
 * ```
 */
export function optionalAccessToken(context: Context): AccessToken | undefined {
  return optionalAcceptedToken(context)
}

/** Options of {@link revocationEndpoint}. */
export interface HonoEndpointOptions extends EndpointOptions<HonoOnRefusal>, PropertyOptions {}

/**
 * Creates a handler that revokes and lists revocations. It is guarded by the verifier itself.
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
 * app.all('/admin/revocations', revocationEndpoint(verifier, { scopes: 'revocations:write' }))
 * ```
 */
export function revocationEndpoint(
  verifier: Verifier,
  policy: Policy,
  options?: HonoEndpointOptions,
): MiddlewareHandler
export function revocationEndpoint(
  ...args: readonly [Verifier, Policy, HonoEndpointOptions?]
): MiddlewareHandler {
  const [verifier, policy, options] = endpointArguments(args)
  const checkpoint = new Guard<Context, HonoOnRefusal>(
    verifier,
    policy,
    options,
    storeOnRequest,
    PROPERTY_GUARD_OPTIONS,
  )
  const handler = createRevocationEndpoint(verifier)
  return async function revocationEndpoint(context) {
    let response: Response | undefined
    const refused = await pass(checkpoint, context, async () => {
      response = await handler(await unreadRequest(context))
    })
    return refused ?? response
  }
}

/** A guard, or a requirement behind one. */
type Checkpoint = Guard<Context, HonoOnRefusal> | Requirement<Context, HonoOnRefusal>

/**
 * Runs a guard. Its state is stored on the context, because other middleware may replace `c.req.raw`, for example to limit
 * the body.
 */
async function pass(checkpoint: Checkpoint, context: Context, next: Next): Promise<Response | undefined> {
  const entered = checkpoint.enter(context, context.req.raw)
  let result: GuardResult<HonoOnRefusal>
  if (entered instanceof Promise) {
    result = await entered
    if (isDisconnected(context)) return context.body(null, CLIENT_CLOSED_REQUEST)
  } else {
    result = entered
  }
  if (!result.passes) return refuse(result, context)
  setVariable(context, result)
  // The promise of `next()` is not returned, because Hono fulfills it with the context, which is not a response.
  await next()
  return undefined
}

/** Status for logs of a request whose caller disconnected. It is never sent. */
const CLIENT_CLOSED_REQUEST = 499 as 400

/**
 * Whether the caller disconnected during a call to the issuer. Reads Node's response, which `@hono/node-server` passes as
 * `c.env.outgoing`, because reading `c.req.raw.signal` creates an abort controller for each request.
 */
function isDisconnected({ env }: Context): boolean {
  const { outgoing } = (env ?? {}) as { readonly outgoing?: { readonly destroyed?: unknown } }
  return outgoing?.destroyed === true
}

function setVariable(
  context: Context,
  { property, token, replaced }: Extract<GuardResult<HonoOnRefusal>, { passes: true }>,
): void {
  if (property === false) return
  const current: unknown = context.get(property)
  if (token !== current && isReplaceable(property, current, token, replaced)) context.set(property, token)
}

async function refuse(
  { refusal, response, onRefusal }: Extract<GuardResult<HonoOnRefusal>, { passes: false }>,
  context: Context,
): Promise<Response> {
  if (context.finalized) {
    // Earlier middleware has set `c.res`, perhaps to a success. Hono would ignore the response that the guard returns.
    context.res = undefined
    context.finalized = false
  }
  const custom = onRefusal === undefined ? undefined : await respond(onRefusal, refusal, context)
  if (custom === undefined && context.finalized) return context.res
  return custom ?? defaultResponse(context, response)
}

/** Returns the response of `onRefusal`, and `undefined` if it returned another value. */
async function respond(
  onRefusal: HonoOnRefusal,
  refusal: Refusal,
  context: Context,
): Promise<Response | undefined> {
  try {
    return asGlobalResponse(await onRefusal(refusal, context))
  } catch (error) {
    // Hono passes only errors to `app.onError`.
    throw toHostError(error)
  }
}

/** Sets the headers one by one, because Hono would replace them by those that earlier middleware has set. */
function defaultResponse(context: Context, { status, headers, body }: RefusalResponse): Response {
  for (const [name, value] of Object.entries(headers)) {
    // The response may already have the challenge of another scheme. RFC 9110 section 11.6.1 allows several.
    context.header(name, value, { append: name === 'WWW-Authenticate' })
  }
  return context.body(body, status as Refusal['status'])
}
