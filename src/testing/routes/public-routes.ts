import { ConfigurationError } from '../../options/configuration-error.js'
import type { Result } from '../../options/reader.js'
import type { ROUTE_AUDIT_OPTIONS } from './audit-options.js'
import type { RouteEntry } from './route.js'
import type { UnlistedPath } from './unlisted.js'

type Settings = Result<typeof ROUTE_AUDIT_OPTIONS>

/** Maximum number of routes that an error lists. */
const MAX_LISTED = 30

/** Whether the option `open` lists a method of a route. An open `GET` opens `HEAD` and `OPTIONS` too. */
export function isOpen(entry: RouteEntry, method: string, open: readonly string[]): boolean {
  const { path } = entry
  const methods = entry.kind === 'middleware' ? ['USE'] : ['ALL', method]
  if (method === 'HEAD') methods.push('GET')
  // The alias of a route whose own method is open.
  if (method === 'OPTIONS') methods.push(entry.method)
  return methods.some((one) => open.includes(`${one} ${path}`))
}

/**
 * Refuses entries of `open` and `samples` that match no route, because they are typing mistakes, or left from a route that no
 * longer exists.
 */
export function checkOpenRoutes(
  entries: readonly RouteEntry[],
  unlisted: readonly UnlistedPath[],
  { open, samples, upgrades = [] }: Settings,
): void {
  for (const [index, route] of open.entries()) {
    const [method = '', path = ''] = route.split(/ (.*)/)
    const isListed = entries.some((entry) => entry.path === path && handles(entry, method))
    const isUnlisted = method === 'USE' && unlisted.some(({ at }) => at === path)
    if (isListed || isUnlisted || (method === 'UPGRADE' && upgrades.includes(path))) continue
    throw new ConfigurationError(
      `assertEveryRouteIsGuarded.open[${index}]`,
      `'${route}' is not a route of this app. Remove it, or write it as one of ${listed(entries)}`,
    )
  }
  for (const path of Object.keys(samples)) {
    if (entries.some((entry) => entry.path === path)) continue
    throw new ConfigurationError(
      `assertEveryRouteIsGuarded.samples['${path}']`,
      `is not the path of a route of this app. Remove it, or write it as in ${listed(entries)}`,
    )
  }
}

/** Returns the path to request for a route. */
export function sampleOf(
  { path, sample }: Pick<RouteEntry, 'path' | 'sample'>,
  samples: Readonly<Record<string, string>>,
): string {
  const found = Object.hasOwn(samples, path) ? samples[path] : sample
  if (found !== undefined) return found
  throw new ConfigurationError(
    `assertEveryRouteIsGuarded.samples['${path}']`,
    'is required, because no path could be derived that this route matches. Write such a path',
  )
}

function handles(entry: RouteEntry, method: string): boolean {
  if (entry.kind === 'middleware') return method === 'USE'
  if (entry.method === method || entry.method === 'ALL' || method === 'ALL') return true
  return (method === 'HEAD' || method === 'UPGRADE') && entry.method === 'GET' ? true : method === 'OPTIONS'
}

function listed(entries: readonly RouteEntry[]): string {
  const names = [...new Set(entries.map(({ method, path }) => `'${method} ${path}'`))]
  const rest = names.length - MAX_LISTED
  return names.slice(0, MAX_LISTED).join(', ') + (rest > 0 ? ` and ${rest} more` : '')
}
