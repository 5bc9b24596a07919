import { ConfigurationError } from '../options/configuration-error.js'
import { compilePolicy } from '../policy/compile.js'
import type { Policy } from '../policy/policy.js'
import { isObjectPrototype, isRecord } from '../util/members.js'
import { refuseUndefined } from './arguments.js'

/** Whether `auth` is a property of the route's configuration itself. A polluted prototype would add it to every route. */
export function hasAuth(config: unknown): config is { readonly auth: unknown } {
  return isRecord(config) && Object.hasOwn(config, 'auth')
}

/**
 * Checks the `auth` of a route's configuration when the route is declared. Fastify copies only own enumerable properties of
 * the configuration, so that an inherited `auth` and its requirements would be dropped.
 *
 * @throws ConfigurationError unless `auth` is absent, or an enumerable property of `config` itself that is a policy or false.
 */
export function checkRouteConfig(where: string, config: unknown): void {
  // Fastify also copies the properties of a function or a list.
  if (!isObject(config)) return
  let holder: object | null = config
  while (holder !== null && !Object.hasOwn(holder, 'auth'))
    holder = Object.getPrototypeOf(holder) as object | null
  // A polluted `Object.prototype` would add `auth` to every route.
  if (holder === null || isObjectPrototype(holder)) return
  if (!Object.prototype.propertyIsEnumerable.call(config, 'auth')) {
    throw new ConfigurationError(
      where,
      'is inherited or not enumerable, so that Fastify would drop it. Set it in a plain object',
    )
  }
  readRoutePolicy(where, config.auth)
}

function isObject(value: unknown): value is { readonly auth?: unknown } {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

/**
 * Reads the policy that a route's configuration adds; an empty one for `false`.
 *
 * @throws ConfigurationError unless `auth` is a policy or false.
 */
function readRoutePolicy(where: string, auth: unknown): Policy {
  refuseUndefined(where, auth)
  if (auth === false) return {}
  if (!isRecord(auth))
    throw new ConfigurationError(where, 'must be a policy, or false to make the route public')
  compilePolicy(where, auth)
  return auth
}

/**
 * Returns a function for requests that creates one guard per policy object of a route's configuration. It throws the error
 * of {@link createConfigurationFault} unless `auth` is a policy or false.
 */
export function guardCache<G>(create: (policy: Policy) => G): (where: string, auth: unknown) => G {
  const guards = new WeakMap<Policy, G>()
  return (where, auth) => {
    const cached = guards.get(auth as Policy)
    if (cached !== undefined) return cached
    try {
      const policy = readRoutePolicy(where, auth)
      const guard = create(policy)
      guards.set(policy, guard)
      return guard
    } catch (error) {
      throw createConfigurationFault(error)
    }
  }
}

/**
 * Creates the error for an invalid configuration that a request has found. Fastify sends the message of an error to the
 * caller, so the reason is its `cause`, for logs and `onError` hooks.
 */
export function createConfigurationFault(cause: unknown): Error {
  return new Error('Internal Server Error', { cause })
}
