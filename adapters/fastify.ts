/** Guard for Fastify 5: a plugin, and a hook. @module m2m-guard/fastify */
import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { AccessToken } from '../src/model/access-token.js'
import { readOptions } from '../src/options/read-options.js'
import type { Verifier } from '../src/verifier/verifier.js'
import { checkGuardArguments, policyArgument, scopesPolicy } from '../src/guard/arguments.js'
import { acceptedToken, optionalAcceptedToken } from '../src/guard/guard.js'
import { PLUGIN_OPTIONS, type GuardOptions, type PropertyOptions } from '../src/guard/options.js'
import type { Awaitable } from '../src/util/awaitable.js'
import { admits, conclude, failIfAdmitted, type FastifyCheckpoint } from './fastify/admission.js'
import { createCheckpoint, createRequirement, hookOf, type Hook } from './fastify/checkpoint.js'
import { decorateGuard } from './fastify/guard-decorator.js'
import { warnIfNoRoute } from './fastify/route-check.js'
import type { AnyFastifyInstance, FastifyGuardHook, FastifyOnRefusal } from './fastify/types.js'
import { decorateWhenReady } from './fastify/scope-property.js'
import { checkRouteConfig, guardCache, hasAuth } from '../src/guard/route-policy.js'
import type { ScopeDemand } from '../src/model/scopes.js'
import type { Policy } from '../src/policy/policy.js'

export type {
  AnyFastifyInstance,
  AnyFastifyReply,
  AnyFastifyRequest,
  FastifyGuardHook,
  FastifyOnRefusal,
} from './fastify/types.js'

export { revocationEndpoint, revocationFeed, type FastifyEndpointOptions } from './fastify/revocation.js'

/** Options of the plugin {@link m2mGuard}. */
export interface FastifyGuardOptions extends GuardOptions<FastifyOnRefusal>, PropertyOptions {
  /** The verifier, created by `createVerifier()`. Required. */
  readonly verifier: Verifier
  /**
   * Policy for every route of the scope in which the plugin is registered, in addition to the verifier's. The policy of a
   * route adds to it.
   *
   * @defaultValue none
   */
  readonly policy?: Policy
  /**
   * Whether to add `app.guard` and to decorate requests with `property`. With `false` no names of the application are used:
   * `property` is `false` unless it is set, and then it is set on each request without a decorator.
   *
   * @defaultValue `true`
   */
  readonly decorators?: boolean
}

/** Options of {@link guard}. */
export interface FastifyHookOptions extends GuardOptions<FastifyOnRefusal>, PropertyOptions {}

/** A request of Fastify over HTTP/1, https or HTTP/2. */
export interface FastifyRequestHolder {
  /** The request of Node. */
  readonly raw: IncomingMessage | Http2ServerRequest
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The accepted token; `null` before a guard, on public routes, and in report mode for a request to refuse. */
    auth: AccessToken | null
  }
  interface FastifyInstance {
    /** Creates a guard with a further policy, as an `onRequest` hook of a route. */
    guard(policy?: Policy): FastifyGuardHook
  }
  interface FastifyContextConfig {
    /** Policy of the route, in addition to that of the plugin; `false` makes the route public. */
    auth?: Policy | false
  }
}

/**
 * Plugin that guards every route of the scope in which it is registered, and of nested scopes. Register it with `await`
 * before the routes, so that an invalid `config.auth` is an error at start. For a route declared earlier, the first request
 * gets a 500. The `ConfigurationError` is the `cause` of the error that Fastify logs and passes to `onError` hooks.
 *
 * @throws ConfigurationError at registration if the policy, an option or a route's `config.auth` is invalid.
 *
 * @example
 * ```ts
 * await app.register(m2mGuard, { verifier, policy: { maxTokenAge: '1h' } })
 * app.get('/orders', { config: { auth: { scopes: 'orders:read' } } }, (request) => accessToken(request).clientId)
 * app.get('/health', { config: { auth: false } }, () => 'ok')
 * ```
 */
