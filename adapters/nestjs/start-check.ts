import type { ModulesContainer } from '@nestjs/core'
import { ConfigurationError } from '../../src/options/configuration-error.js'
import {
  isDecorated,
  metadata,
  membersOf,
  ownPolicies,
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
  for (const member of membersOf(type)) checkMember(type, member)
}

function checkMember(type: Target, { name, handler }: Member): void {
  const where = `${type.name}.${String(name)}`
  const prototype: object = (type as { readonly prototype: object }).prototype
  const current: unknown = Reflect.get(prototype, name)
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
}

const NO_EFFECT =
  'has @Scopes(), @RequirePolicy() or @Public() but handles no requests, so that it has no effect. Move it to a controller or a handler'

const NO_ROUTE =
  'handles messages or GraphQL, for which @Scopes() and @RequirePolicy() are not supported. Use @Public(), and check the token with verifier.verify(token, policy)'

/** Combines the policies of every route at start and not on its first request. */
function compileRoutes(type: Target, guards: RouteGuards): void {
  const prototype: object = (type as { readonly prototype: object }).prototype
  for (
    let holder: object | null = prototype;
    holder !== null;
    holder = Object.getPrototypeOf(holder) as object | null
  ) {
    for (const { value } of Object.values<PropertyDescriptor>(Object.getOwnPropertyDescriptors(holder))) {
      const handler: unknown = value
      if (typeof handler === 'function' && metadata.hasMetadata(ROUTE, handler)) guards.guardOf(type, handler)
    }
  }
}
