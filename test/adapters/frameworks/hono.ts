import type { Server } from 'node:http'
import { createAdaptorServer, type HttpBindings } from '@hono/node-server'
import { Hono, type Context, type Handler, type MiddlewareHandler } from 'hono'
import { Hono as HonoFourEight } from 'hono-4.8'
import {
  accessToken,
  guard,
  optionalAccessToken,
  requirePolicy,
  requireScopes,
  type HonoGuardOptions,
  type HonoOnRefusal,
} from '../../../adapters/hono.js'
import { Refusal, type AccessToken } from '../../../src/index.js'
import {
  BROKEN_ON_REFUSAL,
  failLater,
  nothingSeen,
  propertiesOf,
  whoIs,
  type Framework,
  type OnRefusalManner,
  type Plan,
  type RoutePlan,
  type Seen,
  type Step,
  type StepOptions,
} from './plan.js'
import { withSupertest } from './server.js'

interface Env {
  Bindings: HttpBindings
  Variables: { auth: AccessToken } & Record<string, unknown>
}

export const hono4 = honoFramework('Hono 4', Hono)
export const hono48 = honoFramework('Hono 4.8', HonoFourEight)

function honoFramework(name: string, App: typeof Hono): Framework {
  return {
    name,
    hasDemands: true,
    hasProperty: true,
    async start(plan) {
      const seen = nothingSeen()
      const app = new App<Env>()
      app.onError(handleError)
      app.use(async (context, next) => {
        for (const [key, value] of Object.entries(plan.foreign ?? {})) context.set(key, value)
        if (plan.otherChallenge !== undefined) context.header('WWW-Authenticate', plan.otherChallenge)
        if (plan.preflight === true && context.req.method === 'OPTIONS') return context.body(null, 204)
        return next()
      })
      const add = (target: Hono<Env>, route: RoutePlan): void => {
        const steps = (route.steps ?? []).map((step) => middlewareOf(step, plan, seen))
        target.on(route.method === 'post' ? 'POST' : 'GET', [route.path], ...steps, handlerOf(route, seen))
      }
      for (const route of plan.open ?? []) add(app, route)
      for (const step of plan.app ?? []) app.use(middlewareOf(step, plan, seen))
      for (const route of plan.routes ?? []) add(app, route)
      if (plan.router !== undefined) {
        const router = new App<Env>()
        for (const step of plan.router.steps ?? []) router.use(middlewareOf(step, plan, seen))
        for (const route of plan.router.routes) add(router, route)
        app.route('/api', router)
      }
      return withSupertest(createAdaptorServer({ fetch: app.fetch }) as Server, seen)
    },
  }
}

function handlerOf({ path, handler = 'who' }: RoutePlan, seen: Seen): Handler<Env> {
  return async (context) => {
    seen.handled.push(path)
    if (handler === 'who') return context.json(whoIs(context.get('auth'), () => accessToken(context)))
    if (handler === 'properties') return context.json(propertiesOf(context.var, optionalAccessToken(context)))
    if (handler === 'fails') return failLater()
    const received: unknown = await context.req.json()
    seen.bodies += 1
    return context.json({ received })
  }
}

function middlewareOf(step: Step, plan: Plan, seen: Seen): MiddlewareHandler {
  switch (step.kind) {
    case 'guard':
      return guard(step.verifier ?? plan.verifier, step.policy, optionsOf(step.options, seen))
    case 'scopes':
      return requireScopes(...step.demands)
    case 'policy':
      return requirePolicy(step.policy)
  }
}

function optionsOf(options: StepOptions | undefined, seen: Seen): HonoGuardOptions | undefined {
  if (options === undefined) return undefined
  const { onRefusal, ...rest } = options
  return onRefusal === undefined ? rest : { ...rest, onRefusal: onRefusalOf(onRefusal, seen) }
}

function onRefusalOf(manner: OnRefusalManner, seen: Seen): HonoOnRefusal {
  return (refusal, context: Context<Env>) => {
    seen.refusals.push(refusal)
    switch (manner) {
      case 'answers':
        return context.text('own answer', 418)
      case 'hands on':
        throw refusal
      case 'breaks':
        throw new Error(BROKEN_ON_REFUSAL)
      case 'breaks later':
        return Promise.reject(new Error(BROKEN_ON_REFUSAL))
      case 'forgets':
      case 'passes an error late':
        return
      case 'responds late':
      case 'writes late':
        // Middleware of Hono writes to the context, not to the response of Node.
        seen.late.push(() => {
          context.status(418)
          context.header('x-late', '1')
          context.res = new Response('late')
        })
        return
    }
  }
}

/** Uses the status and headers of an error, like the error handling of an application. */
function handleError(error: Error): Response {
  return error instanceof Refusal
    ? new Response(error.message, { status: error.status, headers: error.headers })
    : new Response('internal error', { status: 500 })
}
