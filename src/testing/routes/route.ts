import { ConfigurationError } from '../../options/configuration-error.js'
import type { PathPart } from './path.js'

/** A route of an app, as {@link listRoutes} returns it. */
export interface ListedRoute {
  /** Method in capitals, or `'ALL'` for a route that handles every method. */
  readonly method: string
  /**
   * Path as it was registered, with the paths of the routers around it, such as `/internal/orders/:id`. A regular
   * expression stands as its source.
   */
  readonly path: string
  /** Where the route is registered: the routers around it, and the name of the handler if it has one. */
  readonly registered: string
}

/** A route, or middleware that may respond, with what a request needs to reach it. */
export interface RouteEntry extends ListedRoute {
  /** A `static` entry serves files, so that only the call of its handler shows that it is open. */
  readonly kind: 'route' | 'static' | 'middleware'
  /** A path that the route matches; `undefined` if none could be derived. */
  readonly sample: string | undefined
  /** Further paths that the route matches: see {@link PathPart}. */
  readonly variants: readonly string[]
  /** Headers that the route requires, such as `Host`. */
  readonly headers: Readonly<Record<string, string>>
  /** Calls back whenever the handler runs, until the returned function is called. */
  readonly observe?: (onCall: () => void) => () => void
}

/** A part of an app whose routes cannot be read, because the framework keeps it in a closure. */
export interface UnreadablePart {
  /** Path at which it is mounted. */
  readonly path: PathPart
  readonly description: string
  /** Chain of routers around it. */
  readonly registered: string
}

/** What was found in an app. */
export interface Inspection {
  readonly entries: RouteEntry[]
  readonly unreadable: UnreadablePart[]
}

/** Creates an entry. */
export function routeEntry(
  method: string,
  { text, sample, variants = [] }: PathPart,
  registered: string,
  rest: Partial<Pick<RouteEntry, 'kind' | 'headers' | 'observe'>> = {},
): RouteEntry {
  const upper = method === '_ALL' ? 'ALL' : method.toUpperCase()
  return {
    kind: 'route',
    headers: {},
    method: upper,
    path: text || '/',
    sample,
    variants,
    registered,
    ...rest,
  }
}

/** Error for a part that cannot be read. */
export function unreadable(problem: string): ConfigurationError {
  return new ConfigurationError('listRoutes.app', problem)
}

/** Appends a router or handler to the description of where a route is registered. */
export function within(registered: string, part: string): string {
  return registered === '' ? part : `${registered} > ${part}`
}

/** Methods of a route that handles every method, among others. */
export const COMMON_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/** Less common methods that a route for every method handles too. */
export const OTHER_METHODS = ['PROPFIND', 'REPORT']

/** Returns `['ALL']` for a list with every common method, which `app.all()` registers one by one. */
export function mergeMethods(methods: readonly string[]): readonly string[] {
  return COMMON_METHODS.every((method) => methods.includes(method)) ? ['ALL'] : methods
}
