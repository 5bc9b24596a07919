import { METHODS } from 'node:http'
import { ConfigurationError } from '../../options/configuration-error.js'
import { readOptions } from '../../options/read-options.js'
import type { Result } from '../../options/reader.js'
import { ROUTE_AUDIT_OPTIONS, type RouteAuditOptions } from './audit-options.js'
import { isFastify } from './frameworks/fastify.js'
import { isNest } from './frameworks/nest.js'
import { describeToken, problemOf, type SentToken } from './judge.js'
import { checkApp, inspectApp } from './list-routes.js'
import { probesOf, UPGRADE_HEADERS, type Probe } from './probes.js'
import { checkOpenRoutes, isOpen, sampleOf } from './public-routes.js'
import type { RouteEntry } from './route.js'
import { send, type AuditRequest, type Outcome } from './send.js'
import { serveApp, type AuditServer } from './serve.js'
import { invalidToken, tokenOf } from './token.js'
import {
  isListed,
  isRoot,
  isSameResponse,
  isServed,
  respondersOf,
  unlistedPaths,
  type UnlistedPath,
} from './unlisted.js'
import { UnguardedRoutesError, type UnguardedRoute } from './unguarded.js'

/**
 * Asserts that every route of an app refuses requests without a valid token.
 *
 * Starts the app on a free port of the loopback interface. Sends each route that {@link listRoutes} lists a request without a
 * token, one with an invalid token and one with Basic credentials, also as `HEAD` and `OPTIONS`, with other spellings and values
 * of the path, without its optional parts, and with an override of the method. With the option `token`, also one with a valid
 * token that has no permission. Requests to paths that are not listed find what serves them. Only the response of a guard passes:
 * a redirect, a 404 and the 401 of other middleware do not. Handlers that are not guarded run, so use an app with test data. An
 * application of NestJS is initialized.
 *
 * @throws UnguardedRoutesError (an `AssertionError`) that lists the routes that responded otherwise.
 * @throws ConfigurationError if the app has a part that cannot be read, or an option is invalid.
 *
 * @example
 * ```ts
 * await assertEveryRouteIsGuarded(app, { open: ['GET /health'] })
 * ```
 */
export async function assertEveryRouteIsGuarded(app: object, options: RouteAuditOptions = {}): Promise<void> {
  const settings = readOptions('assertEveryRouteIsGuarded', options, ROUTE_AUDIT_OPTIONS)
  const nest = Object(app) === app && isNest(app) ? app : undefined
  await nest?.init()
  const checked = checkApp(app)
  if (isFastify(checked)) await checked.ready()
  const entries = inspectApp(checked, settings.mounted)
  const total = entries.filter(({ kind }) => kind !== 'middleware').length
  if (total === 0)
    throw new ConfigurationError(
      'assertEveryRouteIsGuarded.app',
      'has no routes. Pass the app after its routes are added',
    )
  const unlisted = unlistedPaths(entries)
  checkOpenRoutes(entries, unlisted, settings)
  // That of Nest has the listeners of its WebSocket gateways.
  const server = await serveApp(checked, settings.server ?? nest?.getHttpServer())
  try {
    const unguarded = await new Audit(server, settings, entries, unlisted).run()
    if (unguarded.length > 0) throw new UnguardedRoutesError(unguarded, total)
  } finally {
    await server.close()
  }
}

type Settings = Result<typeof ROUTE_AUDIT_OPTIONS>

interface ProbeResult {
  readonly isReported: boolean
  readonly isHanging: boolean
}

/** Credentials of another scheme, which code in front of a guard may accept. */
const BASIC = `Basic ${Buffer.from('m2m-guard-audit:m2m-guard-audit').toString('base64')}`

/** One run. Requests are sent one after another, so that a handler that runs belongs to one request. */
class Audit {
  readonly #server: AuditServer
  readonly #settings: Settings
  readonly #entries: readonly RouteEntry[]
  readonly #unlisted: readonly UnlistedPath[]
  readonly #token = invalidToken()
  /** Whether a response to the option `token` showed that the guard accepts the token; `undefined` if it was not sent. */
  #isTokenAccepted: boolean | undefined
  readonly #unguarded = new Map<string, UnguardedRoute & { readonly problems: string[] }>()

  constructor(
    server: AuditServer,
    settings: Settings,
    entries: readonly RouteEntry[],
    unlisted: readonly UnlistedPath[],
  ) {
    this.#server = server
    this.#settings = settings
    this.#entries = entries
    this.#unlisted = unlisted
  }

