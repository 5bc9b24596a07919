/** Guard for Koa 2 and 3. @module m2m-guard/koa */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import type { AccessToken } from '../src/model/access-token.js'
import type { RefusalResponse } from '../src/bearer/refusal-response.js'
import type { Verifier } from '../src/verifier/verifier.js'
import { endpointArguments, feedHandler, type EndpointOptions } from '../src/guard/revocation-endpoint.js'
import { createRevocationEndpoint } from '../src/revocation/feeds/endpoint.js'
import { checkGuardArguments, policyArgument, scopesPolicy } from '../src/guard/arguments.js'
import { type GuardResult } from '../src/guard/checkpoint.js'
import { acceptedToken, Guard, optionalAcceptedToken, Requirement } from '../src/guard/guard.js'
import { PROPERTY_GUARD_OPTIONS, type GuardOptions, type PropertyOptions } from '../src/guard/options.js'
import { setTokenProperty } from '../src/guard/request-property.js'
import { callFetchHandler, type FetchHandler } from '../src/guard/node-handler.js'
import { storeOnRequest } from '../src/guard/request-state.js'
import {
  afterIfConnected,
  closeIfBody,
  endUnanswered,
  ignoreLateWrites,
  toHostError,
} from '../src/guard/node-response.js'
import type { Policy } from '../src/policy/policy.js'
import type { Refusal } from '../src/model/refusal/refusal.js'
import type { ScopeDemand } from '../src/model/scopes.js'

/** The properties of a Koa context that the guard uses. A `Context` of Koa 2 and 3 is assignable. */
export interface KoaContext {
  /** The request of `node:http`. */
  readonly req: IncomingMessage
  /** The response of `node:http`. */
  readonly res: ServerResponse
  /** The URL of the request before a mounted app changed it. */
  readonly originalUrl: string
  /** `state.auth` is the accepted token, after a guard has accepted the request (option `property`). */
  // The same type as in Koa: the application decides what its state contains.
  // oxlint-disable-next-line typescript/no-explicit-any
  state: any
  /** Status of the response. */
  status: number
  /** Body of the response. */
  body: unknown
  /** Sets a response header. */
  set(name: string, value: string): void
  /** Adds a value to a response header. */
  append(name: string, value: string): void
}

/** A context of Koa over `node:http`, or over the compatibility API of `node:http2`. */
export interface KoaRequestHolder {
  /** The request of Node. */
  readonly req: IncomingMessage | Http2ServerRequest
}

/** A middleware, assignable to `Middleware` of Koa 2 and 3. */
export type KoaMiddleware = (context: KoaContext, next: () => Promise<unknown>) => Promise<unknown>

/**
 * Custom response to a refusal. Changes the response before it returns or its promise is fulfilled, or throws the refusal,
 * so that Koa sends its status and headers. The guard's response is already set when it is called.
 *
 * @example
 * ```ts
 * app.use(guard(verifier, undefined, { onRefusal: (refusal, ctx) => { ctx.body = { code: refusal.error } } }))
 * ```
 */
export type KoaOnRefusal = {
  // Declared as a method, whose parameters are bivariant, so that Koa's types need not be imported here.
  /** Changes the response to a refused request, which is already set, or throws the refusal. */
  onRefusal(refusal: Refusal, context: KoaContext): void | Promise<void>
}['onRefusal']

/** Options of {@link guard}. */
export interface KoaGuardOptions extends GuardOptions<KoaOnRefusal>, PropertyOptions {}

/**
 * Guards an app, a router or a route: only requests with an access token that the verifier and the policy accept continue.
 * Read the token with {@link accessToken}, or as `ctx.state.auth` (option `property`). Other requests get 400, 401, 403 or
 * 503 (RFC 6750 section 3.1).
 *
 * @param policy - requirements in addition to the verifier's policy.
 * @throws ConfigurationError if the verifier, the policy or an option is invalid, or if the policy is `undefined` and the
 *   last argument.
 *
 * @example
 * ```ts
 * app.use(guard(verifier, { scopes: 'orders:read' }))
 * app.use((ctx) => { ctx.body = { client: accessToken(ctx).clientId } })
 * ```
 */
