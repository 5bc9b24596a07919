import expressFive, { type RequestHandler, type Response, type Router } from 'express'
import expressFour from 'express4'
import {
  accessToken,
  guard,
  optionalAccessToken,
  requirePolicy,
  requireScopes,
  type ExpressGuardOptions,
  type ExpressOnRefusal,
  type ExpressRequest,
} from '../../../adapters/express.js'
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

export const express5 = expressFramework('Express 5', expressFive, { awaitsHandlers: true })
export const express4 = expressFramework('Express 4', expressFour, { awaitsHandlers: false })

function expressFramework(
  name: string,
  express: typeof expressFive,
  { awaitsHandlers }: { readonly awaitsHandlers: boolean },
): Framework {
  return {
    name,
    hasDemands: true,
    hasProperty: true,
    async start(plan) {
      const seen = nothingSeen()
      const app = express()
      const add = (target: Router, route: RoutePlan): void => {
        const steps = (route.steps ?? []).map((step) => middlewareOf(step, plan, seen))
        target[route.method ?? 'get'](route.path, ...steps, ...handlersOf(route, seen))
      }
      app.use((request, response, next) => {
        Object.assign(request, plan.foreign)
        if (plan.otherChallenge !== undefined) response.setHeader('WWW-Authenticate', plan.otherChallenge)
        if (plan.preflight === true && request.method === 'OPTIONS') response.status(204).end()
        else next()
      })
      for (const route of plan.open ?? []) add(app, route)
      for (const step of plan.app ?? []) app.use(middlewareOf(step, plan, seen))
      for (const route of plan.routes ?? []) add(app, route)
      if (plan.router !== undefined) {
        const router = express.Router()
        for (const step of plan.router.steps ?? []) router.use(middlewareOf(step, plan, seen))
        for (const route of plan.router.routes) add(router, route)
        app.use('/api', router)
      }
      return runWithSupertest(app, seen)
    },
  }

  function handlersOf({ path, handler = 'who' }: RoutePlan, seen: Seen): readonly RequestHandler[] {
    switch (handler) {
      case 'who':
        return [
          (request: ExpressRequest, response) => {
            seen.handled.push(path)
            response.json(whoIs(request.auth, () => accessToken(request)))
          },
        ]
      case 'properties':
        return [
          (request, response) => {
            response.json(propertiesOf(request, optionalAccessToken(request)))
          },
        ]
      case 'body':
        return [
          express.json({ limit: '1mb', verify: () => (seen.bodies += 1) }),
          (request, response) => {
            seen.handled.push(path)
            response.json({ received: request.body as unknown })
          },
        ]
      case 'fails':
        return [
          awaitsHandlers
            ? async () => {
                seen.handled.push(path)
                await failLater()
              }
            : (_request, _response, next) => {
                seen.handled.push(path)
                failLater().catch(next)
              },
        ]
    }
  }
}

function middlewareOf(step: Step, plan: Plan, seen: Seen): RequestHandler {
  switch (step.kind) {
    case 'guard':
      return guard(step.verifier ?? plan.verifier, step.policy, optionsOf(step.options, seen))
    case 'scopes':
      return requireScopes(...step.demands)
    case 'policy':
      return requirePolicy(step.policy)
  }
}

function optionsOf(options: StepOptions | undefined, seen: Seen): ExpressGuardOptions | undefined {
  if (options === undefined) return undefined
  const { onRefusal, ...rest } = options
  return onRefusal === undefined ? rest : { ...rest, onRefusal: onRefusalOf(onRefusal, seen) }
}

function onRefusalOf(manner: OnRefusalManner, seen: Seen): ExpressOnRefusal {
  return (refusal, _request, response, next) => {
    seen.refusals.push(refusal)
    switch (manner) {
      case 'answers':
        response.statusCode = 418
        response.end('own answer')
        return
      case 'hands on':
        next(refusal)
        return
      case 'breaks':
        throw new Error(BROKEN_ON_REFUSAL)
      case 'breaks later':
        return Promise.reject(new Error(BROKEN_ON_REFUSAL))
      case 'forgets':
        return
      case 'responds late':
        seen.late.push(() => void (response as Response).status(418).set('x-late', '1').send('late'))
        return
      case 'writes late':
        seen.late.push(() => writeLate(response, seen))
        return
      case 'passes an error late':
        seen.late.push(() => next(refusal))
        return
    }
  }
}
