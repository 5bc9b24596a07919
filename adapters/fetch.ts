/** Guards for servers based on `Request` and `Response`, such as Hono and Next.js, in Node. @module m2m-guard/fetch */
import type { AccessToken } from '../src/model/access-token.js'
import type { RefusalResponse } from '../src/bearer/refusal-response.js'
import type { Verifier } from '../src/verifier/verifier.js'
import {
  checkGuardArguments,
  policyArgument,
  refuseFurtherArguments,
  scopesPolicy,
} from '../src/guard/arguments.js'
import { type GuardResult } from '../src/guard/checkpoint.js'
import { acceptedToken, Guard, optionalAcceptedToken, Requirement } from '../src/guard/guard.js'
import { endpointArguments } from '../src/guard/revocation-endpoint.js'
import { createRevocationEndpoint } from '../src/revocation/feeds/endpoint.js'
import { asGlobalResponse } from '../src/guard/fetch-response.js'
import type { GuardOptions } from '../src/guard/options.js'
import { ConfigurationError } from '../src/options/configuration-error.js'
import type { Policy } from '../src/policy/policy.js'
import type { Refusal } from '../src/model/refusal/refusal.js'
import type { ScopeDemand } from '../src/model/scopes.js'

/**
 * Custom response to a refusal. An error it throws is passed to the error handling of the server.
 *
 * If it returns a value that is not a `Response`, such as the refusal itself, the guard responds.
 *
 * @example
 * ```ts
 * const onRefusal: FetchOnRefusal = ({ status, headers, error }) => Response.json({ code: error }, { status, headers })
 * ```
 */
export type FetchOnRefusal = (refusal: Refusal, request: Request) => Response | Promise<Response>

/** Options of {@link protect} and {@link guard}. */
export type FetchGuardOptions = GuardOptions<FetchOnRefusal>

/** Options of a guard that refuses every request without a valid token. */
type EnforcingOptions = FetchGuardOptions & { readonly mode?: 'enforce'; readonly optional?: false }

/** Options of a guard in report mode. */
type ReportingOptions = FetchGuardOptions & { readonly mode: 'report' }

/**
 * Handler behind a guard, called for accepted requests. `token` is the accepted token. `rest` contains the further
 * arguments of the protected function, such as the context of a framework.
 */
export type FetchHandler<
  Token extends AccessToken | undefined,
  Incoming extends Request,
  Rest extends readonly unknown[],
> = (request: Incoming, token: Token, ...rest: Rest) => Response | Promise<Response>

/** A guarded handler: takes the request and the further arguments of the handler, and returns its response or a refusal. */
export type ProtectedHandler<Incoming extends Request, Rest extends readonly unknown[]> = (
  request: Incoming,
  ...rest: Rest
) => Promise<Response>

/**
 * Protects a handler from `Request` to `Response`, such as one of Hono or Next.js, in Node. The handler runs only for
 * requests with an access token that the verifier and the policy accept. Other requests get 400, 401, 403 or 503 (RFC 6750
 * section 3.1).
 *
 * The response of the handler is returned unchanged, and its errors are not caught.
 *
 * @param policy - requirements in addition to the verifier's policy. `undefined` adds none.
 * @returns a function that takes the request and the further arguments of the handler.
 * @throws ConfigurationError if the verifier, the policy, the handler or an option is invalid.
 *
 * @example
 * ```ts
 * const orders = protect(verifier, { scopes: 'orders:read' }, (request, token) =>
 *   Response.json({ orders: [], client: token.clientId }),
 * )
 * ```
 */
export function protect<Incoming extends Request = Request, Rest extends readonly unknown[] = []>(
  verifier: Verifier,
  policy: Policy | undefined,
  handler: FetchHandler<AccessToken, Incoming, Rest>,
  options?: EnforcingOptions,
): ProtectedHandler<Incoming, Rest>
export function protect<Incoming extends Request = Request, Rest extends readonly unknown[] = []>(
  verifier: Verifier,
  policy: Policy | undefined,
  handler: FetchHandler<AccessToken | undefined, Incoming, Rest>,
  options?: FetchGuardOptions,
): ProtectedHandler<Incoming, Rest>
export function protect<Incoming extends Request, Rest extends readonly unknown[]>(
  ...args: readonly [Verifier, Policy | undefined, FetchHandler<never, Incoming, Rest>, FetchGuardOptions?]
): ProtectedHandler<Incoming, Rest> {
  const [verifier, policy, handler, options] = args
  refuseFurtherArguments('protect', 'at most four arguments: verifier, policy, handler, options', 4, args)
  const checkpoint = new Guard<Request, FetchOnRefusal>(verifier, policy, options)
  if (typeof (handler as unknown) !== 'function') {
    throw new ConfigurationError('protect', 'the third argument must be the handler to protect, a function')
  }
  return async function protectedHandler(request, ...rest) {
    const result = await checkpoint.enter(request, request)
    return result.passes ? handler(request, result.token as never, ...rest) : refuse(result, request)
  }
}

/**
 * Creates a function that authorizes requests and returns the result as a value. Prefer {@link protect}: if a handler
 * does not test the result, every request passes.
 *
 * @param policy - requirements in addition to the verifier's policy.
 * @returns a function that resolves to the access token of an accepted request, or to the response that refuses it. The
 *   response is always an instance of the global `Response`, even if a server has replaced that class. In report mode it
 *   resolves to `undefined` instead of a response. With `optional: true` it resolves to `undefined` for a request without a
 *   token.
 * @throws ConfigurationError if the verifier, the policy or an option is invalid, or if the policy is `undefined` and the
 *   last argument.
 *
 * @example
 * ```ts
 * const authorize = guard(verifier, { scopes: 'orders:read' })
 * const token = await authorize(request)
 * if (token instanceof Response) return token
 * ```
 */
