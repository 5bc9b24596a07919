import { ConfigurationError } from '../options/configuration-error.js'
import { compilePolicy } from '../policy/compile.js'
import type { Policy } from '../policy/policy.js'
import { isObjectPrototype, isRecord } from '../util/members.js'
import { refuseUndefined } from './guard.js'

/** Whether the route's own configuration has the property: a polluted prototype would give it to every route. */
export function hasAuth(config: unknown): config is { readonly auth: unknown } {
  return isRecord(config) && Object.hasOwn(config, 'auth')
}

/**
 * Checks the `auth` of a route's configuration when the route is declared. Fastify copies the own enumerable properties of
 * the configuration only, so that it would drop an `auth` of a class or of another object, and with it what it requires.
 *
 * @throws ConfigurationError unless `auth` is absent, or an own enumerable policy or false.
 */
export function checkRouteConfig(where: string, config: unknown): void {
  if (!isRecord(config)) return
  let holder: object | null = config
  while (holder !== null && !Object.hasOwn(holder, 'auth'))
    holder = Object.getPrototypeOf(holder) as object | null
  // A polluted `Object.prototype` would give it to every route.
  if (holder === null || isObjectPrototype(holder)) return
  if (!Object.prototype.propertyIsEnumerable.call(config, 'auth')) {
    throw new ConfigurationError(
      where,
      'is inherited or not enumerable, and Fastify drops it; set it in a plain object',
    )
  }
  readAuth(where, config['auth'])
}

/**
 * The policy that a route's own configuration adds; for `false` an empty one.
 *
 * @throws ConfigurationError unless `auth` is a policy or false.
 */
export function readAuth(where: string, auth: unknown): Policy {
  refuseUndefined(where, auth)
  if (auth === false) return {}
  if (!isRecord(auth))
    throw new ConfigurationError(where, 'must be a policy, or false to leave the route open')
  compilePolicy(where, auth)
  return auth
}

/**
 * An error of the configuration that was found by a request. Fastify sends the message of an error to the caller, so the
 * reason is its `cause`, for logs and `onError` hooks.
 */
export function misconfigured(cause: unknown): Error {
  return new Error('Internal Server Error', { cause })
}
