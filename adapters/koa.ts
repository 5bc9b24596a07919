import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterwards } from '../src/util/awaitable.js'
import type { AccessToken } from '../src/model/access-token.js'
import type { RefusalResponse } from '../src/bearer/refusal-response.js'
import type { Verifier } from '../src/verifier/verifier.js'
import {
  acceptedToken,
  Guard,
  guardArguments,
  Requirement,
  scopesPolicy,
  type GuardResult,
} from '../src/guard/guard.js'
import type { GuardOptions } from '../src/guard/options.js'
import { closeIfBody, errorForHost, ignoreLateWrites } from '../src/guard/node-response.js'
import type { Policy } from '../src/policy/policy.js'
import type { Refusal } from '../src/model/refusal.js'
import type { ScopeDemand } from '../src/model/scopes.js'

/** What the guard needs of a Koa context; any version's. */
export interface KoaContext {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly originalUrl: string
  /** `state.auth` is the accepted token, once a guard has let the request pass. */
  // Koa's own type: an application decides what its state holds.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  state: any
  status: number
  body: unknown
  set(name: string, value: string): void
  append(name: string, value: string): void
}

/** A Koa middleware, assignable to `Middleware` of Koa 2 and 3. */
export type KoaMiddleware = (context: KoaContext, next: () => Promise<unknown>) => Promise<unknown>

/**
 * Responds to a refusal before it returns or its promise is fulfilled, or throws it: Koa sends its status and headers.
 * The guard's own response is set before.
 */
export type KoaOnRefusal = {
  // A method's parameters are compared both ways, so that Koa's types need not be imported here.
  onRefusal(refusal: Refusal, context: KoaContext): void | Promise<void>
}['onRefusal']

/** Options of {@link guard}. */
export type KoaGuardOptions = GuardOptions<KoaOnRefusal>

/**
 * Guards an app, a router or a route: only requests with an access token that the verifier and the policy
 * accept get past it. The token is then `ctx.state.auth`, and typed {@link accessToken}.
 *
 * @throws ConfigurationError if the policy or an option is wrong, or if the policy is `undefined` and is the last
 *   argument.
 */
export function guard(verifier: Verifier, policy?: Policy, options?: KoaGuardOptions): KoaMiddleware
export function guard(...given: readonly [Verifier, Policy?, KoaGuardOptions?]): KoaMiddleware {
  const checkpoint = new Guard<IncomingMessage, KoaOnRefusal>(...guardArguments(given))
  return function guard(context, next) {
    return pass(checkpoint, context, next)
  }
}

/**
 * Demands scopes on a route behind a {@link guard}; several arguments must all hold.
 *
 * @throws ConfigurationError without scopes, or for an argument that is not a scope.
 */
export function requireScopes(...scopes: readonly ScopeDemand[]): KoaMiddleware {
  const requirement = new Requirement<IncomingMessage, KoaOnRefusal>(scopesPolicy(scopes))
  return function requireScopes(context, next) {
    return pass(requirement, context, next)
  }
}

/**
 * Demands a policy on a route behind a {@link guard}, in addition to that guard's own.
 *
 * @throws ConfigurationError if the policy is wrong.
 */
export function requirePolicy(policy: Policy): KoaMiddleware {
  const requirement = new Requirement<IncomingMessage, KoaOnRefusal>(policy)
  return function requirePolicy(context, next) {
    return pass(requirement, context, next)
  }
}

/**
 * The access token a guard accepted on this request.
 *
 * @throws Error if the route is not behind a guard, or the guard only reports and would have refused.
 */
export function accessToken(context: Pick<KoaContext, 'req'>): AccessToken {
  return acceptedToken(context.req)
}

/** A guard, or a requirement behind one. */
type Checkpoint = Guard<IncomingMessage, KoaOnRefusal> | Requirement<IncomingMessage, KoaOnRefusal>

/** Not an async function: for a cached token, its promise would cost more than the guard. */
function pass(checkpoint: Checkpoint, context: KoaContext, next: () => Promise<unknown>): Promise<unknown> {
  const { req } = context
  const { method, headers, rawHeaders } = req
  const result = checkpoint.enter(req, { method, url: context.originalUrl, headers, rawHeaders })
  return result instanceof Promise
    ? afterwards(result, settleIfConnected, context, next)
    : settle(result, context, next)
}

/** If the caller disconnected while the issuer was asked, the handler must not run. */
function settleIfConnected(
  result: GuardResult<KoaOnRefusal>,
  context: KoaContext,
  next: () => Promise<unknown>,
): Promise<unknown> | undefined {
  return context.res.destroyed ? undefined : settle(result, context, next)
}

function settle(
  result: GuardResult<KoaOnRefusal>,
  context: KoaContext,
  next: () => Promise<unknown>,
): Promise<unknown> {
  if (result.passes) {
    ;(context.state as { auth?: AccessToken | undefined }).auth = result.token
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
    // Koa never responds to some values.
    throw errorForHost(error)
  }
  // Koa responds once this returns: what `onRefusal` does to the response of Node after that is ignored.
  ignoreLateWrites(context.res)
}

function setResponse(context: KoaContext, { status, headers, body }: RefusalResponse): void {
  context.status = status
  context.body = body
  for (const [name, value] of Object.entries(headers)) {
    // Another scheme's challenge may already be there (RFC 9110 section 11.6.1 allows several).
    if (name === 'WWW-Authenticate') context.append(name, value)
    else context.set(name, value)
  }
}
