import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { AccessToken } from '../src/model/access-token.js'
import { afterwards, type Awaitable } from '../src/util/awaitable.js'
import type { RefusalResponse } from '../src/bearer/refusal-response.js'
import { readOptions } from '../src/options/read-options.js'
import { custom, restricting, type TableOf } from '../src/options/reader.js'
import { unchecked } from '../src/options/readers.js'
import { ConfigurationError } from '../src/options/configuration-error.js'
import type { Verifier } from '../src/verifier/verifier.js'
import {
  acceptedToken,
  Guard,
  guardArguments,
  refuseUndefined,
  type GuardResult,
} from '../src/guard/guard.js'
import { GUARD_OPTIONS, type GuardOptions } from '../src/guard/options.js'
import { calls, closeIfBody, ignoreLateWrites } from '../src/guard/node-response.js'
import { checkRouteConfig, hasAuth, misconfigured, readAuth } from '../src/guard/route-policy.js'
import type { Policy } from '../src/policy/policy.js'
import type { Refusal } from '../src/model/refusal.js'

/** Answers a refusal and returns the reply, or throws the refusal: Fastify sends its status and headers. */
export type FastifyOnRefusal = (
  refusal: Refusal,
  request: FastifyRequest,
  reply: FastifyReply,
) => FastifyReply | Promise<FastifyReply>

/** Options of the plugin {@link m2mGuard}. */
export interface FastifyGuardOptions extends GuardOptions<FastifyOnRefusal> {
  readonly verifier: Verifier
  /** Holds for every route of the scope the plugin is registered in; a route's own policy adds to it. */
  readonly policy?: Policy
}

/** An `onRequest` hook: it runs before the body is read. */
export type FastifyGuardHook = (
  request: FastifyRequest,
  reply: FastifyReply,
  done: (error?: Error) => void,
) => void

declare module 'fastify' {
  interface FastifyRequest {
    /** The accepted token, once a guard has let the request pass; `null` before, and on open routes. */
    auth: AccessToken | null
  }
  interface FastifyInstance {
    /** A further guard with its own policy, as an `onRequest` hook of a route. */
    guard(policy?: Policy): FastifyGuardHook
  }
  interface FastifyContextConfig {
    /** The route's own policy, added to the plugin's; `false` leaves the route open. */
    auth?: Policy | false
  }
}

const INSTALLED = Symbol('m2m-guard')

/** What the guards registered in one scope share. */
interface Installation {
  guardFor: (added: Policy | undefined) => FastifyGuard
}

function installation(app: FastifyInstance): Installation {
  // Fastify's type of an instance does not know what is decorated at run time under a symbol.
  return (app as unknown as Record<typeof INSTALLED, Installation>)[INSTALLED]
}

/** The options of {@link m2mGuard}. */
const M2M_GUARD_OPTIONS = {
  verifier: custom<Verifier>('Verifier', (_option, value) => {
    if (value !== undefined) return value as Verifier
    throw new ConfigurationError('m2mGuard.verifier', 'is required: a verifier made by createVerifier()')
  }),
  // Compiled by each guard.
  policy: restricting(unchecked<Policy>('policy')),
  ...GUARD_OPTIONS,
} satisfies TableOf<FastifyGuardOptions>

/**
 * Guards every route of the scope it is registered in and of scopes within. Register it on a child instance
 * to guard only that instance's routes; and before them, with `await`, so that a wrong `config.auth` stops the
 * start. Of a route declared earlier it is found by the first request, which then gets a 500 that does not say why:
 * the `ConfigurationError` is the `cause` of the error that Fastify logs and gives to `onError` hooks.
 *
 * @throws ConfigurationError, at registration, if the policy, an option or a route's `config.auth` is wrong.
 */
export const m2mGuard = Object.assign(
  async function m2mGuard(app: FastifyInstance, options: FastifyGuardOptions): Promise<void> {
    const { verifier, policy, ...settings } = readOptions('m2mGuard', options, M2M_GUARD_OPTIONS, 'guard.')
    const guardOptions = settings as GuardOptions<FastifyOnRefusal>
    const guardFor = (added: Policy | undefined): FastifyGuard => new Guard(verifier, added, guardOptions)
    const guardAll = guardFor(policy)

    // A second guard, here or in a scope within, finds what the first one added.
    if (!app.hasDecorator(INSTALLED)) app.decorateRequest('auth', null)
    const installed = Object.hasOwn(app, INSTALLED) ? installation(app) : { guardFor }
    // Further guards are made the way of the guard that was registered last in this scope.
    installed.guardFor = guardFor
    if (!Object.hasOwn(app, INSTALLED)) {
      app.decorate(INSTALLED, installed)
      app.decorate('guard', (...given: readonly [added?: Policy]): FastifyGuardHook => {
        if (given.length > 0) refuseUndefined('app.guard: policy', given[0])
        return hookOf(installed.guardFor(given[0]))
      })
    }
    app.addHook('onRoute', ({ config, method, url }) => {
      // Compiled here so that a wrong policy stops the start and not the first request.
      checkRouteConfig(`${String(method)} ${url}: config.auth`, config)
    })
    app.addHook('onRequest', (request, reply, done) => {
      const { config } = request.routeOptions
      if (!hasAuth(config)) {
        conclude(admits(guardAll, request, reply), done, reply)
      } else if (config.auth === false) {
        done()
      } else {
        const admitted = admits(guardAll, request, reply)
        conclude(admitsByRoute(admitted, routeGuard, request, reply), done, reply)
      }
    })

    const routeGuards = new WeakMap<Policy, FastifyGuard>()
    function routeGuard({ routeOptions: { config, method, url } }: FastifyRequest): FastifyGuard {
      let guard = routeGuards.get(config.auth as Policy)
      if (guard === undefined) {
        const policy = readAuth(`${String(method)} ${String(url)}: config.auth`, config.auth)
        guard = guardFor(policy)
        routeGuards.set(policy, guard)
      }
      return guard
    }
    await Promise.resolve()
  },
  // What fastify-plugin would set: the hooks belong to the scope the plugin is registered in, not to one of
  // its own, and other Fastify versions are refused with a clear message.
  {
    [Symbol.for('skip-override')]: true,
    [Symbol.for('fastify.display-name')]: 'm2m-guard',
    [Symbol.for('plugin-meta')]: { name: 'm2m-guard', fastify: '5.x' },
  },
)