  async run(): Promise<readonly UnguardedRoute[]> {
    this.#checkUpgrades()
    for (const entry of this.#entries) await this.#auditEntry(entry)
    await this.#auditUnlisted()
    if (this.#server.hasUpgrades) await this.#auditUpgrades()
    if (this.#isTokenAccepted === false && this.#unguarded.size === 0) {
      throw new ConfigurationError(
        'assertEveryRouteIsGuarded.token',
        'is refused with 401 by every route. Pass a token that the guard accepts, but that has no permission',
      )
    }
    return [...this.#unguarded.values()]
  }

  #checkUpgrades(): void {
    const { upgrades } = this.#settings
    if (this.#server.hasUpgrades && upgrades === undefined) {
      throw new ConfigurationError(
        'assertEveryRouteIsGuarded.upgrades',
        "is required, because the server handles upgrades, and their paths cannot be read. Write them: ['/socket']",
      )
    }
    if (!this.#server.hasUpgrades && (upgrades?.length ?? 0) > 0) {
      throw new ConfigurationError(
        'assertEveryRouteIsGuarded.upgrades',
        'has no effect, because no listener for upgrades is known. Pass the HTTP server in the option server',
      )
    }
  }

  async #auditEntry(entry: RouteEntry): Promise<void> {
    // Middleware at the root is reached by every request: see #auditUnlisted.
    if (entry.kind === 'middleware' && isRoot(entry.path)) return
    const sample = sampleOf(entry, this.#settings.samples)
    // A path of another route is audited as that route, or it is open.
    const variants = entry.variants.filter((path) => !this.#isPathOfOther(entry, path))
    const probes = probesOf({ ...entry, variants }, sample, this.#methodsAt(entry, sample))
    let isReported = false
    for (const probe of probes) {
      if (isOpen(entry, probe.method, this.#settings.open) || !METHODS.includes(probe.method)) continue
      // A route that is open to plain requests is reported once, without variations.
      if (isReported && probe.variation !== '') continue
      const found = await this.#auditProbe(entry, probe)
      isReported ||= found.isReported
      // A route that does not respond would take the deadline for each request.
      if (found.isHanging) return
    }
  }

  async #auditProbe(entry: RouteEntry, probe: Probe): Promise<ProbeResult> {
    let isReported = false
    for (const token of probe.isMain ? this.#tokens('none', 'invalid', 'basic') : (['none'] as const)) {
      if ((token === 'basic' || token === 'insufficient') && isReported) continue
      let isCalled = false
      const stop = entry.observe?.(() => {
        isCalled = true
      })
      const outcome = await this.#send(probe, token).finally(stop)
      if (token === 'insufficient' && probe.tolerance === 'strict')
        this.#isTokenAccepted =
          this.#isTokenAccepted === true || (typeof outcome !== 'string' && outcome.status !== 401)
      const problem = this.#problemOf(outcome, probe, token)
      const description = isCalled
        ? `the handler runs ${describeToken(token)}`
        : problem === undefined || (await this.#isUnrelated(outcome, probe))
          ? undefined
          : [problem, probe.variation].filter(Boolean).join(' ')
      if (description !== undefined) this.#report(entry, probe.method, description)
      // A route that requires nothing may also be open to other spellings without a token.
      isReported ||= description !== undefined && token !== 'insufficient'
      if (outcome === 'no response') return { isReported, isHanging: true }
    }
    return { isReported, isHanging: false }
  }

  /** Whether the response equals that to a request that cannot reach the route, so that it shows nothing about the route. */
  async #isUnrelated(outcome: Outcome, { unrelated = [], headers }: Probe): Promise<boolean> {
    if (typeof outcome === 'string') return false
    const plain = Object.fromEntries(Object.entries(headers).filter(([name]) => !name.includes('method')))
    for (const request of unrelated) {
      if (request.isUnlisted && isListed(this.#entries, request.path)) continue
      const other = await this.#send({ ...request, headers: plain }, 'none')
      if (typeof other !== 'string' && other.status === outcome.status && other.body === outcome.body)
        return true
    }
    return false
  }

  /** Requests paths without a route, to which only middleware and handlers for unknown paths can respond. */
  async #auditUnlisted(): Promise<void> {
    const middleware = this.#entries.filter(({ kind, path }) => kind === 'middleware' && isRoot(path))
    let root: { readonly outcome: Outcome; readonly path: string } | undefined
    for (const { at, path, headers } of this.#unlisted) {
      const isOpenAt = at === '/' ? ['/', ...middleware.map((one) => one.path)] : [at]
      const probe = { method: 'GET', path, headers, tolerance: 'absent' } as const
      for (const token of at === '/' ? this.#tokens('none') : (['none', 'invalid'] as const)) {
        const outcome = await this.#send(probe, token)
        if (at === '/') root ??= { outcome, path }
        else if (root !== undefined && isSameResponse(outcome, path, root.outcome, root.path)) break
        if (isOpenAt.some((one) => this.#settings.open.includes(`USE ${one}`))) break
        const problem = this.#problemOf(outcome, probe, token)
        // Without middleware at the root, an error response is that of the framework.
        const isReported = isServed(outcome) || (at === '/' && middleware.length > 0)
        if (problem === undefined || !isReported) continue
        const where = {
          path: at === '/' ? (middleware[0]?.path ?? at) : at,
          registered: respondersOf(middleware),
        }
        this.#report(where, 'USE', `${problem} at a path that has no route`)
        break
      }
    }
  }

  async #auditUpgrades(): Promise<void> {
    const { upgrades = [], open } = this.#settings
    const explicit = upgrades.map((path) => ({
      path,
      sample: path,
      headers: {},
      registered: 'option upgrades',
    }))
    const routes = this.#entries.filter(({ method }) => method === 'GET' || method === 'ALL')
    for (const entry of [...explicit, ...routes]) {
      if (open.includes(`UPGRADE ${entry.path}`)) continue
      const path = sampleOf(entry, this.#settings.samples)
      let isReported = false
      for (const token of this.#tokens('none', 'invalid')) {
        if (token === 'insufficient' && isReported) continue
        const headers = { ...entry.headers, ...UPGRADE_HEADERS }
        const outcome = await this.#send({ method: 'GET', path, headers }, token)
        const isAccepted = typeof outcome === 'string' ? outcome === 'no response' : outcome.status < 400
        // Without an upgrade the response is that of the route, which was checked before.
        const isUpgrade = typeof outcome !== 'string' && outcome.status === 101
        if (!(upgrades.includes(path) ? isAccepted : isUpgrade)) continue
        const what = typeof outcome === 'string' ? outcome : String(outcome.status)
        this.#report(entry, 'UPGRADE', `${what} ${describeToken(token)}`)
        isReported = true
      }
    }
  }

  #problemOf(
    outcome: Outcome,
    probe: Pick<Probe, 'method' | 'tolerance'>,
    token: SentToken,
  ): string | undefined {
    return problemOf(outcome, probe.method, token, probe.tolerance, this.#settings.isRefusal)
  }

  /** Adds the option `token`, if there is one. It is sent last, because it shows nothing about a route that needs no token. */
  #tokens(...tokens: readonly SentToken[]): readonly SentToken[] {
    return this.#settings.token === undefined ? tokens : [...tokens, 'insufficient']
  }

  async #credentialsOf(token: SentToken): Promise<string | undefined> {
    if (token === 'none') return undefined
    if (token === 'basic') return BASIC
    const { token: source } = this.#settings
    return `Bearer ${token === 'insufficient' && source !== undefined ? await tokenOf(source) : this.#token}`
  }

  async #send({ method, path, headers }: AuditRequest, token: SentToken): Promise<Outcome> {
    const credentials = await this.#credentialsOf(token)
    const authorization = credentials === undefined ? {} : { authorization: credentials }
    const all = { ...this.#settings.headers, ...headers, ...authorization }
    return send(this.#server.port, { method, path, headers: all }, this.#settings.deadline)
  }

  #isPathOfOther({ path, method }: RouteEntry, variant: string): boolean {
    return this.#entries.some(
      (other) =>
        other.kind !== 'middleware' &&
        other.path !== path &&
        other.sample === variant &&
        (other.method === method || other.method === 'ALL' || method === 'ALL'),
    )
  }

  /** Returns the methods of the routes that a sample path reaches. */
  #methodsAt(entry: RouteEntry, sample: string): ReadonlySet<string> {
    const others = this.#entries.filter((other) => other.kind !== 'middleware' && other !== entry)
    const same = others.filter((other) => other.sample === sample || other.path === entry.path)
    return new Set(same.map(({ method }) => method))
  }

  #report(
    { path, registered }: Pick<RouteEntry, 'path' | 'registered'>,
    method: string,
    problem: string,
  ): void {
    const key = `${method} ${path} ${registered}`
    const known = this.#unguarded.get(key)
    if (known === undefined) this.#unguarded.set(key, { method, path, registered, problems: [problem] })
    else if (!known.problems.includes(problem)) known.problems.push(problem)
  }
}
