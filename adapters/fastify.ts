/** Guard for Fastify 5: a plugin, and a hook. @module m2m-guard/fastify */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { AccessToken } from '../src/model/access-token.js'
import { afterwards, type Awaitable } from '../src/util/awaitable.js'
import type { RefusalResponse } from '../src/bearer/refusal-response.js'
import { readOptions } from '../src/options/read-options.js'
import type { Verifier } from '../src/verifier/verifier.js'
import { acceptedToken, checkGuardArguments, Guard, refuseUndefined } from '../src/guard/guard.js'
import type { GuardResult } from '../src/guard/guard.js'
import { PLUGIN_OPTIONS, type GuardOptions } from '../src/guard/options.js'
import { closeIfBody, ignoreLateWrites, isMethodCalled } from '../src/guard/node-response.js'
import { checkRouteConfig, createConfigurationFault, guardCache, hasAuth } from '../src/guard/route-policy.js'
import type { Policy } from '../src/policy/policy.js'
import type { Refusal } from '../src/model/refusal.js'

/**
 * Custom response to a refusal. Sends a response and returns the reply, or throws the refusal, so that Fastify sends its
 * status and headers.
 *
 * @example
 * ```ts
 * const onRefusal: FastifyOnRefusal = ({ status, error }, request, reply) => reply.code(status).send({ code: error })
 * ```
 */
export type FastifyOnRefusal = (
  refusal: Refusal,
  request: FastifyRequest,
  reply: FastifyReply,
) => FastifyReply | Promise<FastifyReply>

/** Options of the plugin {@link m2mGuard}. */
export interface FastifyGuardOptions extends GuardOptions<FastifyOnRefusal> {
  /** The verifier, created by `createVerifier()`. Required. */
  readonly verifier: Verifier
  /**
   * Policy for every route of the scope in which the plugin is registered, in addition to the verifier's. The policy of a
   * route adds to it.
   *
   * @defaultValue none
   */
  readonly policy?: Policy
}

/** An `onRequest` hook, which runs before the body is read. */
export type FastifyGuardHook = (
  request: FastifyRequest,
  reply: FastifyReply,
  done: (error?: Error) => void,
) => void

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

const INSTALLED = Symbol('m2m-guard')

