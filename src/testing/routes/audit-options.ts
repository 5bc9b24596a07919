import { ConfigurationError } from '../../options/configuration-error.js'
import { duration, type Duration } from '../../options/duration.js'
import { custom, mismatch, optional, restricting, type TableOf } from '../../options/reader.js'
import { func } from '../../options/readers.js'
import { isRecord, isStringList } from '../../util/members.js'
import { isGuardRefusal, type RefusalCheck } from './judge.js'
import { mounted, type ListRoutesOptions } from './list-routes.js'
import type { EmittingServer } from './serve.js'
import { token } from './token.js'

/** Options of {@link assertEveryRouteIsGuarded}. */
export interface RouteAuditOptions extends ListRoutesOptions {
  /**
   * Routes that are public, as `listRoutes` lists them: `['GET /health']`. `'ALL /path'` stands for every method, `'USE /path'`
   * for middleware and for what serves paths that are not listed, `'UPGRADE /path'` for an upgrade. An entry that matches no route
   * is an error.
   *
   * @defaultValue none
   */
  readonly open?: readonly string[]
  /**
   * Path to request for a route, by the path that `listRoutes` lists: `{ '/reports/:year': '/reports/2024' }`. Required for a
   * regular expression of which no path can be derived.
   *
   * @defaultValue parameters and wildcards are replaced by `1`
   */
  readonly samples?: Readonly<Record<string, string>>
  /**
   * Headers of every request, such as `{ 'x-forwarded-proto': 'https' }` for an app that redirects plain http. `Authorization` is
   * not allowed.
   *
   * @defaultValue none
   */
  readonly headers?: Readonly<Record<string, string>>
  /**
   * Valid token that has no permission, to find routes behind the guard that require nothing: with it, each route must respond
   * with the 401 or 403 of a guard. A string without `Bearer`, or a function that returns one for each request. Sent in
   * `Authorization`. Handlers that require nothing run.
   *
   * If every response is a 401, the audit fails with a `ConfigurationError`, because a token that the guard does not accept
   * shows nothing about requirements.
   *
   * @defaultValue none: routes without a requirement are not found
   */
  readonly token?: string | (() => string | Promise<string>)
  /**
   * Server of the app, to audit its listeners for upgrades (WebSocket) too. It need not listen.
   *
   * @defaultValue a server of the audit
   */
  readonly server?: EmittingServer
  /**
   * Paths of upgrades. Required if the server handles upgrades, because their paths cannot be read. `[]` requests an upgrade at
   * the routes for `GET` only.
   *
   * @defaultValue none
   */
  readonly upgrades?: readonly string[]
  /**
   * Maximum time for each response, from `'10ms'` to `'60s'`. A route that does not respond is reported.
   *
   * @defaultValue `'5s'`
   */
  readonly deadline?: Duration
  /**
   * Whether a response is a refusal, for guards with a custom response (`onRefusal`). It is called with `'none'` for a request
   * without a token, with `'invalid'` for one with an invalid token, and with `'insufficient'` for one with the option `token`.
   *
   * @defaultValue a 401 with a Bearer challenge and `Cache-Control: no-store`; for an invalid token also the 503 of a guard, and
   * for the option `token` also its 403
   */
  readonly isRefusal?: RefusalCheck
}

const ROUTE_EXAMPLE = "write a method and a path, such as 'GET /health'"

const open = custom<readonly string[]>({ type: 'list of routes', default: [] }, (option, value = []) => {
  if (!isStringList(value)) throw mismatch(option, value, `must be a list of routes: ${ROUTE_EXAMPLE}`)
  for (const [index, route] of value.entries())
    if (!/^[A-Z-]+ \S/.test(route))
      throw new ConfigurationError(`${option}[${index}]`, `'${route}' is not a route: ${ROUTE_EXAMPLE}`)
  return [...value]
})

const paths = custom<readonly string[]>('list of paths', (option, value) => {
  if (!isStringList(value) || value.some((path) => !path.startsWith('/')))
    throw mismatch(option, value, "must be a list of paths that start with /, such as ['/socket']")
  return [...value]
})

/** Reads an object of strings. */
const strings = custom<Readonly<Record<string, string>>>(
  { type: 'object of strings', isOptional: true },
  (option, value = {}) => {
    if (!isRecord(value)) throw mismatch(option, value, 'must be an object of strings')
    for (const [name, one] of Object.entries(value))
      if (typeof one !== 'string') throw new ConfigurationError(`${option}['${name}']`, 'must be a string')
    return { ...value } as Record<string, string>
  },
)

const samples: typeof strings = {
  ...strings,
  read(option, value) {
    const read = strings.read(option, value)
    for (const [path, sample] of Object.entries(read))
      if (!sample.startsWith('/')) throw new ConfigurationError(`${option}['${path}']`, 'must start with /')
    return read
  },
}

const headers: typeof strings = {
  ...strings,
  read(option, value) {
    const entries = Object.entries(strings.read(option, value)).map(([name, one]) => [
      name.toLowerCase(),
      one,
    ])
    if (entries.some(([name]) => name === 'authorization'))
      throw new ConfigurationError(
        `${option}.authorization`,
        'is not allowed, because the audit sets it. Remove it',
      )
    return Object.fromEntries(entries) as Record<string, string>
  },
}

const server = custom<EmittingServer>('http.Server', (option, value) => {
  const isServer =
    typeof value === 'object' &&
    value !== null &&
    ['emit', 'listenerCount'].every((name) => typeof Reflect.get(value, name) === 'function')
  if (!isServer) throw mismatch(option, value, 'must be a server of node:http, as createServer() returns it')
  const emitter = value as EmittingServer
  if (emitter.listenerCount('request') === 0)
    throw new ConfigurationError(
      option,
      'has no listener for requests. Create it with the app: createServer(app)',
    )
  return emitter
})

/** Readers of {@link RouteAuditOptions}. */
export const ROUTE_AUDIT_OPTIONS = {
  mounted,
  open,
  samples,
  headers,
  token: restricting(optional(token)),
  server: optional(server),
  upgrades: optional(paths),
  deadline: duration({ min: '10ms', max: '60s', default: '5s' }),
  isRefusal: func<RefusalCheck>({
    type: '(response, token) => boolean',
    default: isGuardRefusal,
  }),
} satisfies TableOf<RouteAuditOptions>
