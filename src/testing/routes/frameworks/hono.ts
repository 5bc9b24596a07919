import { pathPart } from '../path.js'
import { routeEntry, unreadable, type Inspection } from '../route.js'

type Handler = ((...args: never[]) => unknown) & { readonly __COMPOSED_HANDLER?: unknown }

/** What is read of a route of Hono. */
interface HonoRoute {
  readonly path: string
  readonly method: string
  readonly handler: Handler
}

/** Returns the routes of a Hono app, or `undefined` for any other value. */
export function honoRoutes(app: object): readonly HonoRoute[] | undefined {
  const routes: unknown = Reflect.get(app, 'routes')
  if (typeof Reflect.get(app, 'fetch') !== 'function' || !Array.isArray(routes)) return undefined
  return typeof Reflect.get(app, 'basePath') === 'function' ? (routes as HonoRoute[]) : undefined
}

/** Reads the routes of a Hono app, those of `app.route()` and `app.basePath()` included. */
export function inspectHono(routes: readonly HonoRoute[]): Inspection {
  const found: Inspection = { entries: [], unreadable: [] }
  const last = new Map<string, HonoRoute>()
  // Several handlers of one route are several entries with the same method and path. The last one responds, unless an earlier
  // one is middleware that does.
  for (const route of routes) last.set(`${route.method} ${route.path}`, route)
  for (const route of routes) {
    const { method, path } = route
    const handler = targetOf(route.handler)
    const isUse = method === 'ALL' && handler.length > 1
    if (!isUse && last.get(`${method} ${path}`) !== route) continue
    const part = pathPart(path, () => true, 'regexp')
    const where = handler.name === '' ? 'a handler without a name' : handler.name
    if (isMount(handler, method, path)) {
      const mount = path.replace(/\/\*$/, '')
      const description = `the app mounted at ${mount || '/'} with app.mount()`
      const sample = mount.includes(':') ? undefined : mount
      found.unreadable.push({ path: { text: mount, sample }, description, registered: `app at ${mount}` })
    } else if (isUse) {
      // `app.use()` is `app.all()` for Hono, which distinguishes middleware by its second parameter too.
      if (!['guard', 'requireScopes', 'requirePolicy'].includes(handler.name))
        found.entries.push(routeEntry('USE', part, where, { kind: 'middleware' }))
    } else {
      found.entries.push(routeEntry(method, part, where))
    }
  }
  return found
}

/** Returns the handler of a route of a sub-app with an error handler, which Hono wraps. */
function targetOf(handler: Handler): Handler {
  if (typeof handler !== 'function') throw unreadable('a route of this Hono app has no handler')
  const inner = handler.__COMPOSED_HANDLER
  return typeof inner === 'function' ? targetOf(inner as Handler) : handler
}

/** Whether a handler is that of `app.mount()`, which Hono does not mark otherwise. */
function isMount(handler: Handler, method: string, path: string): boolean {
  return (
    method === 'ALL' &&
    path.endsWith('*') &&
    handler.length === 2 &&
    /\bapplicationHandler\b/.test(Function.prototype.toString.call(handler))
  )
}
