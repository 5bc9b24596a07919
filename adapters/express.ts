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
import {
  abandon,
  closeIfBody,
  errorForHost,
  ignoreLateWrites,
  isErrorToHost,
} from '../src/guard/node-response.js'
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
 * Responds to a refusal before it returns or its promise is fulfilled, or hands the refusal on with `next(refusal)`:
 * Express sends its status and headers. If it does neither, or calls `next` without an error, the guard responds, and
 * what it does to the response later is ignored.
 *
 * An error handler that receives the refusal must respond or call `next(error)`. With `next()` Express continues to the
 * routes behind the guard.
 *
 * The parameters may be annotated with Express's own `Request` and `Response`, which is what they are.
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
 * @throws ConfigurationError if the policy or an option is wrong, or if the policy is `undefined` and is the last
 *   argument.
 */
export function guard(verifier: Verifier, policy?: Policy, options?: ExpressGuardOptions): ExpressMiddleware
export function guard(...given: readonly [Verifier, Policy?, ExpressGuardOptions?]): ExpressMiddleware {
  const checkpoint = new Guard<IncomingMessage, ExpressOnRefusal>(...guardArguments(given), storeOnRawHeaders)
  return function guard(request, response, next) {
    pass(checkpoint, request, response, next)
  }
}

/**
 * Demands scopes on a route behind a {@link guard}; several arguments must all hold.
 *
 * @throws ConfigurationError without scopes, or for an argument that is not a scope.
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
 * Demands a policy on a route behind a {@link guard}, in addition to that guard's own.
 *
 * @throws ConfigurationError if the policy is wrong.
 */
export function requirePolicy(policy: Policy): ExpressMiddleware {
  const requirement = new Requirement<IncomingMessage, ExpressOnRefusal>(policy, storeOnRawHeaders)
  return function requirePolicy(request, response, next) {
    pass(requirement, request, response, next)
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

/** Some hosts return a promise. */
type Next = (error?: unknown) => unknown

/** A guard, or a requirement behind one. */
type Checkpoint = Guard<IncomingMessage, ExpressOnRefusal> | Requirement<IncomingMessage, ExpressOnRefusal>

function pass(checkpoint: Checkpoint, request: ExpressRequest, response: ServerResponse, next: Next): void {
  const result = checkpoint.enter(request, request)
  if (result instanceof Promise) {
    afterwards(result, settleIfConnected, request, response, next).catch((error: unknown) => {
      handOn(error, response, next)
    })
  } else {
    settle(result, request, response, next)
  }
}

/** If the caller disconnected while the issuer was asked, the handler must not run. */
function settleIfConnected(
  result: GuardResult<ExpressOnRefusal>,
  request: ExpressRequest,
  response: ServerResponse,
  next: Next,
): void {
  if (!response.destroyed) settle(result, request, response, next)
}

function settle(
  result: GuardResult<ExpressOnRefusal>,
  request: ExpressRequest,
  response: ServerResponse,
  next: Next,
): void {
  if (result.passes) {
    request.auth = result.token
    proceed(response, next)
  } else if (result.onRefusal === undefined) {
    send(request, response, result.response)
  } else {
    handOver(result.onRefusal, result, request, response, next).catch((error: unknown) => {
      handOn(error, response, next)
    })
  }
}

/** Some hosts return a promise from `next`. Nobody else looks at it, so that its rejection would end the process. */
function proceed(response: ServerResponse, next: Next): void {
  const outcome = next()
  if (outcome instanceof Promise) {
    outcome.catch((error: unknown) => {
      handOn(error, response, next)
    })
  }
}

/** Hands an error to the host. Never throws, although a host may throw it back: nobody would catch it. */
function handOn(error: unknown, response: ServerResponse, next: Next): void {
  try {
    const outcome = next(errorForHost(error))
    if (outcome instanceof Promise) {
      outcome.catch((failure: unknown) => {
        abandon(response, failure)
      })
    }
  } catch (failure) {
    abandon(response, failure)
  }
}

async function handOver(
  onRefusal: ExpressOnRefusal,
  { refusal, response: refusalResponse }: Extract<GuardResult<ExpressOnRefusal>, { passes: false }>,
  request: IncomingMessage,
  response: ServerResponse,
  next: Next,
): Promise<void> {
  let isHandedOn = false
  closeIfBody(request, response)
  await onRefusal(refusal, request, response, (error) => {
    // Any other value would have Express continue, and bypass the guard.
    if (isHandedOn || !isErrorToHost(error)) return
    isHandedOn = true
    handOn(error, response, next)
  })
  if (isHandedOn || response.headersSent || response.writableEnded) return
  // `onRefusal` neither responded nor called `next(error)`: send the default response, and ignore what it does later.
  isHandedOn = true
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
    // Another scheme's challenge may already be there (RFC 9110 section 11.6.1 allows several).
    if (name === 'WWW-Authenticate') response.appendHeader(name, value)
    else response.setHeader(name, value)
  }
  response.end(body)
}
