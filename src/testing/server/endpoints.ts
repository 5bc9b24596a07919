import type { TestResponse, TestRequest } from './http.js'

/** The endpoints that can be counted, gated and made to fail. */
export const ENDPOINTS = [
  'discovery',
  'jwks',
  'token',
  'introspection',
  'revocation',
  'clerkVerify',
  'clerkTokens',
  'stytchToken',
  'stytchClients',
  'authleteIntrospection',
  'authleteTokens',
] as const

/**
 * Name of an endpoint of the test issuer. `jwks` is every key set of every provider. `introspection` and
 * `revocation` are those of RFC 7662 and RFC 7009. `clerkTokens` creates, lists and revokes. `stytchClients`
 * manages clients and secrets. `authleteTokens` manages tokens.
 */
export type Endpoint = (typeof ENDPOINTS)[number]

/** Number of calls per endpoint. `unknown` counts calls to other URLs. */
export type CallCounts = Readonly<Record<Endpoint | 'unknown' | 'total', number>>

/** One endpoint: its path and its handler. `:name` in the path matches one segment. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly endpoint: Endpoint
  readonly respond: (request: TestRequest) => TestResponse
}

/** A route that matches a path, with the named segments. */
export interface RouteMatch {
  readonly route: Route
  readonly params: Readonly<Record<string, string>>
}

/** Finds the routes of a path, whatever their method. */
export function createRouteFinder(routes: readonly Route[]): (path: string) => readonly RouteMatch[] {
  const compiled = routes.map((route) => ({ route, pattern: patternOf(route.path) }))
  return (path) =>
    compiled.flatMap(({ route, pattern }) => {
      const found = pattern.exec(path)
      if (found === null) return []
      const params = Object.entries(found.groups ?? {}).map(([name, value]) => [name, decode(value)])
      return [{ route, params: Object.fromEntries(params) as Record<string, string> }]
    })
}

function patternOf(path: string): RegExp {
  const source = path.replace(/[.]/g, '\\.').replace(/:(\w+)/g, '(?<$1>[^/]+)')
  return new RegExp(`^${source}$`)
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

/** Counts calls in place, so that a test may keep `issuer.calls` in a variable. */
export class CallCounter {
  readonly counts: Record<Endpoint | 'unknown' | 'total', number>

  constructor() {
    const names = [...ENDPOINTS, 'unknown', 'total'] as const
    this.counts = Object.fromEntries(names.map((name) => [name, 0])) as typeof this.counts
  }

  count(endpoint: Endpoint | 'unknown'): void {
    this.counts[endpoint] += 1
    this.counts.total += 1
  }

  reset(): void {
    for (const name of Object.keys(this.counts) as (keyof typeof this.counts)[]) this.counts[name] = 0
  }
}
