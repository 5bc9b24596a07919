/** Guard for NestJS 10, 11 and 12, on Express and on Fastify. @module m2m-guard/nestjs */
import type { AccessToken } from '../src/model/access-token.js'
import type { Verifier } from '../src/verifier/verifier.js'
import type { Policy } from '../src/policy/policy.js'
import { checkGuardArguments } from '../src/guard/arguments.js'
import { acceptedToken, optionalAcceptedToken } from '../src/guard/guard.js'
import { incomingOf } from './nestjs/exchange.js'
import type { M2mGuard } from './nestjs/guard.js'
import { createGuard } from './nestjs/requirement-guard.js'
import { RouteGuards } from './nestjs/route-guards.js'
import type { NestGuardOptions, NestRequest } from './nestjs/types.js'

export {
  Public,
  RequirePolicy,
  Scopes,
  Token,
  type ControllerDecorator,
  type TokenOptions,
} from './nestjs/decorators.js'
export { RefusalException } from './nestjs/exception.js'
export { M2mGuard } from './nestjs/guard.js'
export {
  M2mGuardModule,
  type M2mGuardModuleAsyncOptions,
  type M2mGuardModuleOptions,
} from './nestjs/module.js'
export type { NestFastifyRequest, NestGuardOptions, NestOnRefusal, NestRequest } from './nestjs/types.js'

/**
 * Creates a guard that needs no module, for a second verifier or different options: `@UseGuards(guard(verifier, policy))` on a
 * controller or handler, or `app.useGlobalGuards(guard(verifier))`.
 *
 * It also evaluates the decorators of the class and the method.
 *
 * @param policy - requirements in addition to the verifier's policy.
 * @throws ConfigurationError if the verifier, the policy or an option is invalid, or if the policy is `undefined` and the
 *   last argument.
 *
 * @example
 * ```ts
 * const Partners = () => UseGuards(guard(verifier, { scopes: 'partners:read' }, { realm: 'partners' }))
 * ```
 */
export function guard(verifier: Verifier, policy?: Policy, options?: NestGuardOptions): M2mGuard
export function guard(...args: readonly [Verifier, Policy?, NestGuardOptions?]): M2mGuard {
  return createGuard(new RouteGuards(...checkGuardArguments(args)))
}

/**
 * Returns the access token that a guard accepted on a request of Express or Fastify, for interceptors, and for request-scoped
 * providers that inject `REQUEST`. Handlers use {@link Token}.
 *
 * Nest creates request-scoped providers before it runs guards. Call this in a method and not in a constructor.
 *
 * @throws Error if the route is public, if the guard is in report mode and would have refused the request, and if the guard
 *   is optional and the request has no token.
 *
 * @example
 * ```ts
 * const { clientId, scopes } = accessToken(request)
 * ```
 */
export function accessToken(request: NestRequest): AccessToken {
  return acceptedToken(incomingOf(request))
}

/**
 * Returns the access token that a guard accepted on a request, or `undefined` if there is none. For routes behind an optional
 * guard or a guard in report mode, and for public routes. Never throws.
 *
 * @example
 * ```ts
 * const client = optionalAccessToken(request)?.clientId ?? 'anonymous'
 * ```
 */
export function optionalAccessToken(request: NestRequest): AccessToken | undefined {
  return optionalAcceptedToken(incomingOf(request))
}
