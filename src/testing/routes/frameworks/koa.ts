import { joinPaths, pathPart, ROOT, type PathPart } from '../path.js'
import { sampleRegExp } from '../sample-regexp.js'
import { mergeMethods, routeEntry, unreadable, within, type Inspection } from '../route.js'

type Middleware = ((...args: never[]) => unknown) & { readonly router?: unknown }

/** What is read of a layer of `@koa/router`. */
interface KoaLayer {
  readonly path: unknown
  readonly methods: readonly string[]
  readonly regexp?: RegExp
  readonly stack: readonly ((...args: never[]) => unknown)[]
}

/** What is read of a router of `@koa/router`. */
export interface KoaRouter {
  readonly stack: readonly KoaLayer[]
  readonly host?: unknown
}

/** Source of what koa-compose and koa-mount return. Both keep other middleware in a closure. */
const HIDES_MIDDLEWARE = /\breturn dispatch\(0\)|\bmountPath\b/

/** Returns the middleware of a Koa app, or `undefined` for any other value. */
export function koaMiddleware(app: object): readonly Middleware[] | undefined {
  const middleware: unknown = Reflect.get(app, 'middleware')
  return typeof Reflect.get(app, 'callback') === 'function' && Array.isArray(middleware)
    ? (middleware as Middleware[])
    : undefined
}

/** Whether a value is a router of `@koa/router`. */
export function isKoaRouter(value: unknown): value is KoaRouter {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof Reflect.get(value, 'routes') === 'function' &&
    Array.isArray(Reflect.get(value, 'stack'))
  )
}

/** Reads the routes of a Koa app. */
export function inspectKoa(middleware: readonly Middleware[]): Inspection {
  const found: Inspection = { entries: [], unreadable: [] }
  for (const [index, one] of middleware.entries()) {
    const where = one.name === '' ? `app.middleware[${index}]` : one.name
    if (one.router !== undefined) {
      if (!isKoaRouter(one.router))
        throw unreadable(`${where} has a router whose list of routes cannot be read`)
      addRouter(one.router, `router (app.middleware[${index}])`, found)
    } else if (HIDES_MIDDLEWARE.test(Function.prototype.toString.call(one))) {
      const description = `${where}, which keeps other middleware in a closure (koa-compose or koa-mount),`
      found.unreadable.push({ path: ROOT, description, registered: where })
    } else if (!['guard', 'requireScopes', 'requirePolicy', 'allowedMethods'].includes(one.name)) {
      found.entries.push(routeEntry('USE', ROOT, where, { kind: 'middleware' }))
    }
  }
  return found
}

/** Reads the routes of a router of `@koa/router`. */
export function inspectKoaRouter(router: KoaRouter): Inspection {
  const found: Inspection = { entries: [], unreadable: [] }
  addRouter(router, 'router', found)
  return found
}

function addRouter(router: KoaRouter, registered: string, found: Inspection): void {
  const headers = hostHeader(router.host, registered)
  for (const layer of router.stack) {
    const part = layerPath(layer, registered)
    const last = layer.stack.at(-1)
    if (layer.methods.length === 0) {
      if (last !== undefined && HIDES_MIDDLEWARE.test(Function.prototype.toString.call(last))) {
        const description = `middleware of the ${registered} at ${part.text || '/'}, which keeps other middleware in a closure,`
        found.unreadable.push({ path: part, description, registered })
      }
      continue
    }
    const name = last?.name ?? ''
    const where = within(registered, name === '' ? 'a handler without a name' : name)
    for (const method of mergeMethods(layer.methods))
      found.entries.push(routeEntry(method, part, where, { headers }))
  }
}

function layerPath({ path, regexp, methods }: KoaLayer, registered: string): PathPart {
  if (typeof path !== 'string' && !(path instanceof RegExp))
    throw unreadable(`the path of a route (${registered}) is neither a string nor a regular expression`)
  const isMatch = (sample: string): boolean => regexp === undefined || regexp.test(sample)
  const part = pathPart(path, methods.length === 0 ? () => true : isMatch)
  return joinPaths(ROOT, part.text === '' ? { text: '/', sample: '/' } : part)
}

function hostHeader(host: unknown, registered: string): Readonly<Record<string, string>> {
  if (host === undefined || host === '') return {}
  const first: unknown = Array.isArray(host) ? host[0] : host
  if (typeof first === 'string') return { host: first }
  const sample =
    first instanceof RegExp ? sampleRegExp(first.source).find((one) => first.test(one)) : undefined
  if (sample === undefined)
    throw unreadable(`no host name could be derived for the host of the ${registered}`)
  return { host: sample }
}
