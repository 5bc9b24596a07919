import {
  assertEveryRouteIsGuarded,
  UnguardedRoutesError,
  type RouteAuditOptions,
} from '../../../src/testing/index.js'

/** Returns `METHOD /path: problems` for each route that the audit reports. */
export async function findings(app: object, options?: RouteAuditOptions): Promise<readonly string[]> {
  try {
    await assertEveryRouteIsGuarded(app, options)
    return []
  } catch (error) {
    if (!(error instanceof UnguardedRoutesError)) throw error
    return error.routes.map(({ method, path, problems }) => `${method} ${path}: ${problems.join('; ')}`)
  }
}

export const BOTH = '200 without a token; 200 with an invalid token'
