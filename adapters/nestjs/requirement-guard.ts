import { Inject, Injectable, Optional, type CanActivate, type ExecutionContext } from '@nestjs/common'
import { ConfigurationError } from '../../src/options/configuration-error.js'
import { processWide } from '../../src/util/process-wide.js'
import { hasAccepted } from './acceptances.js'
import { incomingOf } from './exchange.js'
import { M2mGuard, requireHttp, ROUTE_GUARDS } from './guard.js'
import { GUARDS_METADATA, isPublic, metadata, type Target } from './requirements.js'
import type { RouteGuards } from './route-guards.js'

/** Whether the process has guards that need no module. Shared by all copies of the package. */
const withoutModule = processWide(Symbol.for('m2m-guard@0/nestjs-without-module'), () =>
  Object.seal({ isUsed: false }),
)

/** Creates a guard that needs no module. */
export function createGuard(guards: RouteGuards): M2mGuard {
  withoutModule.isUsed = true
  return new M2mGuard(guards)
}

/**
 * Guard that a requirement of a decorator adds to its class or handler, so that a requirement is never ignored because the
 * route has no guard. Leaves the decision to the guards of the route and of the application, otherwise to the module.
 */
export class RequirementGuard implements CanActivate {
  static {
    Injectable()(this)
    Optional()(this, undefined, 0)
    Inject(ROUTE_GUARDS)(this, undefined, 0)
  }

  readonly #ofModule: M2mGuard | undefined

  /** @throws ConfigurationError if the module is not imported, unless the process has guards that need none. */
  constructor(guards: RouteGuards | undefined) {
    this.#ofModule = guards === undefined && withoutModule.isUsed ? undefined : new M2mGuard(guards)
  }

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const handler = context.getHandler()
    const type = context.getClass()
    if (isPublic(type, handler)) return true
    requireHttp(context)
    if (hasAccepted(incomingOf(context.switchToHttp().getRequest<object>()), type, handler)) return true
    const guard = guardIn(handler) ?? guardIn(type) ?? this.#ofModule
    if (guard !== undefined) return guard.canActivate(context)
    throw new ConfigurationError(
      `${type.name}.${handler.name}`,
      'has a requirement but no guard. Add M2mGuardModule.forRoot({ verifier }) to the imports of the root module, or @UseGuards(guard(verifier))',
    )
  }
}

/** Returns the last guard of this package that `@UseGuards()` has added as an instance. */
function guardIn(target: Target): M2mGuard | undefined {
  const guards = metadata.getMetadata(GUARDS_METADATA, target)
  return Array.isArray(guards) ? guards.findLast((guard) => guard instanceof M2mGuard) : undefined
}
