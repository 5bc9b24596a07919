import type { Server } from 'node:http'
import type { CanActivate, ExecutionContext, INestApplication, Type } from '@nestjs/common'
import type { NestExpressApplication } from '@nestjs/platform-express'
import type { NestFastifyApplication } from '@nestjs/platform-fastify'
import type * as Adapter from '../../../adapters/nestjs.js'
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
import { withRunningServer } from './server.js'
import { OPTIONS } from '../nest/apps.js'
import { loadNest, type Nest, type NestMajor } from '../nest/majors.js'

const PLATFORMS = ['Express', 'Fastify'] as const
type Platform = (typeof PLATFORMS)[number]

export const nestFrameworks: readonly Framework[] = ([12, 11, 10] as const).flatMap((major) =>
  PLATFORMS.map((platform) => nestFramework(major, platform)),
)

function nestFramework(major: NestMajor, platform: Platform): Framework {
  return {
    name: `Nest ${major} on ${platform}`,
    hasDemands: false,
    joinsDemands: true,
    guardsHandlers: true,
    hasProperty: true,
    async start(plan) {
      const nest = await loadNest(major)
      const seen = nothingSeen()
      const root = rootModuleOf(nest, plan, seen)
      const platformAdapter =
        platform === 'Express' ? new nest.express.ExpressAdapter() : new nest.fastify.FastifyAdapter()
      const app = await nest.core.NestFactory.create(root, platformAdapter, OPTIONS)
      prepare(app, platform, plan)
      // The first guard of the application is that of the module.
      const [, ...others] = guardStepsOf(plan.app ?? [])
      app.useGlobalGuards(...others.map((step) => guardOf(step, nest, plan, seen)))
      await app.listen(0, '127.0.0.1')
      return withRunningServer(app.getHttpServer() as Server, seen, () => app.close())
    },
  }
}

function prepare(app: INestApplication, platform: Platform, plan: Plan): void {
  if (platform === 'Express') {
    ;(app as NestExpressApplication).use(
      (
        request: object,
        response: { setHeader: (name: string, value: string) => void; statusCode: number; end: () => void },
        next: () => void,
      ) => {
        Object.assign(request, plan.foreign)
        if (plan.otherChallenge !== undefined) response.setHeader('WWW-Authenticate', plan.otherChallenge)
        if (plan.preflight === true && Reflect.get(request, 'method') === 'OPTIONS') {
          response.statusCode = 204
          response.end()
        } else {
          next()
        }
      },
    )
    return
  }
  const fastify = (app as NestFastifyApplication).getHttpAdapter().getInstance()
  for (const name of Object.keys(plan.foreign ?? {})) fastify.decorateRequest(name, null)
  fastify.addHook('onRequest', async (request, reply) => {
    Object.assign(request, plan.foreign)
    if (plan.otherChallenge !== undefined) reply.header('WWW-Authenticate', plan.otherChallenge)
    return plan.preflight === true && request.method === 'OPTIONS' ? reply.code(204).send() : undefined
  })
}

/** One controller per group of routes, because the steps of a group are guards and decorators of its class. */
function rootModuleOf(nest: Nest, plan: Plan, seen: Seen): Type {
  const { adapter, common, core } = nest
  const demands = (plan.app ?? []).filter((step) => step.kind !== 'guard')
  const controllers = [
    controllerOf(nest, { path: '/', routes: plan.open ?? [], steps: [], isPublic: true }, plan, seen),
    controllerOf(nest, { path: '/', routes: plan.routes ?? [], steps: demands, isPublic: false }, plan, seen),
    controllerOf(
      nest,
      {
        path: '/api',
        routes: plan.router?.routes ?? [],
        steps: [...demands, ...(plan.router?.steps ?? [])],
        isPublic: false,
      },
      plan,
      seen,
    ),
  ]
  const RootModule = emptyClass()
  const [step] = guardStepsOf(plan.app ?? [])
  common.Module({
    controllers,
    imports: step !== undefined ? [adapter.M2mGuardModule.forRoot(moduleOptionsOf(step, plan, seen))] : [],
    providers: step !== undefined ? [{ provide: core.APP_GUARD, useClass: adapter.M2mGuard }] : [],
  })(RootModule)
  return RootModule
}

/** Creates a class for the decorators of Nest. */
function emptyClass(): Type {
  return class {
    readonly isForTests = true
  }
}

interface Group {
  readonly path: string
  readonly routes: readonly RoutePlan[]
  readonly steps: readonly Step[]
  readonly isPublic: boolean
}

