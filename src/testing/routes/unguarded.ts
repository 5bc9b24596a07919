import { AssertionError } from 'node:assert'
import { WITH_INSUFFICIENT_TOKEN } from './judge.js'

/** A route that responded otherwise than a guard. */
export interface UnguardedRoute {
  /** Method of the request. */
  readonly method: string
  /** Path as `listRoutes` lists it. */
  readonly path: string
  /** Where the route is registered. */
  readonly registered: string
  /** What was observed: the status, or why there is none, and the request. At most one entry per kind of request. */
  readonly problems: readonly string[]
}

/**
 * Error of {@link assertEveryRouteIsGuarded}. Its message lists every route with the response.
 *
 * @example
 * ```ts
 * try {
 *   await assertEveryRouteIsGuarded(app)
 * } catch (error) {
 *   if (error instanceof UnguardedRoutesError) console.error(error.routes)
 * }
 * ```
 */
export class UnguardedRoutesError extends AssertionError {
  /** The routes, in the order in which they are registered. */
  readonly routes: readonly UnguardedRoute[]

  /** The routes as `METHOD /path`. */
  declare readonly actual: readonly string[]

  /** An empty list. */
  declare readonly expected: readonly string[]

  /** Creates the error for routes, of which there is at least one. */
  constructor(routes: readonly UnguardedRoute[], total: number) {
    const lines = routes.map(
      ({ method, path, registered, problems }) =>
        `  ${method} ${path}: ${problems.join('; ')} (${registered})`,
    )
    const isWithoutRequirement = (problem: string): boolean => problem.includes(WITH_INSUFFICIENT_TOKEN)
    const hasRequirements = !routes.some(({ problems }) => problems.some(isWithoutRequirement))
    const fault = hasRequirements ? 'not guarded' : 'not guarded or without a requirement'
    const head =
      routes.length === 1
        ? `A route is ${fault} (of ${total} listed):`
        : `${routes.length} routes and methods are ${fault} (${total} routes listed):`
    const advice = [
      ...(hasRequirements
        ? []
        : ['Require scopes or a policy at routes that accept a token without permission.']),
      'Guard them, or list public routes in the option open.',
    ]
    super({
      message: [head, ...lines, ...advice].join('\n'),
      actual: routes.map(({ method, path }) => `${method} ${path}`),
      expected: [],
      operator: 'assertEveryRouteIsGuarded',
    })
    this.routes = routes
  }
}
