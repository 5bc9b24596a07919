import type { Tolerance } from './judge.js'
import { COMMON_METHODS, OTHER_METHODS, type RouteEntry } from './route.js'

/** A request that the audit sends to a route. */
export interface Probe {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly tolerance: Tolerance
  /** Sent with an invalid token too. */
  readonly isMain: boolean
  /** How the request differs from a plain one; empty for a plain one. */
  readonly variation: string
  /** Requests whose response shows that this one did not reach the route, if both responses are equal. */
  readonly unrelated?: readonly UnrelatedRequest[]
}

/** A request that does not reach the route of a probe. */
interface UnrelatedRequest {
  readonly method: string
  readonly path: string
  /** Whether it counts only if no listed route matches its path. */
  readonly isUnlisted: boolean
}

/** Headers of a request for an upgrade to WebSocket (RFC 6455 section 4.1). */
export const UPGRADE_HEADERS = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': Buffer.alloc(16).toString('base64'),
}

/** Headers with which middleware such as method-override replaces the method. */
const OVERRIDES = ['x-http-method-override', 'x-http-method', 'x-method-override']

/** A path that no route should match. */
export const UNKNOWN_PATH = '/m2m-guard-audit-unknown-path'

/** Returns requests for unknown paths, one of them in the folder of the path, to which a plugin may respond otherwise. */
function unknownPaths(method: string, path: string): readonly UnrelatedRequest[] {
  const sibling = path.replace(/\?.*$/, '').replace(/\/[^/]*\/?$/, UNKNOWN_PATH)
  return [
    { method, path: UNKNOWN_PATH, isUnlisted: false },
    { method, path: sibling, isUnlisted: true },
  ]
}

/**
 * Returns the requests for a route.
 *
 * @param listed - methods that are listed for the same path.
 */
export function probesOf(entry: RouteEntry, sample: string, listed: ReadonlySet<string>): readonly Probe[] {
  const plain = { path: sample, headers: entry.headers, variation: '' }
  if (entry.kind === 'middleware') {
    // It may call the next function only, and then there is nothing at its path.
    const methods = ['GET', 'POST'].filter((method) => !listed.has(method) && !listed.has('ALL'))
    return methods.map((method) => ({ ...plain, method, tolerance: 'absent', isMain: true }))
  }
  const registered = entry.method === 'ALL' ? COMMON_METHODS : [entry.method]
  const implied = ['HEAD', 'OPTIONS'].filter((method) => !registered.includes(method) && !listed.has(method))
  const isOptionsOfAll = (method: string): boolean => entry.method === 'ALL' && method === 'OPTIONS'
  const main = registered.map((method): Probe => {
    return { ...plain, method, tolerance: isOptionsOfAll(method) ? 'absent' : 'strict', isMain: true }
  })
  const others = entry.method === 'ALL' ? OTHER_METHODS.filter((method) => !listed.has(method)) : []
  const aliases = [...implied, ...others].map((method): Probe => ({
    ...plain,
    method,
    tolerance: 'absent',
    isMain: true,
    // The router may pass such a request to a handler for unknown paths. A `HEAD` request has no body to compare.
    ...(method === 'HEAD' ? {} : { unrelated: unknownPaths(method, sample) }),
  }))
  // Middleware for files leaves `OPTIONS` to the next function.
  if (entry.kind === 'static') return [...main, ...aliases.filter(({ method }) => method !== 'OPTIONS')]
  return [
    ...main,
    ...aliases,
    ...spellings(entry, sample),
    ...variants(entry, sample),
    ...overrides(entry, sample),
  ]
}

/**
 * Returns requests for further paths of the route, which a guard at a path may not cover. Another route may handle such a path,
 * so they are skipped where the option `samples` sets the path.
 */
function variants(entry: RouteEntry, sample: string): readonly Probe[] {
  if (sample !== entry.sample) return []
  const method = entry.method === 'ALL' ? 'GET' : entry.method
  return entry.variants.map((path) => ({
    method,
    path,
    headers: entry.headers,
    tolerance: 'absent',
    isMain: false,
    variation: `at ${path}`,
    unrelated: unknownPaths(method, path),
  }))
}

/** Returns requests with other spellings of the path, which a router may match although a guard at a path does not. */
function spellings(entry: RouteEntry, sample: string): readonly Probe[] {
  const method = entry.method === 'ALL' ? 'GET' : entry.method
  if (method === 'HEAD' || method === 'OPTIONS') return []
  const paths = {
    'with a slash at the end': sample.endsWith('/') ? sample : `${sample}/`,
    'in capitals': sample.toUpperCase(),
    'with an encoded letter': sample.replace(/[a-z]/i, (letter) => `%${letter.charCodeAt(0).toString(16)}`),
    'with a double slash': `/${sample}`,
  }
  return Object.entries(paths)
    .filter(([, path]) => path !== sample)
    .map(([variation, path]) => {
      const unrelated = unknownPaths(method, path)
      return {
        method,
        path,
        headers: entry.headers,
        tolerance: 'absent',
        isMain: false,
        variation,
        unrelated,
      }
    })
}

/** Returns requests that ask middleware to replace the method, which a guard for some methods does not see. */
function overrides(entry: RouteEntry, sample: string): readonly Probe[] {
  if (['ALL', 'GET', 'HEAD', 'OPTIONS', 'POST'].includes(entry.method)) return []
  const override = Object.fromEntries(OVERRIDES.map((name) => [name, entry.method]))
  return ['GET', 'POST'].map((method) => ({
    method,
    path: `${sample}?_method=${entry.method}`,
    headers: { ...entry.headers, ...override },
    tolerance: 'absent',
    isMain: false,
    variation: `as ${method} with an override of the method`,
    unrelated: [{ method, path: sample, isUnlisted: false }],
  }))
}