export const m2mGuard = Object.assign(
  async function m2mGuard(instance: AnyFastifyInstance, options: FastifyGuardOptions): Promise<void> {
    const app = instance as FastifyInstance
    const settings = readOptions('m2mGuard', options, PLUGIN_OPTIONS, 'guard.')
    const { verifier, policy, decorators, header, ...others } = settings
    const { optional, property } = others
    const guardOptions = { ...others, ...(header === undefined ? {} : { header }) } as FastifyHookOptions
    const pluginGuard = createCheckpoint(verifier, policy, guardOptions)
    // A requirement of a route needs a token, also behind an optional guard.
    const createRequired = (added: Policy | undefined): FastifyCheckpoint =>
      createCheckpoint(verifier, added, { ...guardOptions, optional: false })
    const requiredGuard = optional ? createRequired(policy) : pluginGuard

    if (decorators) {
      decorateGuard(app, (...args: readonly [policy?: Policy]): FastifyGuardHook => {
        return hookOf(createRequired(policyArgument('app.guard', args)))
      })
      if (property !== false)
        app.addHook('onReady', async () => {
          decorateWhenReady(app, property)
          await Promise.resolve()
        })
    }
    app.addHook('onRoute', ({ config, method, url }) => {
      // Compiled here, so that an invalid policy is an error at start and not on the first request.
      checkRouteConfig(`${String(method)} ${url}: config.auth`, config)
    })
    // One decision on both policies, so that a request has one event.
    const guardOf = guardCache((added) =>
      createCheckpoint(verifier, policy, { ...guardOptions, optional: false }, added),
    )
    function admitsAtRoute(request: FastifyRequest, reply: FastifyReply): Awaitable<boolean> {
      const { config, method, url } = request.routeOptions
      let checkpoint: FastifyCheckpoint
      try {
        checkpoint = guardOf(`${String(method)} ${String(url)}: config.auth`, config.auth)
      } catch (fault) {
        // Unauthenticated callers get the response of the plugin, not the 500 of an invalid configuration.
        return failIfAdmitted(admits(requiredGuard, request, reply), fault)
      }
      return admits(checkpoint, request, reply)
    }
    const hook: Hook = (request, reply, done) => {
      const { config } = request.routeOptions
      if (!hasAuth(config)) {
        conclude(admits(pluginGuard, request, reply), done, reply)
      } else if (config.auth === false) {
        pluginGuard.property.initialize(request)
        done()
      } else {
        conclude(admitsAtRoute(request, reply), done, reply)
      }
    }
    warnIfNoRoute(app, hook)
    app.addHook('onRequest', hook)
    await Promise.resolve()
  },
  // The properties that fastify-plugin sets: hooks belong to the scope in which the plugin is registered.
  {
    [Symbol.for('skip-override')]: true,
    [Symbol.for('fastify.display-name')]: 'm2m-guard',
    [Symbol.for('plugin-meta')]: {
      /** Name by which other plugins can declare a dependency on this one. */ name: 'm2m-guard',
      /** Supported versions of Fastify, as a semver range. Registration fails on others. */ fastify: '5.x',
    },
  },
)

export default m2mGuard

/**
 * Creates an `onRequest` hook that guards one route, or a scope with `app.addHook`, without the plugin. It ignores
 * `config: { auth }`, which belongs to the plugin.
 *
 * @throws ConfigurationError if the verifier, the policy or an option is invalid, or if the policy is `undefined` and the
 *   last argument.
 *
 * @example
 * ```ts
 * app.get('/orders', { onRequest: guard(verifier, { scopes: 'orders:read' }) }, listOrders)
 * ```
 */
export function guard(verifier: Verifier, policy?: Policy, options?: FastifyHookOptions): FastifyGuardHook
export function guard(...args: readonly [Verifier, Policy?, FastifyHookOptions?]): FastifyGuardHook {
  return hookOf(createCheckpoint(...checkGuardArguments(args)))
}

/**
 * Requires scopes on a route behind a guard, as an `onRequest` hook. Every argument is required. A request without them gets
 * 403 `insufficient_scope`. It is a decision of its own; behind the plugin, `config: { auth }` decides together with it.
 *
 * @throws ConfigurationError without scopes, or for an argument that is not a scope.
 *
 * @example
 * ```ts
 * app.post('/orders', { onRequest: requireScopes('orders:write') }, createOrder)
 * ```
 */
export function requireScopes(...scopes: readonly ScopeDemand[]): FastifyGuardHook {
  return hookOf(createRequirement(scopesPolicy(scopes)), 'requireScopes')
}

/**
 * Requires a policy on a route behind a guard, as an `onRequest` hook, in addition to the policy of that guard.
 *
 * @throws ConfigurationError if the policy is invalid, or for a further argument.
 *
 * @example
 * ```ts
 * app.delete('/orders/:id', { onRequest: requirePolicy({ confirmAfter: 0 }) }, deleteOrder)
 * ```
 */
export function requirePolicy(policy: Policy): FastifyGuardHook
export function requirePolicy(...args: readonly [Policy]): FastifyGuardHook {
  return hookOf(createRequirement(policyArgument('requirePolicy', args)), 'requirePolicy')
}

/**
 * Returns the access token that a guard accepted on a request.
 *
 * @throws Error if the route is public, if the guard is in report mode and would have refused the request, and if the guard
 *   is optional and the request has no token.
 *
 * @example
 * ```ts
 * const { clientId, scopes } = accessToken(request)
 * ```
 */
export function accessToken(request: FastifyRequestHolder): AccessToken {
  return acceptedToken(request.raw)
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
export function optionalAccessToken(request: FastifyRequestHolder): AccessToken | undefined {
  return optionalAcceptedToken(request.raw)
}
