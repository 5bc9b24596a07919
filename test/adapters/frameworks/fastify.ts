import fastify, { type FastifyInstance, type RouteOptions } from 'fastify'
import {
  accessToken,
  m2mGuard,
  optionalAccessToken,
  requirePolicy,
  requireScopes,
  type FastifyGuardHook,
  type FastifyGuardOptions,
  type FastifyOnRefusal,
} from '../../../adapters/fastify.js'
import type { Policy } from '../../../src/index.js'
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
  type Reply,
  type RoutePlan,
  type RunningApp,
  type Seen,
  type SentRequest,
  type Step,
} from './plan.js'

/** Requirements as `config.auth` and `app.guard()`. */
export const fastify5: Framework = { ...fastifyFramework('Fastify 5', false), joinsDemands: true }

/** Requirements as hooks of `requireScopes()` and `requirePolicy()`. */
export const fastify5WithHooks = fastifyFramework('Fastify 5 with requireScopes', true)

function fastifyFramework(name: string, hasDemands: boolean): Framework {
  return { name, hasDemands, hasProperty: true, start: (plan) => start(plan, hasDemands) }
}

async function start(plan: Plan, hasDemands: boolean): Promise<RunningApp> {
  const seen = nothingSeen()
  const app = fastify()
  for (const name of Object.keys(plan.foreign ?? {})) app.decorateRequest(name, null)
  app.addHook('onRequest', async (request, reply) => {
    Object.assign(request, plan.foreign)
    if (plan.otherChallenge !== undefined) reply.header('WWW-Authenticate', plan.otherChallenge)
    return plan.preflight === true && request.method === 'OPTIONS' ? reply.code(204).send() : undefined
  })
  for (const route of plan.open ?? []) app.route(optionsOf(route, false, seen))
  await addSteps(app, plan.app ?? [], plan, seen, hasDemands)
  for (const route of plan.routes ?? []) await addRoute(app, route, plan, seen, hasDemands)
  const { router } = plan
  if (router !== undefined) {
    await app.register(
      async (scope) => {
        await addSteps(scope, router.steps ?? [], plan, seen, hasDemands)
        for (const route of router.routes) await addRoute(scope, route, plan, seen, hasDemands)
      },
      { prefix: '/api' },
    )
  }
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as { readonly port: number }
  return {
    seen,
    server: app.server,
    port,
    send: (request) => inject(app, request),
    async close() {
      app.server.closeAllConnections()
      await app.close()
    },
  }
}

/** Guards a scope: registers guards as plugins, and adds requirements as hooks. */
async function addSteps(
  scope: FastifyInstance,
  steps: readonly Step[],
  plan: Plan,
  seen: Seen,
  hasDemands: boolean,
): Promise<void> {
  for (const step of steps) {
    if (step.kind === 'guard') await scope.register(m2mGuard, pluginOptions(step, plan, seen))
    else scope.addHook('onRequest', hasDemands ? requirementOf(step) : scope.guard(policyOf(step)))
  }
}

/** Guards one route: a guard in a separate scope, and hooks. Without hooks only, the first requirement is `config.auth`. */
async function addRoute(
  scope: FastifyInstance,
  route: RoutePlan,
  plan: Plan,
  seen: Seen,
  hasDemands: boolean,
): Promise<void> {
  const guards = (route.steps ?? []).filter((step) => step.kind === 'guard')
  const demands = (route.steps ?? []).filter((step) => step.kind !== 'guard')
  const add = (target: FastifyInstance): void => {
    if (hasDemands) {
      target.route({ ...optionsOf(route, undefined, seen), onRequest: demands.map(requirementOf) })
      return
    }
    const [first, ...others] = demands.map(policyOf)
    const hooks = others.map((policy) => target.guard(policy))
    target.route({ ...optionsOf(route, first, seen), onRequest: hooks })
  }
  if (guards.length === 0) {
    add(scope)
    return
  }
  await scope.register(async (own) => {
    await addSteps(own, guards, plan, seen, hasDemands)
    add(own)
  })
}

function requirementOf(step: Exclude<Step, { kind: 'guard' }>): FastifyGuardHook {
  return step.kind === 'policy' ? requirePolicy(step.policy) : requireScopes(...step.demands)
}

function policyOf(step: Exclude<Step, { kind: 'guard' }>): Policy {
  return step.kind === 'policy' ? step.policy : { scopes: step.demands as readonly string[] }
}

function optionsOf(route: RoutePlan, auth: Policy | false | undefined, seen: Seen): RouteOptions {
  const { path, handler = 'who' } = route
  return {
    method: route.method === 'post' ? 'POST' : 'GET',
    url: path,
    ...(auth === undefined ? {} : { config: { auth } }),
    // Runs after the body was read and before the handler.
    preHandler: (_request, _reply, done) => {
      if (handler === 'body') seen.bodies += 1
      done()
    },
    handler: async (request) => {
      seen.handled.push(path)
      switch (handler) {
        case 'who':
          return whoIs(request.auth, () => accessToken(request))
        case 'properties':
          return propertiesOf(request, optionalAccessToken(request))
        case 'body':
          return { received: request.body }
        case 'fails':
          return failLater()
      }
    },
  }
}

function pluginOptions(step: Extract<Step, { kind: 'guard' }>, plan: Plan, seen: Seen): FastifyGuardOptions {
  const { onRefusal, ...rest } = step.options ?? {}
  return {
    verifier: step.verifier ?? plan.verifier,
    ...(step.policy === undefined ? {} : { policy: step.policy }),
    ...rest,
    ...(onRefusal === undefined ? {} : { onRefusal: onRefusalOf(onRefusal, seen) }),
  }
}

function onRefusalOf(manner: OnRefusalManner, seen: Seen): FastifyOnRefusal {
  return (refusal, _request, reply) => {
    seen.refusals.push(refusal)
    switch (manner) {
      case 'answers':
        return reply.code(418).send('own answer')
      case 'hands on':
        throw refusal
      case 'breaks':
        throw new Error(BROKEN_ON_REFUSAL)
      case 'breaks later':
        return Promise.reject(new Error(BROKEN_ON_REFUSAL))
      case 'responds late':
        seen.late.push(() => void reply.code(418).header('x-late', '1').send('late'))
        break
      case 'writes late':
        seen.late.push(() => writeLate(reply.raw, seen))
        break
      case 'forgets':
      case 'passes an error late':
    }
    // A function in JavaScript may return nothing.
    return undefined as unknown as typeof reply
  }
}

async function inject(
  app: FastifyInstance,
  { method = 'GET', path, headers, body }: SentRequest,
): Promise<Reply> {
  const answer = await app.inject({
    method,
    url: path,
    ...(headers === undefined ? {} : { headers }),
    ...(body === undefined ? {} : { payload: body }),
  })
  const names = Object.entries(answer.headers).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(', ') : value?.toString(),
  ])
  return {
    status: answer.statusCode,
    headers: Object.fromEntries(names) as Reply['headers'],
    text: answer.body,
  }
}