export function guard(verifier: Verifier, policy?: Policy, options?: KoaGuardOptions): KoaMiddleware
export function guard(...args: readonly [Verifier, Policy?, KoaGuardOptions?]): KoaMiddleware {
  const checkpoint = new Guard<IncomingMessage, KoaOnRefusal>(
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
 * router.post('/orders', requireScopes('orders:write'), createOrder)
 * ```
 */
export function requireScopes(...scopes: readonly ScopeDemand[]): KoaMiddleware {
  const requirement = new Requirement<IncomingMessage, KoaOnRefusal>(scopesPolicy(scopes))
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
 * router.delete('/orders/:id', requirePolicy({ confirmAfter: 0 }), deleteOrder)
 * ```
 */
export function requirePolicy(policy: Policy): KoaMiddleware
export function requirePolicy(...args: readonly [Policy]): KoaMiddleware {
  const requirement = new Requirement<IncomingMessage, KoaOnRefusal>(policyArgument('requirePolicy', args))
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
 * const { clientId, scopes } = accessToken(ctx)
 * ```
 */
export function accessToken(context: KoaRequestHolder): AccessToken {
  return acceptedToken(context.req)
}

/**
 * Returns the access token that a guard accepted on a request, or `undefined` if there is none. For routes behind an optional
 * guard or a guard in report mode, and for routes without a guard. Never throws.
 *
 * @example
 * ```ts
 * const client = optionalAccessToken(ctx)?.clientId ?? 'anonymous'
 * ```
 */
export function optionalAccessToken(context: KoaRequestHolder): AccessToken | undefined {
  return optionalAcceptedToken(context.req)
}

/** Options of {@link revocationEndpoint}. */
export interface KoaEndpointOptions extends EndpointOptions<KoaOnRefusal>, PropertyOptions {}

/**
 * Creates a middleware that revokes and lists revocations. It is guarded by the verifier itself.
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
 * router.all('/admin/revocations', revocationEndpoint(verifier, { scopes: 'revocations:write' }))
 * ```
 */
export function revocationEndpoint(
  verifier: Verifier,
  policy: Policy,
  options?: KoaEndpointOptions,
): KoaMiddleware
export function revocationEndpoint(...args: readonly [Verifier, Policy, KoaEndpointOptions?]): KoaMiddleware {
  const checkpoint = new Guard<IncomingMessage, KoaOnRefusal>(
    ...endpointArguments(args),
    storeOnRequest,
    PROPERTY_GUARD_OPTIONS,
  )
  const handler = createRevocationEndpoint(args[0])
  return function revocationEndpoint(context) {
    return pass(checkpoint, context, () => serve(handler, false, context))
  }
}

/**
 * Serves a receiver of `m2m-guard/revocation`, such as `setReceiver()`. Add it before middleware that parses bodies, because the
 * signature is over the bytes. A string as
 * body, and the bytes in `ctx.request.rawBody`, are used as well.
 *
 * @throws ConfigurationError if the handler is not a function.
 *
 * @example
 * ```ts
 * router.post('/security-events', revocationFeed(setReceiver({ issuer, audience, jwksUri, verifier })))
 * ```
 */
export function revocationFeed(handler: (request: Request) => Promise<Response>): KoaMiddleware {
  const checked = feedHandler(handler)
  return function revocationFeed(context) {
    return serve(checked, true, context)
  }
}

async function serve(handler: FetchHandler, needsBytes: boolean, context: KoaContext): Promise<void> {
  // Body parsers store what they read on Koa's request.
  const { request = {} } = context as {
    readonly request?: { readonly body?: unknown; readonly rawBody?: unknown }
  }
  const { body, rawBody } = request
  const parsed = { body, rawBody, needsBytes }
  const result = await callFetchHandler(handler, context.req, context.originalUrl, parsed)
  const text = await result.text()
  for (const [name, value] of result.headers) context.set(name, value)
  context.body = text === '' ? null : text
  // After the body, because Koa sets 204 for a body that is null.
  context.status = result.status
  if (!context.req.complete) closeIfBody(context.req, context.res)
}

/** A guard, or a requirement behind one. */
type Checkpoint = Guard<IncomingMessage, KoaOnRefusal> | Requirement<IncomingMessage, KoaOnRefusal>

/** Runs a guard. Not an async function, because for a cached token its promise would take longer than the guard. */
function pass(checkpoint: Checkpoint, context: KoaContext, next: () => Promise<unknown>): Promise<unknown> {
  const { req } = context
  const { method, headers, rawHeaders } = req
  const result = checkpoint.enter(req, { method, url: context.originalUrl, headers, rawHeaders })
  return result instanceof Promise
    ? afterIfConnected(result, context.res, settle, endUnanswered, context, next)
    : settle(result, context, next)
}

function settle(
  result: GuardResult<KoaOnRefusal>,
  context: KoaContext,
  next: () => Promise<unknown>,
): Promise<unknown> {
  if (result.passes) {
    setTokenProperty(context.state as object, result)
    return next()
  }
  return refuse(result, context)
}

async function refuse(
  { refusal, response, onRefusal }: Extract<GuardResult<KoaOnRefusal>, { passes: false }>,
  context: KoaContext,
): Promise<void> {
  setResponse(context, response)
  closeIfBody(context.req, context.res)
  if (onRefusal === undefined) return
  try {
    await onRefusal(refusal, context)
  } catch (error) {
    // Koa never responds if some values that are not errors are thrown.
    throw toHostError(error)
  }
  // Koa responds when this returns, so later writes of `onRefusal` to Node's response are ignored.
  ignoreLateWrites(context.res)
}

function setResponse(context: KoaContext, { status, headers, body }: RefusalResponse): void {
  context.status = status
  context.body = body
  for (const [name, value] of Object.entries(headers)) {
    // The response may already have the challenge of another scheme. RFC 9110 section 11.6.1 allows several.
    if (name === 'WWW-Authenticate') context.append(name, value)
    else context.set(name, value)
  }
}
