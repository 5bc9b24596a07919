import { UNKNOWN_PATH } from './probes.js'
import type { RouteEntry } from './route.js'
import type { Outcome } from './send.js'

/** A path that is not listed, to which only middleware or a handler for unknown paths can respond. */
export interface UnlistedPath {
  /** The path in the report and in the option `open`: `USE <at>`. */
  readonly at: string
  readonly path: string
  readonly headers: RouteEntry['headers']
}

/** Paths at which middleware often responds by itself, such as an exporter of metrics, without a route that can be listed. */
const WELL_KNOWN = [
  '/metrics',
  '/health',
  '/healthz',
  '/livez',
  '/ready',
  '/readyz',
  '/status',
  '/version',
  '/docs',
  '/api-docs',
  '/openapi.json',
  '/swagger.json',
  '/graphql',
  '/admin',
  '/debug',
]

/** Maximum number of folders of routes that are requested. */
const MOST_FOLDERS = 200

/**
 * Returns paths that no listed route matches: an unknown one at the root, one below each folder of a route, and well-known
 * ones.
 */
export function unlistedPaths(entries: readonly RouteEntry[]): readonly UnlistedPath[] {
  const routes = entries.filter(({ kind }) => kind !== 'middleware')
  const folders = new Map<string, RouteEntry['headers']>([['', {}]])
  for (const { sample = '', headers } of routes)
    for (const folder of foldersOf(sample))
      if (!folders.has(folder) && folders.size < MOST_FOLDERS) folders.set(folder, headers)
  const unknown = [...folders].map(([folder, headers]): UnlistedPath => {
    return { at: folder || '/', path: `${folder}${UNKNOWN_PATH}`, headers }
  })
  const wellKnown = WELL_KNOWN.map((path): UnlistedPath => ({ at: path, path, headers: {} }))
  return [...unknown, ...wellKnown].filter(({ path }) => !isListed(entries, path))
}

/** Returns the folders of a path, without the root: `/a` and `/a/b` for `/a/b/c`. */
function foldersOf(sample: string): readonly string[] {
  const segments = sample.replace(/\?.*$/, '').split('/').slice(1, -1)
  return segments
    .map((_, index) => `/${segments.slice(0, index + 1).join('/')}`)
    .filter((folder) => !folder.includes('//') && !folder.endsWith('/'))
}

/** Whether a listed route may match a path, also if the router decodes the path or joins its slashes. */
export function isListed(entries: readonly RouteEntry[], path: string): boolean {
  const routes = entries.filter(({ kind }) => kind !== 'middleware')
  const plain = path
    .replace(/%([2-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
    .replace(/\/+/g, '/')
  return routes.some((route) => mayMatch(route.path, plain))
}

/** Whether a route may match a path. A form that is not known counts as one that matches. */
function mayMatch(registered: string, path: string): boolean {
  const literal = /^[^:*({[?+\\^$|<]*/.exec(registered)?.[0] ?? ''
  if (literal === registered) return withoutEnd(registered) === withoutEnd(path)
  const isParametersOnly = /^(?:\/(?::\w+|[\w.~-]+))+\/?$/.test(registered)
  if (!isParametersOnly) return path.toLowerCase().startsWith(literal.toLowerCase())
  const pattern = withoutEnd(registered)
    .replace(/:\w+/g, '[^/]+')
    .replace(/\.(?!\])/g, '\\.')
  return new RegExp(`^${pattern}$`, 'i').test(withoutEnd(path))
}

function withoutEnd(path: string): string {
  return path.replace(/\/$/, '').toLowerCase()
}

/** Names what may respond at a path without a route: the middleware at the root, if any is listed. */
export function respondersOf(middleware: readonly RouteEntry[]): string {
  const names = [...new Set(middleware.map(({ registered }) => registered))]
  return names.length === 0 ? 'middleware, or a handler for unknown paths' : names.join(', ')
}

/** Whether a response serves something: it is neither an error nor a failure. */
export function isServed(outcome: Outcome): boolean {
  return typeof outcome !== 'string' && outcome.status >= 200 && outcome.status < 400
}

/** Whether two responses to different paths are the same, apart from the path that they may repeat. */
export function isSameResponse(one: Outcome, at: string, other: Outcome, otherAt: string): boolean {
  if (typeof one === 'string' || typeof other === 'string') return one === other
  return one.status === other.status && one.body.replaceAll(at, '') === other.body.replaceAll(otherAt, '')
}

/** Whether middleware at a path is reached by every request. */
export function isRoot(path: string): boolean {
  return path === '/' || path === '*' || path === '/*'
}
