/** Guard for Express 4 and 5, and for `node:http` servers and middleware engines. @module m2m-guard/express */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import { afterwards } from '../src/util/awaitable.js'
import type { AccessToken } from '../src/model/access-token.js'
import type { RefusalResponse } from '../src/bearer/refusal-response.js'
import type { Verifier } from '../src/verifier/verifier.js'
import { checkGuardArguments, policyArgument, scopesPolicy } from '../src/guard/arguments.js'
import { type GuardResult } from '../src/guard/checkpoint.js'
import { acceptedToken, Guard, optionalAcceptedToken, Requirement } from '../src/guard/guard.js'
import { PROPERTY_GUARD_OPTIONS, type GuardOptions, type PropertyOptions } from '../src/guard/options.js'
import { setTokenProperty } from '../src/guard/request-property.js'
import {
  abandon,
  closeIfBody,
  toHostError,
  ignoreLateWrites,
  isHostError,
} from '../src/guard/node-response.js'
import { storeOnRawHeaders } from '../src/guard/request-state.js'
import type { Policy } from '../src/policy/policy.js'
import type { Refusal } from '../src/model/refusal/refusal.js'
import type { ScopeDemand } from '../src/model/scopes.js'

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

/** The function that continues with the next middleware. Some hosts return a promise. */
type Next = (error?: unknown) => unknown

/** A guard, or a requirement behind one. */
type Checkpoint = Guard<IncomingMessage, ExpressOnRefusal> | Requirement<IncomingMessage, ExpressOnRefusal>

function pass(checkpoint: Checkpoint, incoming: NodeRequest, outgoing: NodeResponse, next: Next): void {
  // The compatibility API of HTTP/2 has the same properties and methods.
  const request = incoming as IncomingMessage
  const response = outgoing as ServerResponse
  const result = checkpoint.enter(request, request)
  if (result instanceof Promise) {
    afterwards(result, settleIfConnected, request, response, next).catch((error: unknown) => {
      passError(error, response, next)
    })
  } else {
    settle(result, request, response, next)
  }
}

/** Does not run the handler if the caller disconnected during a call to the issuer. */
function settleIfConnected(
  result: GuardResult<ExpressOnRefusal>,
  request: IncomingMessage,
  response: ServerResponse,
  next: Next,
): void {
  if (!response.destroyed) settle(result, request, response, next)
}

function settle(
  result: GuardResult<ExpressOnRefusal>,
  request: IncomingMessage,
  response: ServerResponse,
  next: Next,
): void {
  if (result.passes) {
    setTokenProperty(request, result)
    proceed(response, next)
  } else if (result.onRefusal === undefined) {
    send(request, response, result.response)
  } else {
    callOnRefusal(result.onRefusal, result, request, response, next).catch((error: unknown) => {
      passError(error, response, next)
    })
  }
}

/** Calls `next`. Some hosts return a promise, whose rejection would be unhandled and end the process. */
function proceed(response: ServerResponse, next: Next): void {
  const outcome = next()
  if (outcome instanceof Promise) {
    outcome.catch((error: unknown) => {
      passError(error, response, next)
    })
  }
}

/** Passes an error to the host. Never throws, although the host may, because the error would be uncaught. */
function passError(error: unknown, response: ServerResponse, next: Next): void {
  try {
    const outcome = next(toHostError(error))
    if (outcome instanceof Promise) {
      outcome.catch((failure: unknown) => {
        abandon(response, failure)
      })
    }
  } catch (failure) {
    abandon(response, failure)
  }
}

async function callOnRefusal(
  onRefusal: ExpressOnRefusal,
  { refusal, response: refusalResponse }: Extract<GuardResult<ExpressOnRefusal>, { passes: false }>,
  request: IncomingMessage,
  response: ServerResponse,
  next: Next,
): Promise<void> {
  let isPassed = false
  closeIfBody(request, response)
  await onRefusal(refusal, request, response, (error) => {
    // On any other value Express would continue, which bypasses the guard.
    if (isPassed || !isHostError(error)) return
    isPassed = true
    passError(error, response, next)
  })
  if (isPassed || response.headersSent || response.writableEnded) return
  // `onRefusal` neither responded nor called `next(error)`: send the default response and ignore later writes.
  isPassed = true
  ignoreLateWrites(response)
  send(request, response, refusalResponse)
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: RefusalResponse,
): void {
  if (response.headersSent) return
  response.statusCode = status
  closeIfBody(request, response)
  for (const [name, value] of Object.entries(headers)) {
    // The response may already have the challenge of another scheme. RFC 9110 section 11.6.1 allows several.
    if (name === 'WWW-Authenticate') response.appendHeader(name, value)
    else response.setHeader(name, value)
  }
  response.end(body)
}
