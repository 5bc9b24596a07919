import { Inject, Injectable, Optional, type CanActivate, type ExecutionContext } from '@nestjs/common'
import { ConfigurationError } from '../../src/options/configuration-error.js'
import { hasAccepted } from './acceptances.js'
import { incomingOf } from './exchange.js'
import { GUARD_MARK, isPublic } from './requirements.js'
import type { RouteGuards } from './route-guards.js'

/** Injection token of the guards of the module. Shared by all copies of the package. */
export const ROUTE_GUARDS = Symbol.for('m2m-guard@0/nestjs-route-guards')

/**
 * Guard for HTTP routes of Nest: lets a request continue only with an access token that the verifier, the policy of the
 * module and the decorators of the class and the method accept. Needs {@link M2mGuardModule}.
 *
 * Use it for the application (`APP_GUARD`), a controller or a handler (`@UseGuards(M2mGuard)`). Used at several of these, it
 * decides once per request.
 */
export class M2mGuard implements CanActivate {
  static {
    Injectable()(this)
    Optional()(this, undefined, 0)
    Inject(ROUTE_GUARDS)(this, undefined, 0)
    Object.defineProperty(this.prototype, GUARD_MARK, { value: true })
  }

  readonly #guards: RouteGuards

  /**
   * Created by Nest.
   *
   * @internal
   * @throws ConfigurationError if the module is not imported.
   */
  constructor(guards: RouteGuards | undefined) {
    if (guards === undefined)
      throw new ConfigurationError(
        'M2mGuard',
        'needs M2mGuardModule. Add M2mGuardModule.forRoot({ verifier }) to the imports of the root module',
      )
    this.#guards = guards
  }

  /** Whether a request may continue. Rejects with a `RefusalException` if it is refused. */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const [type, handler] = [context.getClass(), context.getHandler()]
    if (isPublic(type, handler)) return true
    requireHttp(context)
    const request = context.switchToHttp().getRequest<object>()
    if (hasAccepted(incomingOf(request), type, handler, this.#guards)) return true
    return this.#guards.admits(request, context)
  }
}

const INSTEAD: Readonly<Record<string, string>> = {
  ws: 'Check the token when the connection is opened, with verifier.authorize(request), and mark the gateway with @Public()',
  rpc: 'Check the token of each message with verifier.verify(token), and mark the handler with @Public()',
  graphql:
    "Guard the endpoint with app.use('/graphql', guard(verifier)) of m2m-guard/express, and mark the resolvers with @Public()",
}

/** @throws ConfigurationError for messages and GraphQL, whose responses have neither a status nor headers. */
export function requireHttp(context: ExecutionContext): void {
  const type = context.getType<string>()
  if (type === 'http') return
  throw new ConfigurationError(
    'M2mGuard',
    `guards HTTP routes, not the context '${type}' of ${context.getClass().name}.${context.getHandler().name}. ` +
      (INSTEAD[type] ?? 'Mark the class with @Public(), and check the token with verifier.verify(token)'),
  )
}
