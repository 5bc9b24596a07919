import type { FastifyInstance } from 'fastify'
import type { FastifyGuardHook } from './types.js'

let registrations = 0

/**
 * Emits a process warning when the app is ready and no route runs the hook. A plugin that is registered in a scope without
 * routes guards nothing, and the routes that it was meant for are open.
 */
export function warnIfNoRoute(app: FastifyInstance, hook: FastifyGuardHook): void {
  registrations += 1
  const name = `m2mGuard${registrations}`
  Object.defineProperty(hook, 'name', { value: name })
  let hasRoute = false
  app.addHook('onRoute', () => {
    hasRoute = true
  })
  app.addHook('onReady', async () => {
    // Routes that were declared before the plugin was loaded run the hook, but are not passed to `onRoute`.
    if (!hasRoute && !app.printRoutes({ includeHooks: true }).includes(`${name}()`)) warnOfNoRoute()
    await Promise.resolve()
  })
}

function warnOfNoRoute(): void {
  process.emitWarning(
    'm2mGuard is registered in a scope without routes, so that it guards none. It guards the scope in which it is ' +
      'registered and scopes inside it, not outer ones. Register it where the routes are, or wrap the plugin that ' +
      'registers it with fastify-plugin',
    { code: 'M2M_GUARD_NO_ROUTES' },
  )
}
