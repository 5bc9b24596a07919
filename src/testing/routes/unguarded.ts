import { AssertionError } from 'node:assert'

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
    const head =
      routes.length === 1
        ? `A route is not guarded (of ${total} listed):`
        : `${routes.length} routes and methods are not guarded (${total} routes listed):`
    super({
      message: [head, ...lines, 'Guard them, or list public routes in the option open.'].join('\n'),
      actual: routes.map(({ method, path }) => `${method} ${path}`),
      expected: [],
      operator: 'assertEveryRouteIsGuarded',
    })
    this.routes = routes
  }
}