function controllerOf(nest: Nest, { path, routes, steps, isPublic }: Group, plan: Plan, seen: Seen): Type {
  const { common, adapter } = nest
  const RoutesController = emptyClass()
  const prototype = RoutesController.prototype as Record<string, unknown>
  for (const [index, route] of routes.entries()) {
    const name = `route${index}`
    prototype[name] = handlerOf(nest, route, seen)
    const descriptor = Object.getOwnPropertyDescriptor(prototype, name)!
    const decorators = [
      route.method === 'post' ? common.Post(route.path) : common.Get(route.path),
      common.HttpCode(200),
      ...decoratorsOf(route.steps ?? [], nest, plan, seen),
    ]
    for (const decorator of decorators) decorator(prototype, name, descriptor)
    common.Req()(prototype, name, 0)
  }
  common.Controller(path)(RoutesController)
  if (isPublic) adapter.Public()(RoutesController)
  for (const decorator of decoratorsOf(steps, nest, plan, seen)) decorator(RoutesController)
  return RoutesController
}

function handlerOf({ adapter }: Nest, { path, handler = 'who' }: RoutePlan, seen: Seen) {
  return async (
    request: Adapter.NestRequest & { readonly auth?: never; readonly body?: unknown },
  ): Promise<unknown> => {
    seen.handled.push(path)
    switch (handler) {
      case 'who':
        return whoIs(request.auth, () => adapter.accessToken(request))
      case 'properties':
        return propertiesOf(request, adapter.optionalAccessToken(request))
      case 'body':
        seen.bodies += 1
        return { received: request.body }
      case 'fails':
        return failLater()
    }
  }
}

function decoratorsOf(
  steps: readonly Step[],
  nest: Nest,
  plan: Plan,
  seen: Seen,
): Adapter.ControllerDecorator[] {
  return steps.map((step) => {
    switch (step.kind) {
      case 'guard':
        return nest.common.UseGuards(guardOf(step, nest, plan, seen))
      case 'scopes':
        return nest.adapter.Scopes(...step.demands)
      case 'policy':
        return nest.adapter.RequirePolicy(step.policy)
    }
  })
}

type GuardStep = Extract<Step, { kind: 'guard' }>

function guardStepsOf(steps: readonly Step[]): readonly GuardStep[] {
  return steps.filter((step) => step.kind === 'guard')
}

function guardOf(step: GuardStep, { adapter }: Nest, plan: Plan, seen: Seen): CanActivate {
  return adapter.guard(step.verifier ?? plan.verifier, step.policy, optionsOf(step.options, seen))
}

function moduleOptionsOf(step: GuardStep, plan: Plan, seen: Seen): Adapter.M2mGuardModuleOptions {
  return {
    verifier: step.verifier ?? plan.verifier,
    ...(step.policy === undefined ? {} : { policy: step.policy }),
    ...optionsOf(step.options, seen),
  }
}

function optionsOf(options: StepOptions | undefined, seen: Seen): Adapter.NestGuardOptions | undefined {
  if (options === undefined) return undefined
  const { onRefusal, ...rest } = options
  return onRefusal === undefined ? rest : { ...rest, onRefusal: onRefusalOf(onRefusal, seen) }
}

/** The methods that the responses of Express and Fastify have in common. */
interface CommonResponse {
  readonly raw?: Parameters<typeof writeLate>[0]
  status(status: number): CommonResponse
  header(name: string, value: string): CommonResponse
  send(body: string): unknown
}

function onRefusalOf(manner: OnRefusalManner, seen: Seen): Adapter.NestOnRefusal {
  return (refusal, context: ExecutionContext) => {
    const response = context.switchToHttp().getResponse<CommonResponse>()
    seen.refusals.push(refusal)
    switch (manner) {
      case 'answers':
        return response.status(418).send('own answer')
      case 'hands on':
        throw refusal
      case 'breaks':
        throw new Error(BROKEN_ON_REFUSAL)
      case 'breaks later':
        return Promise.reject(new Error(BROKEN_ON_REFUSAL))
      case 'responds late':
        seen.late.push(() => void response.status(418).header('x-late', '1').send('late'))
        return
      case 'writes late':
        seen.late.push(() =>
          writeLate(response.raw ?? (response as unknown as Parameters<typeof writeLate>[0]), seen),
        )
        return
      case 'forgets':
      case 'passes an error late':
        return
    }
  }
}
