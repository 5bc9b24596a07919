import { unreadable } from '../route.js'
import type { EmittingServer } from '../serve.js'

/** What is read of an application of NestJS. */
export interface NestApp {
  init(): Promise<unknown>
  getHttpAdapter(): { getInstance(): object }
  /** The server, whose listeners for upgrades are those of WebSocket gateways. */
  getHttpServer(): EmittingServer
}

/** Whether a value is an application of NestJS that serves HTTP. */
export function isNest(app: object): app is NestApp {
  return ['getHttpAdapter', 'getHttpServer', 'init', 'enableShutdownHooks'].every(
    (name) => typeof Reflect.get(app, name) === 'function',
  )
}

/**
 * Returns the app of Express or Fastify below an application of NestJS.
 *
 * @throws ConfigurationError if the application is not initialized, because Nest adds the routes of controllers then.
 */
export function platformOf(app: NestApp): object {
  if (Reflect.get(app, 'isInitialized') !== true)
    throw unreadable(
      'this Nest application is not initialized, so its controllers have not added their routes. Call `await app.init()` first',
    )
  return app.getHttpAdapter().getInstance()
}
