import type { ModulesContainer } from '@nestjs/core'
import { ConfigurationError } from '../../src/options/configuration-error.js'
import {
  hasOwnGuard,
  isDeclaredPublic,
  isDecorated,
  metadata,
  membersOf,
  overriddenBy,
  ownPolicies,
  prototypeOf,
  withSuperclasses,
  type Member,
  type Target,
} from './requirements.js'
import type { RouteGuards } from './route-guards.js'

// Metadata by which Nest recognizes classes and methods that handle requests or messages.
const CONTROLLER = '__controller__'
const ROUTE = 'path'
const MESSAGE_METHODS = ['microservices:pattern', 'websockets:message_mapping', 'graphql:resolver_type']
const MESSAGE_CLASSES = ['websockets:is_gateway', 'graphql:resolver_type']

const hasAny = (keys: readonly string[], target: object): boolean =>
  keys.some((key) => metadata.hasMetadata(key, target))

/**
 * Checks the decorators of this package in every class of the application when it starts.
 *
 * @throws ConfigurationError for a decorator that has no effect.
 */
export function checkDecorators(modules: ModulesContainer, guards: RouteGuards): void {
  for (const { controllers, providers } of modules.values()) {
    for (const { metatype } of [...controllers.values(), ...providers.values()]) {
      if (typeof metatype !== 'function') continue
      const isController = metadata.hasMetadata(CONTROLLER, metatype)
      for (const type of withSuperclasses(metatype))
        checkClass(type, isController || hasAny(MESSAGE_CLASSES, metatype))
      if (isController) compileRoutes(metatype, guards)
    }
  }
}

function checkClass(type: Target, isHandling: boolean): void {
  if (isDecorated(type) && !isHandling) throw new ConfigurationError(type.name, NO_EFFECT)
  if (ownPolicies(type).length > 0 && hasAny(MESSAGE_CLASSES, type))
    throw new ConfigurationError(type.name, NO_ROUTE)
  refuseGuardOfPublic(type.name, type)
  for (const member of membersOf(type)) checkMember(type, member)
}

/** @throws ConfigurationError if a class or handler is public and names a guard of this package. */
function refuseGuardOfPublic(where: string, target: Target): void {
  if (isDeclaredPublic(target) && hasOwnGuard(target)) throw new ConfigurationError(where, PUBLIC_AND_GUARDED)
}

function checkMember(type: Target, { name, handler }: Member): void {
  const where = `${type.name}.${String(name)}`
  const current: unknown = Reflect.get(prototypeOf(type), name)
  if (typeof current !== 'function' || (current !== handler && !isDecorated(current)))
    throw new ConfigurationError(
      where,
      'has a decorator of m2m-guard below one that replaces the method, so that it is lost. Move it above that decorator',
    )
  if (hasAny(MESSAGE_METHODS, current)) {
    if (ownPolicies(current).length > 0) throw new ConfigurationError(where, NO_ROUTE)
  } else if (!metadata.hasMetadata(ROUTE, current)) {
    throw new ConfigurationError(where, NO_EFFECT)
  }
  refuseGuardOfPublic(where, current)
}

/** @throws ConfigurationError if a route overrides a method with a requirement or a guard, and has neither. */
function refuseSilentOverride(type: Target, handler: Target): void {
  if (isDecorated(handler) || hasOwnGuard(handler)) return
  if (overriddenBy(type, handler).some((one) => ownPolicies(one).length > 0 || hasOwnGuard(one)))
    throw new ConfigurationError(`${type.name}.${handler.name}`, SILENT_OVERRIDE)
}

const PUBLIC_AND_GUARDED =
  'has @Public() and a guard of m2m-guard in @UseGuards(). Remove one of them. @Public() on a class or handler lifts the guards of its class and of the application'

const SILENT_OVERRIDE =
  'overrides a method with @Scopes(), @RequirePolicy() or a guard of m2m-guard, and has none of them. Nest does not apply the guards of an overridden method. Repeat the decorator, or use @Public()'

const NO_EFFECT =
  'has @Scopes(), @RequirePolicy() or @Public() but handles no requests, so that it has no effect. Move it to a controller or a handler'

const NO_ROUTE =
  'handles messages or GraphQL, for which @Scopes() and @RequirePolicy() are not supported. Use @Public(), and check the token with verifier.verify(token, policy)'

/** Combines the policies of every route at start and not on its first request. */
function compileRoutes(type: Target, guards: RouteGuards): void {
  const names = withSuperclasses(type).flatMap((one) => Object.getOwnPropertyNames(prototypeOf(one)))
  // The constructor has the path of its controller.
  for (const name of new Set(names.filter((one) => one !== 'constructor'))) {
    const handler = routeOf(type, name)
    if (handler === undefined) continue
    refuseSilentOverride(type, handler)
    guards.guardOf(type, handler)
  }
}

/** Returns the handler of a name in a controller. Does not evaluate accessors. */
function routeOf(type: Target, name: string): Target | undefined {
  const holder = withSuperclasses(type).find((one) => Object.hasOwn(prototypeOf(one), name)) ?? type
  const handler: unknown = Object.getOwnPropertyDescriptor(prototypeOf(holder), name)?.value
  return typeof handler === 'function' && metadata.hasMetadata(ROUTE, handler) ? handler : undefined
}
