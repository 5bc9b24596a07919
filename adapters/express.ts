import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AccessToken } from '../src/model/access-token.js'
import type { RefusalResponse } from '../src/bearer/refusal-response.js'
import type { Verifier } from '../src/verifier/create-verifier.js'
import {
  acceptedToken,
  createRequirement,
  createGuard,
  scopesPolicy,
  type GuardRequest,
  type GuardResult,
} from '../src/guard/guard.js'
import type { GuardOptions } from '../src/guard/options.js'
import { storeOnRawHeaders } from '../src/guard/request-state.js'
import type { Policy } from '../src/policy/policy.js'
import type { Refusal } from '../src/model/refusal.js'
import type { ScopeDemand } from '../src/model/scopes.js'

/** What the guard needs of an Express request; any version's, or Node's own. */
export type ExpressRequest = IncomingMessage & {
  readonly originalUrl?: string
  /** The accepted token, once a guard has let the request pass. */
  auth?: AccessToken | undefined
}

/** An Express middleware, assignable to `RequestHandler` of Express 4 and 5. */
export type ExpressMiddleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

/**
 * Answers a refusal before it returns or its promise is done, or hands it on with `next(refusal)`: Express
 * sends its status and headers. If it does neither, or calls `next` without an error, the guard answers. The
 * parameters may be annotated with Express's own `Request` and `Response`, which is what they are.
 */
export type ExpressOnRefusal = {
  // A method's parameters are compared both ways, so that Express's types need not be imported here.
  onRefusal(
    refusal: Refusal,
    request: IncomingMessage,
    response: ServerResponse,
    next: (error?: unknown) => void,
  ): void | Promise<void>
}['onRefusal']

/** Options of {@link guard}. */
export type ExpressGuardOptions = GuardOptions<ExpressOnRefusal>

/**
 * Guards an app, a router or a route: only requests with an access token that the verifier and the policy
 * accept get past it. The token is then `req.auth`, and typed {@link accessToken}.
 *
 * @throws ConfigurationError if the policy or an option is wrong.
 */
export function guard(verifier: Verifier, policy?: Policy, options?: ExpressGuardOptions): ExpressMiddleware {
  const enter = createGuard<IncomingMessage, ExpressOnRefusal>(verifier, policy, options, storeOnRawHeaders)
  return function guard(request, response, next) {
    pass(enter, request, response, next)
  }
}

/**
 * Demands scopes on a route behind a {@link guard}; several arguments must all hold.
 *
 * @throws ConfigurationError without scopes, or for something that is no scope.
 */
export function requireScopes(...scopes: readonly ScopeDemand[]): ExpressMiddleware {
  const enter = createRequirement<IncomingMessage, ExpressOnRefusal>(scopesPolicy(scopes), storeOnRawHeaders)
  return function requireScopes(request, response, next) {
    pass(enter, request, response, next)
  }
}

/**
 * Demands a policy on a route behind a {@link guard}, in addition to that guard's own.
 *
 * @throws ConfigurationError if the policy is wrong.
 */
export function requirePolicy(policy: Policy): ExpressMiddleware {
  const enter = createRequirement<IncomingMessage, ExpressOnRefusal>(policy, storeOnRawHeaders)
  return function requirePolicy(request, response, next) {
    pass(enter, request, response, next)
  }
}

/**
 * The access token a guard accepted on this request.
 *
 * @throws Error if the route is not behind a guard, or the guard only reports and would have refused.
 */
export function accessToken(request: IncomingMessage): AccessToken {
  return acceptedToken(request)
}

function pass(
  enter: GuardRequest<IncomingMessage, ExpressOnRefusal>,
  request: ExpressRequest,
  response: ServerResponse,
  next: (error?: unknown) => void,
): void {
  const entering = enter(request, request)
  if (entering instanceof Promise) settleLater(entering, request, response, next)
  else settle(entering, request, response, next)
}

function settleLater(
  entering: Promise<GuardResult<ExpressOnRefusal>>,
  request: ExpressRequest,
  response: ServerResponse,
  next: (error?: unknown) => void,
): void {
  entering.then((entry) => {
    // The caller hung up while the issuer was asked: nobody is left to serve.
    if (!response.destroyed) settle(entry, request, response, next)
  }, next)
}

function settle(
  entry: GuardResult<ExpressOnRefusal>,
  request: ExpressRequest,
  response: ServerResponse,
  next: (error?: unknown) => void,
): void {
  if (entry.passes) {
    request.auth = entry.token
    next()
  } else if (entry.onRefusal === undefined) {
    send(response, entry.answer)
  } else {
    handOver(entry.onRefusal, entry, request, response, next).catch(next)
  }
}

async function handOver(
  onRefusal: ExpressOnRefusal,
  { refusal, answer }: Extract<GuardResult<ExpressOnRefusal>, { passes: false }>,
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
): Promise<void> {
  let isHandedOn = false
  await onRefusal(refusal, request, response, (error) => {
    if (isHandedOn || !isErrorToExpress(error)) return
    isHandedOn = true
    next(error)
  })
  // Whoever forgets to answer has not opened the route, and leaves nobody waiting.
  if (!isHandedOn && !response.headersSent && !response.writableEnded) send(response, answer)
}

/** Whatever else `next` is given has Express go on, or on to the next route: it would open what the guard has just closed. */
function isErrorToExpress(error: unknown): boolean {
  return Boolean(error) && error !== 'route' && error !== 'router'
}

function send(response: ServerResponse, { status, headers, body }: RefusalResponse): void {
  if (response.headersSent) return
  response.statusCode = status
  for (const [name, value] of Object.entries(headers)) {
    // Another scheme's challenge may already be there (RFC 9110 section 11.6.1 allows several).
    if (name === 'WWW-Authenticate') response.appendHeader(name, value)
    else response.setHeader(name, value)
  }
  response.end(body)
}