/** State shared by the guards registered in one scope. */
interface Installation {
  createGuard: (policy: Policy | undefined) => FastifyGuard
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
  async function m2mGuard(app: FastifyInstance, options: FastifyGuardOptions): Promise<void> {
    const { verifier, policy, ...settings } = readOptions('m2mGuard', options, PLUGIN_OPTIONS, 'guard.')
    const guardOptions = settings as GuardOptions<FastifyOnRefusal>
    const createGuard = (added: Policy | undefined): FastifyGuard => new Guard(verifier, added, guardOptions)
    const pluginGuard = createGuard(policy)

    // The decorator exists if the plugin is already registered in this scope or an outer one.
    if (!app.hasDecorator(INSTALLED)) app.decorateRequest('auth', null)
    const isInstalled = Object.hasOwn(app, INSTALLED)
    const installed = isInstalled ? (Reflect.get(app, INSTALLED) as Installation) : { createGuard }
    // `app.guard()` uses the options of the last registration in this scope.
    installed.createGuard = createGuard
    if (!isInstalled) {
      app.decorate(INSTALLED, installed)
      app.decorate('guard', (...args: readonly [policy?: Policy]): FastifyGuardHook => {
        if (args.length > 0) refuseUndefined('app.guard: policy', args[0])
        return hookOf(installed.createGuard(args[0]))
      })
    }
    app.addHook('onRoute', ({ config, method, url }) => {
      // Compiled here, so that an invalid policy is an error at start and not on the first request.
      checkRouteConfig(`${String(method)} ${url}: config.auth`, config)
    })
    app.addHook('onRequest', (request, reply, done) => {
      const { config } = request.routeOptions
      if (!hasAuth(config)) {
        conclude(admits(pluginGuard, request, reply), done, reply)
      } else if (config.auth === false) {
        done()
      } else {
        conclude(admitsAtRoute(request, reply), done, reply)
      }
    })

    // One decision on both policies, so that a request has one event.
    const guardOf = guardCache(
      (added): FastifyGuard => new Guard(verifier, policy, guardOptions, undefined, added),
    )
    function admitsAtRoute(request: FastifyRequest, reply: FastifyReply): Awaitable<boolean> {
      const { config, method, url } = request.routeOptions
      try {
        const guard = guardOf(`${String(method)} ${String(url)}: config.auth`, config.auth)
        return admits(guard, request, reply)
      } catch (fault) {
        // Unauthenticated callers get the response of the plugin, not the 500 of an invalid configuration.
        return failIfAdmitted(admits(pluginGuard, request, reply), fault)
      }
    }
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
export function guard(
  verifier: Verifier,
  policy?: Policy,
  options?: GuardOptions<FastifyOnRefusal>,
): FastifyGuardHook
export function guard(
  ...args: readonly [Verifier, Policy?, GuardOptions<FastifyOnRefusal>?]
): FastifyGuardHook {
  return hookOf(new Guard(...checkGuardArguments(args)))
}

/**
 * Returns the access token that a guard accepted on a request.
 *
 * @throws Error if the route is public, or the guard is in report mode and would have refused the request.
 *
 * @example
 * ```ts
 * const { clientId, scopes } = accessToken(request)
 * ```
 */
export function accessToken(request: FastifyRequest): AccessToken {
  return acceptedToken(request.raw)
}

function hookOf(guard: FastifyGuard): FastifyGuardHook {
  return (request, reply, done) => {
    // Awaited in a custom hook, the guard would return before it has decided, and the route would be unprotected.
    if (typeof (done as unknown) !== 'function') {
      throw createConfigurationFault(new TypeError('guard() must be passed to Fastify as an onRequest hook'))
    }
    conclude(admits(guard, request, reply), done, reply)
  }
}

/**
 * Whether a guard accepts the request; otherwise the response was sent. The result is a boolean and not the reply,
 * because a reply is a thenable, and awaiting it waits for the response.
 */
function admits(guard: FastifyGuard, request: FastifyRequest, reply: FastifyReply): Awaitable<boolean> {
  const result = guard.enter(request.raw, request.raw)
  return result instanceof Promise
    ? afterwards(result, settleIfConnected, request, reply)
    : settle(result, request, reply)
}

/** Throws the error of a route's configuration if the plugin's guard accepts the request. */
function failIfAdmitted(admitted: Awaitable<boolean>, fault: unknown): Awaitable<boolean> {
  if (admitted instanceof Promise) return afterwards(admitted, failIfAdmitted, fault)
  if (!admitted) return false
  throw fault
}

/** Does not run the handler if the caller disconnected during a call to the issuer. */
function settleIfConnected(
  result: GuardResult<FastifyOnRefusal>,
  request: FastifyRequest,
  reply: FastifyReply,
): Awaitable<boolean> {
  if (!reply.raw.destroyed) return settle(result, request, reply)
  reply.hijack()
  return false
}

function settle(
  result: GuardResult<FastifyOnRefusal>,
  request: FastifyRequest,
  reply: FastifyReply,
): Awaitable<boolean> {
  if (!result.passes) return refuse(result, request, reply)
  request.auth = result.token ?? null
  return true
}

function refuse(
  { refusal, response, onRefusal }: Extract<GuardResult<FastifyOnRefusal>, { passes: false }>,
  request: FastifyRequest,
  reply: FastifyReply,
): Awaitable<false> {
  if (onRefusal === undefined) {
    send(request, reply, response)
    return false
  }
  return callOnRefusal(onRefusal, refusal, response, request, reply)
}

async function callOnRefusal(
  onRefusal: FastifyOnRefusal,
  refusal: Refusal,
  response: RefusalResponse,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<false> {
  closeIfBody(request.raw, reply.raw)
  // `reply.sent` is false while `onSend` hooks run: a second response would follow.
  if ((await isMethodCalled(reply, 'send', () => onRefusal(refusal, request, reply))) || reply.sent)
    return false
  // `onRefusal` did not respond: send the default response and ignore later writes.
  ignoreLateWrites(reply.raw)
  send(request, reply, response)
  return false
}

/** A guard whose key is the request of `node:http`. */
type FastifyGuard = Guard<FastifyRequest['raw'], FastifyOnRefusal>

/** Continues with the next hook if the request is accepted. Otherwise the response was sent. */
function conclude(admitted: Awaitable<boolean>, done: (error?: Error) => void, reply: FastifyReply): void {
  if (admitted instanceof Promise) {
    admitted
      .then((isAdmitted) => {
        if (isAdmitted) done()
      }, done)
      .catch((error: unknown) => {
        // Thrown by `done`, and otherwise unhandled.
        abandon(reply, error)
      })
  } else if (admitted) {
    done()
  }
}

function abandon(reply: FastifyReply, error: unknown): void {
  reply.log.error(
    { err: error },
    'an error was thrown behind a guard. Handle it in the error handler of Fastify',
  )
  if (!reply.sent && !reply.raw.headersSent) void reply.send(error)
}

function send(
  request: FastifyRequest,
  reply: FastifyReply,
  { status, headers, body }: RefusalResponse,
): void {
  const challenges = [reply.getHeader('WWW-Authenticate'), headers['WWW-Authenticate']].flat()
  reply.code(status).headers(headers)
  if (closeIfBody(request.raw, reply.raw)) reply.header('Connection', 'close')
  // The response may already have the challenge of another scheme. RFC 9110 section 11.6.1 allows several.
  if (!challenges.includes(undefined)) reply.header('WWW-Authenticate', challenges)
  void reply.send(body)
}
