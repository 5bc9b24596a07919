import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { AccessToken } from '../src/access-token.js'
import type { RefusalAnswer } from '../src/bearer.js'
import type { Verifier } from '../src/create-verifier.js'
import { acceptedToken, createGuard, type Enter, type GuardOptions } from '../src/guard.js'
import { compilePolicy, type Policy } from '../src/policy.js'
import type { Refusal } from '../src/refusal.js'

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
) => Promise<FastifyReply | undefined>

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

/**
 * Guards every route registered after it in the same scope and in scopes within. Register it on a child
 * instance to guard only that instance's routes.
 *
 * @throws ConfigurationError, at registration, if the policy, an option or a route's `config.auth` is wrong.
 */
export const m2mGuard = Object.assign(
  async function m2mGuard(app: FastifyInstance, options: FastifyGuardOptions): Promise<void> {
    const { verifier, policy, realm, body, mode, onRefusal } = options
    const guardOptions = withoutUndefined({ realm, body, mode, onRefusal })
    const hookFor = (added: Policy | undefined): FastifyGuardHook => {
      const enter = createGuard<FastifyRequest['raw'], FastifyOnRefusal>(verifier, added, guardOptions)
      return (request, reply) => pass(enter, request, reply)
    }
    const guardAll = hookFor(policy)

    app.decorateRequest('auth', null)
    app.decorate('guard', hookFor)
    app.addHook('onRoute', (route) => {
      const own = (route.config as { auth?: unknown } | undefined)?.auth
      if (own === undefined || own === false) return
      // Compiled here so that a wrong policy stops the start and not the first request.
      compilePolicy(`${String(route.method)} ${route.url}: config.auth`, own as Policy)
    })
    app.addHook('onRequest', async (request, reply) => {
      const own = (request.routeOptions.config as { auth?: Policy | false } | undefined)?.auth
      if (own === false) return undefined
      const outcome = await guardAll(request, reply)
      // Not `reply.sent`: that turns true only once the hooks of the answer have run.
      if (outcome !== undefined || own === undefined) return outcome
      return routeGuard(own)(request, reply)
    })

    const routeGuards = new WeakMap<Policy, FastifyGuardHook>()
    function routeGuard(own: Policy): FastifyGuardHook {
      let hook = routeGuards.get(own)
      if (hook === undefined) {
        hook = hookFor(own)
        routeGuards.set(own, hook)
      }
      return hook
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
 * The access token a guard accepted on this request.
 *
 * @throws Error if the route is open, or the guard only reports and would have refused.
 */
export function accessToken(request: FastifyRequest): AccessToken {
  return acceptedToken(request.raw)
}

async function pass(
  enter: Enter<FastifyRequest['raw'], FastifyOnRefusal>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply | undefined> {
  const { method, headers, rawHeaders } = request.raw
  const entry = await enter(request.raw, { method, url: request.originalUrl, headers, rawHeaders })
  // The caller hung up while the issuer was asked: nobody is left to serve.
  if (reply.raw.destroyed) return reply.hijack()
  if (entry.passes) {
    request.auth = entry.token ?? null
    return undefined
  }
  const answered: unknown = await entry.onRefusal?.(entry.refusal, request, reply)
  // A function that forgot to answer has not opened the route.
  return answered !== undefined || reply.sent ? reply : send(reply, entry.answer)
}

function send(reply: FastifyReply, { status, headers, body }: RefusalAnswer): FastifyReply {
  return reply.code(status).headers(headers).send(body)
}

function withoutUndefined<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}