export function guard(
  verifier: Verifier,
  policy: Policy | undefined,
  options: ReportingOptions,
): (request: Request) => Promise<AccessToken | undefined>
export function guard(
  verifier: Verifier,
  policy?: Policy,
  options?: EnforcingOptions,
): (request: Request) => Promise<AccessToken | Response>
export function guard(
  verifier: Verifier,
  policy?: Policy,
  options?: FetchGuardOptions,
): (request: Request) => Promise<AccessToken | Response | undefined>
export function guard(
  ...args: readonly [Verifier, Policy?, FetchGuardOptions?]
): (request: Request) => Promise<AccessToken | Response | undefined> {
  return authorizeBy(new Guard<Request, FetchOnRefusal>(...checkGuardArguments(args)))
}

/**
 * Creates a function that requires scopes of a request that a {@link guard} or {@link protect} has accepted. Every argument is
 * required. A request without them gets 403 `insufficient_scope`, with the options of that guard.
 *
 * @returns a function that takes the same `Request` object, and resolves to the access token, or to the response that refuses
 *   the request. In report mode it resolves to `undefined` instead of a response. It rejects if no guard has accepted the request.
 * @throws ConfigurationError without scopes, or for an argument that is not a scope.
 *
 * @example
 * ```ts
 * const requireWrite = requireScopes('orders:write')
 * const orders = protect(verifier, undefined, async (request) => {
 *   const refused = request.method === 'POST' ? await requireWrite(request) : undefined
 *   return refused instanceof Response ? refused : Response.json({ orders: [] })
 * })
 * ```
 */
export function requireScopes(
  ...scopes: readonly ScopeDemand[]
): (request: Request) => Promise<AccessToken | Response | undefined> {
  return authorizeBy(new Requirement<Request, FetchOnRefusal>(scopesPolicy(scopes)))
}

/**
 * Requires a policy of a request that a {@link guard} or {@link protect} has accepted, in addition to the policy of that guard.
 *
 * @returns a function as {@link requireScopes} does.
 * @throws ConfigurationError if the policy is invalid, or for a further argument.
 *
 * @example
 * ```ts
 * const requireRecent = requirePolicy({ maxTokenAge: '5m' })
 * ```
 */
export function requirePolicy(
  policy: Policy,
): (request: Request) => Promise<AccessToken | Response | undefined>
export function requirePolicy(
  ...args: readonly [Policy]
): (request: Request) => Promise<AccessToken | Response | undefined> {
  return authorizeBy(new Requirement<Request, FetchOnRefusal>(policyArgument('requirePolicy', args)))
}

function authorizeBy(
  checkpoint: Pick<Guard<Request, FetchOnRefusal>, 'enter'>,
): (request: Request) => Promise<AccessToken | Response | undefined> {
  return async function authorize(request) {
    const result = await checkpoint.enter(request, request)
    return result.passes ? result.token : refuse(result, request)
  }
}

/**
 * Returns the access token that a guard accepted on a request.
 *
 * @throws Error if no guard has accepted the request, if the guard is in report mode and would have refused it, and if the
 *   guard is optional and the request has no token.
 *
 * @example
 * ```ts
 * const { clientId, scopes } = accessToken(request)
 * ```
 */
export function accessToken(request: Request): AccessToken {
  return acceptedToken(request)
}

/**
 * Returns the access token that a guard accepted on a request, or `undefined` if there is none. For requests behind an
 * optional guard or a guard in report mode, and for requests without a guard. Never throws.
 *
 * @example
 * ```ts
 * const client = optionalAccessToken(request)?.clientId ?? 'anonymous'
 * ```
 */
export function optionalAccessToken(request: Request): AccessToken | undefined {
  return optionalAcceptedToken(request)
}

/** Options of {@link revocationEndpoint}. */
export type FetchEndpointOptions = Omit<FetchGuardOptions, 'mode' | 'optional'>

/**
 * Creates a handler from `Request` to `Response` that revokes and lists revocations. It is guarded by the verifier itself.
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
 * const revocations = revocationEndpoint(verifier, { scopes: 'revocations:write' })
 * ```
 */
export function revocationEndpoint(
  verifier: Verifier,
  policy: Policy,
  options?: FetchEndpointOptions,
): (request: Request) => Promise<Response>
export function revocationEndpoint(
  ...args: readonly [Verifier, Policy, FetchEndpointOptions?]
): (request: Request) => Promise<Response> {
  const checkpoint = new Guard<Request, FetchOnRefusal>(...endpointArguments(args))
  const handler = createRevocationEndpoint(args[0])
  return async function revocationEndpoint(request) {
    const result = await checkpoint.enter(request, request)
    return result.passes ? handler(request) : refuse(result, request)
  }
}

async function refuse(
  { refusal, response, onRefusal }: Extract<GuardResult<FetchOnRefusal>, { passes: false }>,
  request: Request,
): Promise<Response> {
  const custom: unknown = await onRefusal?.(refusal, request)
  const sent = asGlobalResponse(custom) ?? defaultResponse(request, response)
  // Otherwise a class with a custom `Symbol.hasInstance` could make the caller treat the response as a token.
  if (!(sent instanceof Response))
    throw new TypeError(
      'the global Response creates objects that are not instances of it. Restore the global Response',
    )
  return sent
}

function defaultResponse(request: Request, { status, headers, body }: RefusalResponse): Response {
  return new Response(request.method === 'HEAD' ? null : body, { status, headers })
}
