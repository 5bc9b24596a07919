import { expressPath } from './express-path.js'
import { joinPaths, pathPart, ROOT, type PathPart } from '../path.js'
import { mergeMethods, routeEntry, unreadable, within, type Inspection } from '../route.js'

/** What is read of a layer of Express 4 and 5. */
export interface ExpressLayer {
  handle: (...args: never[]) => unknown
  readonly name?: string
  readonly route?: {
    readonly path: unknown
    readonly methods: Readonly<Record<string, boolean>>
    readonly stack: readonly ExpressLayer[]
  }
  /** Express 4. */
  readonly regexp?: RegExp & { readonly fast_slash?: boolean; readonly fast_star?: boolean }
  /** Express 4. */
  readonly keys?: readonly { readonly name: string | number }[]
  /** Express 5, since version 2.3 of its router. */
  readonly rawPath?: unknown
  /** Express 5: mounted at `/`. */
  readonly slash?: boolean
  /** Express 5. */
  readonly match?: (path: string) => boolean
}

/** Routers of the option `mounted`, for versions of Express that do not keep the path of a router. */
export interface KnownRouters {
  readonly pathOf: ReadonlyMap<unknown, string>
  /** Receives the routers that were found in the app itself. */
  readonly readInPlace: Set<unknown>
}

/** Functions of this package and of Express that respond only with a refusal, or never. */
const PASSING = new Set(['guard', 'requireScopes', 'requirePolicy', 'query', 'expressInit'])

/** Returns the layers of an Express app or router, or `undefined` for any other value. */
export function expressStack(app: object): readonly ExpressLayer[] | undefined {
  if (typeof app !== 'function') return undefined
  const own = Reflect.get(app, 'stack') as unknown
  if (Array.isArray(own)) return own as ExpressLayer[]
  if (typeof Reflect.get(app, 'handle') !== 'function' || typeof Reflect.get(app, 'use') !== 'function')
    return undefined
  // In Express 4 `app.router` throws, and `_router` is absent until the first route.
  const router: unknown = Reflect.get(app, 'lazyrouter')
    ? Reflect.get(app, '_router')
    : Reflect.get(app, 'router')
  if (router === undefined) return []
  const stack = Object(router) === router ? (Reflect.get(router as object, 'stack') as unknown) : undefined
  if (!Array.isArray(stack)) throw unreadable('the router of this Express app has no list of layers')
  return stack as ExpressLayer[]
}

/** Reads the routes of an Express app or router. */
export function inspectExpress(stack: readonly ExpressLayer[], known: KnownRouters): Inspection {
  const found: Inspection = { entries: [], unreadable: [] }
  walk(stack, ROOT, '', found, known)
  return found
}

function walk(
  stack: readonly ExpressLayer[],
  outer: PathPart,
  registered: string,
  found: Inspection,
  known: KnownRouters,
): void {
  for (const layer of stack) {
    if (layer.route !== undefined) {
      addRoute(layer, layer.route, outer, registered, found)
    } else {
      for (const part of mountParts(layer, registered, known))
        addMount(layer, joinPaths(outer, part), registered, found, known)
    }
  }
}

function addRoute(
  layer: ExpressLayer,
  route: NonNullable<ExpressLayer['route']>,
  outer: PathPart,
  registered: string,
  found: Inspection,
): void {
  const name = route.stack.at(-1)?.name ?? ''
  const where = within(registered, isNamed(name) ? name : 'a handler without a name')
  for (const path of [route.path].flat(Infinity) as readonly unknown[]) {
    if (typeof path !== 'string' && !(path instanceof RegExp))
      throw unreadable(`the path of a route (${where}) is neither a string nor a regular expression`)
    const part = joinPaths(
      outer,
      pathPart(path, (sample) => matches(layer, sample)),
    )
    const methods = Object.keys(route.methods).filter((method) => route.methods[method])
    for (const method of mergeMethods(methods.map((one) => one.toUpperCase())))
      found.entries.push(routeEntry(method, part, where))
  }
}

function addMount(
  layer: ExpressLayer,
  part: PathPart,
  registered: string,
  found: Inspection,
  known: KnownRouters,
): void {
  const { handle } = layer
  const at = part.text || '/'
  const nested = expressStack(handle)
  if (nested !== undefined) {
    walk(nested, part, within(registered, `router at ${at}`), found, known)
  } else if (handle.name === 'mounted_app') {
    const description = `the Express app mounted at ${at}`
    found.unreadable.push({ path: part, description, registered: within(registered, `app at ${at}`) })
  } else if (handle.name === 'serveStatic') {
    const files = joinPaths(part, { text: '/*', sample: '/m2m-guard-audit' })
    const observe = (onCall: () => void): (() => void) => observeHandle(layer, onCall)
    found.entries.push(
      routeEntry('GET', files, within(registered, 'express.static'), { kind: 'static', observe }),
    )
  } else if (handle.length < 4 && !PASSING.has(handle.name)) {
    // Functions with four parameters handle errors only.
    const where = within(registered, isNamed(handle.name) ? handle.name : 'a function without a name')
    found.entries.push(routeEntry('USE', part, where, { kind: 'middleware' }))
  }
}

/** Replaces the handler of a layer by one that calls back first. */
function observeHandle(layer: ExpressLayer, onCall: () => void): () => void {
  const { handle } = layer
  layer.handle = (...args) => {
    onCall()
    return handle(...args)
  }
  return () => {
    layer.handle = handle
  }
}

/** Returns the paths at which a layer is mounted. */
function mountParts(layer: ExpressLayer, registered: string, known: KnownRouters): readonly PathPart[] {
  if (layer.slash === true || layer.regexp?.fast_slash === true) return [ROOT]
  const matchesLayer = (sample: string): boolean => matches(layer, sample)
  if (layer.regexp !== undefined) return expressPath(layer.regexp, layer.keys ?? [], matchesLayer)
  const paths = layer.rawPath ?? known.pathOf.get(layer.handle)
  if (layer.rawPath === undefined && paths !== undefined) known.readInPlace.add(layer.handle)
  if (paths === undefined) {
    const isRouter = expressStack(layer.handle) !== undefined
    const isHiding = isRouter || ['mounted_app', 'serveStatic'].includes(layer.handle.name)
    // Other middleware is not a route, and its path is not needed.
    if (!isHiding) return []
    const what = within(registered, layer.name ?? 'a router')
    throw unreadable(
      `this version of Express does not keep the path at which ${what} is mounted. Install version 2.3 or newer of ` +
        "the package router, or pass the router with its path: mounted: { '/path': router }",
    )
  }
  return ([paths] as unknown[])
    .flat(Infinity)
    .map((path) => path as string | RegExp)
    .map((path) => pathPart(path, matchesLayer))
}

function matches(layer: ExpressLayer, sample: string): boolean {
  if (layer.regexp !== undefined) return layer.regexp.test(sample)
  return layer.match === undefined || layer.match(sample)
}

function isNamed(name: string): boolean {
  return name !== '' && name !== '<anonymous>' && name !== 'anonymous'
}
