import Router from '@koa/router'
import KoaThree from 'koa'
import type { Middleware } from 'koa'
import KoaTwo from 'koa2'
import {
  accessToken,
  guard,
  optionalAccessToken,
  requirePolicy,
  requireScopes,
  type KoaGuardOptions,
  type KoaOnRefusal,
} from '../../../adapters/koa.js'
import type { AccessToken } from '../../../src/index.js'
import {
  BROKEN_ON_REFUSAL,
  failLater,
  nothingSeen,
  propertiesOf,
  whoIs,
  writeLate,
  type Framework,
  type OnRefusalManner,
  type Plan,
  type RoutePlan,
  type Seen,
  type Step,
  type StepOptions,
} from './plan.js'
import { runWithSupertest } from './server.js'

export const koa3 = koaFramework('Koa 3', KoaThree)
export const koa2 = koaFramework('Koa 2', KoaTwo)

function koaFramework(name: string, Koa: typeof KoaThree): Framework {
  return {
    name,
    hasDemands: true,
    hasProperty: true,
    async start(plan) {
      const seen = nothingSeen()
      const app = new Koa()
      // Koa prints the errors to which it responds 500.
      app.silent = true
      const add = (target: Router, route: RoutePlan): void => {
        const steps = (route.steps ?? []).map((step) => middlewareOf(step, plan, seen))
        target[route.method ?? 'get'](route.path, ...steps, handlerOf(route, seen))
      }
      const mount = (routes: readonly RoutePlan[]): void => {
        const router = new Router()
        for (const route of routes) add(router, route)
        app.use(router.routes())
      }
      app.use(async (context, next) => {
        Object.assign(context.state, plan.foreign)
        if (plan.otherChallenge !== undefined) context.set('WWW-Authenticate', plan.otherChallenge)
        if (plan.preflight === true && context.method === 'OPTIONS') context.status = 204
        else await next()
      })
      mount(plan.open ?? [])
      for (const step of plan.app ?? []) app.use(middlewareOf(step, plan, seen))
      mount(plan.routes ?? [])
      if (plan.router !== undefined) {
        const router = new Router({ prefix: '/api' })
        for (const step of plan.router.steps ?? []) router.use(middlewareOf(step, plan, seen))
        for (const route of plan.router.routes) add(router, route)
        app.use(router.routes())
      }
      const answer = app.callback()
      return runWithSupertest((request, response) => void answer(request, response), seen)
    },
  }
}

function handlerOf({ path, handler = 'who' }: RoutePlan, seen: Seen): Middleware {
  return async (context) => {
    seen.handled.push(path)
    switch (handler) {
      case 'who':
        context.body = whoIs((context.state as { auth?: AccessToken }).auth, () => accessToken(context))
        return
      case 'properties':
        context.body = propertiesOf(context.state, optionalAccessToken(context))
        return
      case 'body':
        context.body = { received: await readJson(context.req, seen) }
        return
      case 'fails':
        await failLater()
    }
  }
}

async function readJson(request: AsyncIterable<Buffer>, seen: Seen): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  seen.bodies += 1
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown
}

function middlewareOf(step: Step, plan: Plan, seen: Seen): Middleware {
  switch (step.kind) {
    case 'guard':
      return guard(step.verifier ?? plan.verifier, step.policy, optionsOf(step.options, seen))
    case 'scopes':
      return requireScopes(...step.demands)
    case 'policy':
      return requirePolicy(step.policy)
  }
}

function optionsOf(options: StepOptions | undefined, seen: Seen): KoaGuardOptions | undefined {
  if (options === undefined) return undefined
  const { onRefusal, ...rest } = options
  return onRefusal === undefined ? rest : { ...rest, onRefusal: onRefusalOf(onRefusal, seen) }
}

function onRefusalOf(manner: OnRefusalManner, seen: Seen): KoaOnRefusal {
  return (refusal, context) => {
    seen.refusals.push(refusal)
    switch (manner) {
      case 'answers':
        context.status = 418
        context.set('Content-Type', 'text/plain')
        context.body = 'own answer'
        return
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
        seen.late.push(() => {
          context.status = 418
          context.set('x-late', '1')
          context.body = 'late'
        })
        return
      case 'writes late':
        seen.late.push(() => writeLate(context.res, seen))
        return
    }
  }
}
