import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { AccessToken } from '../src/model/access-token.js'
import { afterwards, type Awaitable } from '../src/util/awaitable.js'
import type { RefusalResponse } from '../src/bearer/refusal-response.js'
import { readOptions } from '../src/options/read-options.js'
import { custom, type TableOf } from '../src/options/reader.js'
import { unchecked } from '../src/options/readers.js'
import { ConfigurationError } from '../src/options/configuration-error.js'
import { isRecord } from '../src/util/members.js'
import type { Verifier } from '../src/verifier/verifier.js'
import { acceptedToken, Guard, type GuardResult } from '../src/guard/guard.js'
import { GUARD_OPTIONS, type GuardOptions } from '../src/guard/options.js'
import type { Policy } from '../src/policy/policy.js'
import { compilePolicy } from '../src/policy/compile.js'
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
  policy: unchecked<Policy>('policy'),
  ...GUARD_OPTIONS,
} satisfies TableOf<FastifyGuardOptions>

/**
 * Guards every route of the scope it is registered in and of scopes within. Register it on a child instance
 * to guard only that instance's routes; and before them, with `await`, so that a wrong `config.auth` stops the
 * start. Of a route declared earlier it is found by the first request, which then gets a 500.
 *
 * @throws ConfigurationError, at registration, if the policy, an option or a route's `config.auth` is wrong.
 */
export const m2mGuard = Object.assign(
  async function m2mGuard(app: FastifyInstance, options: FastifyGuardOptions): Promise<void> {
    const { verifier, policy, ...settings } = readOptions('m2mGuard', options, M2M_GUARD_OPTIONS, 'guard.')
    const guardOptions = withoutUndefined(settings) as GuardOptions<FastifyOnRefusal>
    const guardFor = (added: Policy | undefined): FastifyGuard => new Guard(verifier, added, guardOptions)
    const guardAll = guardFor(policy)

    // A second guard, here or in a scope within, finds what the first one added.
    if (!app.hasDecorator(INSTALLED)) app.decorateRequest('auth', null)
    const installed = Object.hasOwn(app, INSTALLED) ? installation(app) : { guardFor }
    // Further guards are made the way of the guard that was registered last in this scope.
    installed.guardFor = guardFor
    if (!Object.hasOwn(app, INSTALLED)) {
      app.decorate(INSTALLED, installed)
      app.decorate('guard', (added?: Policy): FastifyGuardHook => {
        return hookOf(installed.guardFor(added))
      })
    }
    app.addHook('onRoute', (route) => {
      if (!isRecord(route.config) || !Object.hasOwn(route.config, 'auth')) return
      const own = route.config['auth']
      if (own === false) return
      const where = `${String(route.method)} ${route.url}: config.auth`
      if (!isRecord(own))
        throw new ConfigurationError(where, 'must be a policy, or false to leave the route open')
      // Compiled here so that a wrong policy stops the start and not the first request.
      compilePolicy(where, own)
    })
    app.addHook('onRequest', (request, reply, done) => {
      const own = ownAuth(request.routeOptions.config)
      if (own === false) {
        done()
        return
      }
      const admitted = admits(guardAll, request, reply)
      if (own === undefined) conclude(admitted, done)
      else conclude(admitsByRoute(admitted, routeGuard(own), request, reply), done)
    })

    const routeGuards = new WeakMap<Policy, FastifyGuard>()
    function routeGuard(own: Policy): FastifyGuard {
      let guard = routeGuards.get(own)
      if (guard === undefined) {
        guard = guardFor(own)
        routeGuards.set(own, guard)
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
 * @throws ConfigurationError if the policy or an option is wrong.
 */
export function guard(
  verifier: Verifier,
  policy?: Policy,
  options?: GuardOptions<FastifyOnRefusal>,
): FastifyGuardHook {
  return hookOf(new Guard(verifier, policy, options))
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
      throw new TypeError('guard() must be given to Fastify as an onRequest hook: it goes on by its callback')
    }
    conclude(admits(guard, request, reply), done)
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
  guard: FastifyGuard,
  request: FastifyRequest,
  reply: FastifyReply,
): Awaitable<boolean> {
  if (admitted instanceof Promise) return afterwards(admitted, admitsByRoute, guard, request, reply)
  return admitted && admits(guard, request, reply)
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
    send(reply, response)
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
  await onRefusal(refusal, request, reply)
  // If `onRefusal` does not respond, send the default response.
  if (!reply.sent) send(reply, response)
  return false
}

/** The guard of Fastify's raw requests. */
type FastifyGuard = Guard<FastifyRequest['raw'], FastifyOnRefusal>

/** Goes on to the next hook if the request is admitted; if not, it has been answered. */
function conclude(admitted: Awaitable<boolean>, done: (error?: Error) => void): void {
  if (admitted instanceof Promise) {
    admitted.then((isAdmitted) => {
      if (isAdmitted) done()
    }, done)
  } else if (admitted) {
    done()
  }
}

function send(reply: FastifyReply, { status, headers, body }: RefusalResponse): void {
  const challenges = [reply.getHeader('WWW-Authenticate'), headers['WWW-Authenticate']].flat()
  reply.code(status).headers(headers)
  // Another scheme's challenge may already be there (RFC 9110 section 11.6.1 allows several).
  if (!challenges.includes(undefined)) reply.header('WWW-Authenticate', challenges)
  void reply.send(body)
}

/** The route's own word, not one that a polluted prototype puts into every route's mouth. */
function ownAuth(config: unknown): Policy | false | undefined {
  return isRecord(config) && Object.hasOwn(config, 'auth') ? (config['auth'] as Policy | false) : undefined
}

function withoutUndefined<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}
