import type { Server } from 'node:http'
import { createAdaptorServer } from '@hono/node-server'
import { Hono, type Context, type MiddlewareHandler } from 'hono'
import {
  accessToken,
  guard,
  optionalAccessToken,
  requirePolicy,
  requireScopes,
  type FetchGuardOptions,
  type FetchOnRefusal,
} from '../../../adapters/fetch.js'
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
  type Reply,
  type RoutePlan,
  type RunningApp,
  type Seen,
  type SentRequest,
  type Step,
} from './plan.js'
import { close, listen, withSupertest } from './server.js'

/** Runs one guard like an application: a `Response` refuses the request, any other value accepts it. */
type Ask = (request: Request) => Promise<AccessToken | Response | undefined>

/** Hono with the guard for fetch servers, on its server for Node. */
export const honoWithFetch: Framework = {
  name: 'Hono with m2m-guard/fetch',
  hasDemands: true,
  hasProperty: false,
  async start(plan) {
    const seen = nothingSeen()
    return withSupertest(createAdaptorServer({ fetch: honoApp(plan, seen).fetch }) as Server, seen)
  },
}

interface Variables {
  Variables: { auth: AccessToken | undefined }
}

function honoApp(plan: Plan, seen: Seen): Hono<Variables> {
  const app = new Hono<Variables>()
  app.onError((error) => failure(error))
  app.use(async (context, next) => {
    if (plan.preflight === true && context.req.method === 'OPTIONS') return context.body(null, 204)
    return next()
  })
  const add = (target: Hono<Variables>, route: RoutePlan): void => {
    const asks = asksOf(route.steps ?? [], plan, seen).map(toMiddleware)
    const handler = (context: Context<Variables>): Promise<Response> =>
      handle(route, context.req.raw, context.get('auth'), seen)
    target.on(route.method === 'post' ? 'POST' : 'GET', [route.path], ...asks, handler)
  }
  for (const route of plan.open ?? []) add(app, route)
  for (const ask of asksOf(plan.app ?? [], plan, seen)) app.use(toMiddleware(ask))
  for (const route of plan.routes ?? []) add(app, route)
  if (plan.router !== undefined) {
    const router = new Hono<Variables>()
    for (const ask of asksOf(plan.router.steps ?? [], plan, seen)) router.use(toMiddleware(ask))
    for (const route of plan.router.routes) add(router, route)
    app.route('/api', router)
  }
  return app
}

function toMiddleware(ask: Ask): MiddlewareHandler<Variables> {
  return async (context, next) => {
    const outcome = await ask(context.req.raw)
    if (outcome instanceof Response) return outcome
    context.set('auth', outcome)
    return next()
  }
}

/** A function from `Request` to `Response` without a framework, called directly. */
export const plainFetch: Framework = {
  name: 'plain fetch',
  hasDemands: true,
  hasProperty: false,
  async start(plan): Promise<RunningApp> {
    const seen = nothingSeen()
    const answer = plainHandler(plan, seen)
    const server = createAdaptorServer({ fetch: answer }) as Server
    const port = await listen(server)
    return { seen, server, port, send: (request) => call(answer, request), close: () => close(server) }
  },
}

function plainHandler(plan: Plan, seen: Seen): (request: Request) => Promise<Response> {
  const { app = [], router } = plan
  const entry = (route: RoutePlan, prefix: string, outer: readonly Step[]) => ({
    route,
    path: prefix + route.path,
    asks: asksOf([...outer, ...(route.steps ?? [])], plan, seen),
  })
  const table = [
    ...(plan.open ?? []).map((route) => entry(route, '', [])),
    ...(plan.routes ?? []).map((route) => entry(route, '', app)),
    ...(router?.routes ?? []).map((route) => entry(route, '/api', [...app, ...(router?.steps ?? [])])),
  ]
  const elsewhere = asksOf(app, plan, seen)
  return async (request) => {
    if (plan.preflight === true && request.method === 'OPTIONS') return new Response(null, { status: 204 })
    const { pathname } = new URL(request.url)
    const method = request.method === 'HEAD' ? 'get' : request.method.toLowerCase()
    const found = table.find(({ route, path }) => path === pathname && (route.method ?? 'get') === method)
    try {
      let auth: AccessToken | undefined
      for (const ask of found?.asks ?? elsewhere) {
        const outcome = await ask(request)
        if (outcome instanceof Response) return outcome
        auth = outcome
      }
      if (found === undefined) return new Response('no such page', { status: 404 })
      const answer = await handle(found.route, request, auth, seen)
      return request.method === 'HEAD' ? new Response(null, answer) : answer
    } catch (error) {
      return failure(error)
    }
  }
}

function asksOf(steps: readonly Step[], plan: Plan, seen: Seen): readonly Ask[] {
  return steps.map((step) => {
    switch (step.kind) {
      case 'guard':
        return guardOf(step, plan, seen)
      case 'scopes':
        return requireScopes(...step.demands)
      case 'policy':
        return requirePolicy(step.policy)
    }
  })
}

function guardOf(step: Extract<Step, { kind: 'guard' }>, plan: Plan, seen: Seen): Ask {
  const { onRefusal, mode = 'enforce', ...rest } = step.options ?? {}
  const options: FetchGuardOptions = {
    ...rest,
    ...(onRefusal === undefined ? {} : { onRefusal: onRefusalOf(onRefusal, seen) }),
  }
  const verifier = step.verifier ?? plan.verifier
  return mode === 'report'
    ? guard(verifier, step.policy, { ...options, mode: 'report' })
    : guard(verifier, step.policy, { ...options, mode: 'enforce' })
}

function onRefusalOf(manner: OnRefusalManner, seen: Seen): FetchOnRefusal {
  return (refusal) => {
    seen.refusals.push(refusal)
    switch (manner) {
      case 'answers':
        return new Response('own answer', { status: 418 })
      case 'hands on':
        throw refusal
      case 'breaks':
        throw new Error(BROKEN_ON_REFUSAL)
      case 'breaks later':
        return Promise.reject(new Error(BROKEN_ON_REFUSAL))
      case 'forgets':
      case 'responds late':
      case 'writes late':
      case 'passes an error late':
        // A function in JavaScript may return nothing.
        return undefined as unknown as Response
    }
  }
}

async function handle(
  { path, handler = 'who' }: RoutePlan,
  request: Request,
  auth: AccessToken | undefined,
  seen: Seen,
): Promise<Response> {
  seen.handled.push(path)
  if (handler === 'who') return Response.json(whoIs(auth, () => accessToken(request)))
  if (handler === 'fails') return failLater()
  if (handler === 'properties') return Response.json(propertiesOf({}, optionalAccessToken(request)))
  const received: unknown = await request.json()
  seen.bodies += 1
  return Response.json({ received })
}

/** The error handling of the server, which uses the status and headers of an error. */
function failure(error: unknown): Response {
  return error instanceof Refusal
    ? new Response(error.message, { status: error.status, headers: error.headers })
    : new Response('internal error', { status: 500 })
}

async function call(
  answer: (request: Request) => Promise<Response>,
  { method = 'GET', path, headers = {}, body }: SentRequest,
): Promise<Reply> {
  const init = { method, headers, ...(body === undefined ? {} : { body }) }
  const response = await answer(new Request(new URL(path, 'http://api.internal'), init))
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    text: await response.text(),
  }
}
