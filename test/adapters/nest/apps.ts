import type { DynamicModule, ModuleMetadata, NestApplicationOptions, Type } from '@nestjs/common'
import type { Server } from 'node:http'
import { onTestFinished } from 'vitest'
import type { Nest } from './majors.js'

export const PLATFORMS = ['Express', 'Fastify'] as const
export type Platform = (typeof PLATFORMS)[number]

/** Every version of Nest on every platform. */
export const VERSIONS = ([12, 11, 10] as const).flatMap((major) =>
  PLATFORMS.map((platform) => ({ major, platform })),
)

type Decorator = (...args: never) => unknown
type Handler = (...args: never) => unknown

/** One handler of a controller: its decorators, those of its parameters, and what it does. */
export interface HandlerPlan {
  readonly decorators?: readonly Decorator[]
  readonly parameters?: readonly Decorator[]
  readonly run?: Handler
}

/** Superclass of the classes that {@link classWith} creates. */
class Base {
  readonly isForTests = true
}

/** Applies decorators to a class and its methods, as TypeScript does with `experimentalDecorators`. */
export function classWith(
  decorators: readonly Decorator[],
  handlers: Readonly<Record<string, HandlerPlan>>,
  base: Type = Base,
): Type {
  const type = class extends base {}
  const apply = (decorator: Decorator, ...args: unknown[]): void => {
    Reflect.apply(decorator, undefined, args)
  }
  for (const [name, { decorators: own = [], parameters = [], run = () => 'ok' }] of Object.entries(
    handlers,
  )) {
    Object.defineProperty(type.prototype, name, { value: run, configurable: true, writable: true })
    for (const [index, decorator] of parameters.entries()) apply(decorator, type.prototype, name, index)
    for (const decorator of own.toReversed()) {
      const descriptor = Object.getOwnPropertyDescriptor(type.prototype, name)
      apply(decorator, type.prototype, name, descriptor)
      if (descriptor !== undefined) Object.defineProperty(type.prototype, name, descriptor)
    }
  }
  for (const decorator of decorators.toReversed()) apply(decorator, type)
  return type
}

/** Errors at start are thrown, and nothing is logged. */
export const OPTIONS: NestApplicationOptions = { logger: false, abortOnError: false }

/** A running application of Nest. */
export interface NestApp {
  readonly url: string
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Response>
}

/** Starts an application that is closed at the end of the test. */
export async function startNest(
  { common, core, express, fastify }: Nest,
  metadata: ModuleMetadata & { readonly imports?: (DynamicModule | Type)[] },
  platform: Platform = 'Express',
  prepare: (app: Awaited<ReturnType<typeof core.NestFactory.create>>) => void = () => undefined,
): Promise<NestApp> {
  const root = classWith([common.Module(metadata)], {})
  const adapter = platform === 'Express' ? new express.ExpressAdapter() : new fastify.FastifyAdapter()
  const app = await core.NestFactory.create(root, adapter, OPTIONS)
  onTestFinished(() => app.close())
  prepare(app)
  await app.listen(0, '127.0.0.1')
  const { port } = (app.getHttpServer() as Server).address() as { readonly port: number }
  const url = `http://127.0.0.1:${port}`
  return { url, get: (path, headers = {}) => fetch(`${url}${path}`, { headers }) }
}
