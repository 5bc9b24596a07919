import type { AccessToken } from '../src/model/access-token.js'
import type { RefusalResponse } from '../src/bearer/refusal-response.js'
import { isRecord } from '../src/util/members.js'
import type { Verifier } from '../src/verifier/verifier.js'
import { acceptedToken, Guard } from '../src/guard/guard.js'
import type { GuardOptions } from '../src/guard/options.js'
import type { Policy } from '../src/policy/policy.js'
import type { Refusal } from '../src/model/refusal.js'

/** Makes the response to a refusal in place of the guard; throwing hands it to the server's own error handling. */
export type FetchOnRefusal = (refusal: Refusal, request: Request) => Response | Promise<Response>

/** Options of {@link guard}. */
export type FetchGuardOptions = GuardOptions<FetchOnRefusal>

/**
 * Guards a handler that speaks `Request` and `Response`, such as one of Hono or Next.js, in Node.
 *
 * @returns a function that gives the access token of an accepted request, or the response that refuses it.
 * @throws ConfigurationError if the policy or an option is wrong.
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
  options: FetchGuardOptions & { readonly mode: 'report' },
): (request: Request) => Promise<AccessToken | undefined>
export function guard(
  verifier: Verifier,
  policy?: Policy,
  options?: FetchGuardOptions & { readonly mode?: 'enforce' },
): (request: Request) => Promise<AccessToken | Response>
export function guard(
  verifier: Verifier,
  policy?: Policy,
  options?: FetchGuardOptions,
): (request: Request) => Promise<AccessToken | Response | undefined>
export function guard(
  verifier: Verifier,
  policy?: Policy,
  options?: FetchGuardOptions,
): (request: Request) => Promise<AccessToken | Response | undefined> {
  const checkpoint = new Guard<Request, FetchOnRefusal>(verifier, policy, options)
  return async function authorize(request) {
    const result = await checkpoint.enter(request, request)
    if (result.passes) return result.token
    const response: unknown = await result.onRefusal?.(result.refusal, request)
    return isResponse(response) ? response : respond(request, result.response)
  }
}

/**
 * The access token a guard accepted on this request.
 *
 * @throws Error if no guard was asked about the request, or it only reports and would have refused.
 */
export function accessToken(request: Request): AccessToken {
  return acceptedToken(request)
}

function respond(request: Request, { status, headers, body }: RefusalResponse): Response {
  return new Response(request.method === 'HEAD' ? null : body, { status, headers })
}

/**
 * Whoever forgets to answer, or gives something else, has not opened the route. Not by `instanceof`: servers
 * put classes of their own in place of Node's.
 */
function isResponse(answer: unknown): answer is Response {
  return isRecord(answer) && typeof answer['status'] === 'number' && typeof answer['headers'] === 'object'
}
