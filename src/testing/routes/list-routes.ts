import { ConfigurationError } from '../../options/configuration-error.js'
import { custom, mismatch, optional, type TableOf } from '../../options/reader.js'
import { readOptions } from '../../options/read-options.js'
import { isRecord } from '../../util/members.js'
import { expressStack, inspectExpress, type KnownRouters } from './frameworks/express.js'
import { inspectFastify, isFastify } from './frameworks/fastify.js'
import { honoRoutes, inspectHono } from './frameworks/hono.js'
import { inspectKoa, inspectKoaRouter, isKoaRouter, koaMiddleware } from './frameworks/koa.js'
import { isNest, platformOf, type NestApp } from './frameworks/nest.js'
import { joinPaths, pathPart, ROOT, type PathPart } from './path.js'
import { routeEntry, unreadable, within } from './route.js'
import type { Inspection, ListedRoute, RouteEntry, UnreadablePart } from './route.js'

/** Something mounted in an app: an app, a router, or routes such as `'GET /orders'`. */
export type MountedPart = object | string

/** Options of {@link listRoutes}. */
export interface ListRoutesOptions {
  /**
   * Apps and routers that the framework keeps in a closure, by the path at which they are mounted: `{ '/admin': adminApp }`.
   * A value is an app, a router, a route such as `'GET /orders/:id'`, or a list of them.
   *
   * @defaultValue none; a part that cannot be read is an error
   */
  readonly mounted?: Readonly<Record<string, MountedPart | readonly MountedPart[]>>
}

/** Reads the option `mounted`: lists by path. */
export const mounted = optional(
  custom<ReadonlyMap<string, readonly MountedPart[]>>(
    { type: 'object of apps by path', isOptional: true },
    (option, value) => {
      if (!isRecord(value)) throw mismatch(option, value, 'must be an object with the paths as names')
      return new Map(
        Object.entries(value).map(([path, parts]) => {
          if (!path.startsWith('/'))
            throw new ConfigurationError(
              `${option}['${path}']`,
              'is not a path. Write a name that starts with /',
            )
          return [path, readParts(`${option}['${path}']`, parts)]
        }),
      )
    },
  ),
)

const LIST_ROUTES_OPTIONS = { mounted } satisfies TableOf<ListRoutesOptions>

/** A route of the option `mounted`. */
const ROUTE = /^([A-Z-]+) (\/.*)$/

function readParts(option: string, parts: unknown): readonly MountedPart[] {
  const list: readonly unknown[] = Array.isArray(parts) ? parts : [parts]
  if (list.length === 0) throw new ConfigurationError(option, 'must not be an empty list')
  for (const part of list) {
    const isRoute = typeof part === 'string' && ROUTE.test(part)
    if (isRoute || (Object(part) === part && typeof part !== 'string')) continue
    throw new ConfigurationError(option, "must be an app, a router, or a route such as 'GET /orders'")
  }
  return list as readonly MountedPart[]
}

/**
 * Lists the routes of an app of Express 4 or 5, Koa with `@koa/router`, Fastify 5 or Hono 4, those of nested routers
 * included. `app` may also be a router of Express or `@koa/router`, or an application of NestJS on Express or Fastify. A Fastify
 * app must be ready, and an application of NestJS initialized.
 *
 * @throws ConfigurationError that names the part that cannot be read, so that a list is never incomplete without notice. A
 *   middleware function that calls another router by itself cannot be recognized.
 *
 * @example
 * ```ts
 * for (const { method, path } of listRoutes(app)) console.log(method, path)
 * ```
 */
export function listRoutes(app: object, options: ListRoutesOptions = {}): readonly ListedRoute[] {
  const read = readOptions('listRoutes', options, LIST_ROUTES_OPTIONS)
  const entries = inspectApp(checkApp(app), read.mounted).filter(({ kind }) => kind !== 'middleware')
  return entries.map(({ method, path, registered }) => ({ method, path, registered }))
}

/** Refuses a value that cannot be an app, which has no properties to read. Returns the app below an application of NestJS. */
export function checkApp(app: unknown): object {
  if (Object(app) !== app) throw unreadable('is required and must be an app')
  return isNest(app as object) ? platformOf(app as NestApp) : (app as object)
}

/** Reads the routes and the middleware of an app, with what is mounted in it. */
export function inspectApp(
  app: object,
  parts: ReadonlyMap<string, readonly MountedPart[]> = new Map(),
): readonly RouteEntry[] {
  const pathOf = new Map<unknown, string>()
  for (const [path, list] of parts) for (const part of list) pathOf.set(part, path)
  const entries: RouteEntry[] = []
  const hidden: UnreadablePart[] = []
  const readInPlace = new Set<unknown>()

  function collect(part: MountedPart, at: PathPart): void {
    const found = inspectPart(part, { pathOf, readInPlace })
    for (const entry of found.entries) entries.push(moveEntry(entry, at))
    for (const one of found.unreadable) hidden.push({ ...one, path: joinPaths(at, one.path) })
  }
  collect(app, ROOT)
  for (const [path, list] of parts) {
    const at = hidden.find((one) => pathText(one.path) === path)?.path ?? mountPart(path)
    for (const part of list) if (!readInPlace.has(part)) collect(part, at)
  }
  checkHidden(hidden, parts)
  return entries
}

/** Refuses a part that cannot be read and for which the option `mounted` has no value. */
function checkHidden(
  hidden: readonly UnreadablePart[],
  parts: ReadonlyMap<string, readonly MountedPart[]>,
): void {
  for (const { path, description } of hidden) {
    const text = pathText(path)
    const count = hidden.filter((one) => pathText(one.path) === text).length
    if ((parts.get(text)?.length ?? 0) >= count) continue
    throw unreadable(
      `the routes of ${description} cannot be read. Pass what is mounted there in the option mounted: ` +
        (count === 1 ? `{ '${text}': app }` : `{ '${text}': [app1, app2] }, ${count} values in total`),
    )
  }
}

function pathText({ text }: PathPart): string {
  return text === '' ? '/' : text
}

function mountPart(path: string): PathPart {
  return path === '/' ? ROOT : pathPart(path, () => true)
}

function moveEntry(entry: RouteEntry, at: PathPart): RouteEntry {
  if (at.text === '') return entry
  const { text, sample, variants = [] } = joinPaths(at, { ...entry, text: entry.path })
  return {
    ...entry,
    path: text,
    sample,
    variants,
    registered: within(`mounted at ${at.text}`, entry.registered),
  }
}

function inspectPart(part: MountedPart, routers: KnownRouters): Inspection {
  if (typeof part === 'string') {
    const [, method = '', path = ''] = ROUTE.exec(part) ?? []
    return {
      entries: [
        routeEntry(
          method,
          pathPart(path, () => true),
          'option mounted',
        ),
      ],
      unreadable: [],
    }
  }
  const stack = expressStack(part)
  if (stack !== undefined) return inspectExpress(stack, routers)
  const middleware = koaMiddleware(part)
  if (middleware !== undefined) return inspectKoa(middleware)
  if (isKoaRouter(part)) return inspectKoaRouter(part)
  if (isFastify(part)) return inspectFastify(part)
  const routes = honoRoutes(part)
  if (routes !== undefined) return inspectHono(routes)
  throw unreadable(
    'is not an app that can be read. Pass an app of Express 4 or 5, Koa, Fastify 5, Hono 4 or NestJS, or a router of Express or @koa/router',
  )
}