export default m2mGuard

/**
 * Guards one route, or with `app.addHook` a scope, without the plugin: an `onRequest` hook. Routes that it is put on are
 * never open: `config: { auth }` is the plugin's.
 *
 * @throws ConfigurationError if the policy or an option is wrong, or if the policy is `undefined` and is the last
 *   argument.
 */
export function guard(
  verifier: Verifier,
  policy?: Policy,
  options?: GuardOptions<FastifyOnRefusal>,
): FastifyGuardHook
export function guard(
  ...given: readonly [Verifier, Policy?, GuardOptions<FastifyOnRefusal>?]
): FastifyGuardHook {
  return hookOf(new Guard(...guardArguments(given)))
}

/**
 * The access token a guard accepted on this request.
 *
 * @throws Error if the route is open, or the guard only reports and would have refused.
 */
export function accessToken(request: FastifyRequest): AccessToken {
  return acceptedToken(request.raw)
}

function hookOf(guard: FastifyGuard): FastifyGuardHook {
  return (request, reply, done) => {
    // Awaited in a function of one's own it would be through before it has decided, and the route open.
    if (typeof (done as unknown) !== 'function') {
      throw misconfigured(
        new TypeError('guard() must be given to Fastify as an onRequest hook: it continues by its callback'),
      )
    }
    conclude(admits(guard, request, reply), done, reply)
  }
}

/**
 * Whether a guard lets the request pass; otherwise the response was sent. The result is a boolean and not the reply,
 * because a reply is a thenable: awaiting it waits for the response.
 */
function admits(guard: FastifyGuard, request: FastifyRequest, reply: FastifyReply): Awaitable<boolean> {
  const result = guard.enter(request.raw, request.raw)
  return result instanceof Promise
    ? afterwards(result, settleIfConnected, request, reply)
    : settle(result, request, reply)
}

/** Whether the guard of a route lets a request pass that the plugin's guard has admitted. */
function admitsByRoute(
  admitted: Awaitable<boolean>,
  guardOf: (request: FastifyRequest) => FastifyGuard,
  request: FastifyRequest,
  reply: FastifyReply,
): Awaitable<boolean> {
  if (admitted instanceof Promise) return afterwards(admitted, admitsByRoute, guardOf, request, reply)
  if (!admitted) return false
  let guard: FastifyGuard
  try {
    guard = guardOf(request)
  } catch (error) {
    throw misconfigured(error)
  }
  return admits(guard, request, reply)
}

/** If the caller disconnected while the issuer was asked, the handler must not run. */
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
  return handOver(onRefusal, refusal, response, request, reply)
}

async function handOver(
  onRefusal: FastifyOnRefusal,
  refusal: Refusal,
  response: RefusalResponse,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<false> {
  closeIfBody(request.raw, reply.raw)
  // `reply.sent` is false while `onSend` hooks run: a second response would follow.
  if ((await calls(reply, 'send', () => onRefusal(refusal, request, reply))) || reply.sent) return false
  // `onRefusal` did not respond: send the default response, and ignore what it does later.
  ignoreLateWrites(reply.raw)
  send(request, reply, response)
  return false
}

/** The guard of Fastify's raw requests. */
type FastifyGuard = Guard<FastifyRequest['raw'], FastifyOnRefusal>

/** Continues with the next hook if the request is admitted; if not, the response was sent. */
function conclude(admitted: Awaitable<boolean>, done: (error?: Error) => void, reply: FastifyReply): void {
  if (admitted instanceof Promise) {
    admitted
      .then((isAdmitted) => {
        if (isAdmitted) done()
      }, done)
      .catch((error: unknown) => {
        // Thrown by `done` itself: nobody else would catch it.
        abandon(reply, error)
      })
  } else if (admitted) {
    done()
  }
}

function abandon(reply: FastifyReply, error: unknown): void {
  reply.log.error({ err: error }, 'an error was thrown behind a guard')
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
  // Another scheme's challenge may already be there (RFC 9110 section 11.6.1 allows several).
  if (!challenges.includes(undefined)) reply.header('WWW-Authenticate', challenges)
  void reply.send(body)
}
