import { isRecord } from '../../../util/members.js'
import { pathPart } from '../path.js'
import { sampleRegExp } from '../sample-regexp.js'
import { mergeMethods, routeEntry, unreadable, type Inspection } from '../route.js'

/** What is read of a Fastify app. */
export interface FastifyApp {
  ready(): PromiseLike<unknown>
  findRoute(route: { readonly method: string; readonly url: string; readonly constraints: object }): {
    readonly params?: Readonly<Record<string, unknown>>
  } | null
  printRoutes(): string
  readonly routing: (request: never, response: never) => void
  readonly server: object
}

/** Whether a value is a Fastify app. */
export function isFastify(app: object): app is FastifyApp {
  return ['ready', 'printRoutes', 'routing', 'findRoute', 'addHook'].every(
    (name) => typeof Reflect.get(app, name) === 'function',
  )
}

/**
 * Reads the routes of a Fastify app, those of its plugins included.
 *
 * @throws ConfigurationError if the app is not ready, because its plugins have not added their routes.
 */
export function inspectFastify(app: FastifyApp): Inspection {
  if (!isReady(app)) {
    throw unreadable(
      'this Fastify app is not ready, so its plugins have not added their routes. Call `await app.ready()` first. In Nest that is `await app.getHttpAdapter().getInstance().ready()`',
    )
  }
  const found: Inspection = { entries: [], unreadable: [] }
  const printed = app.printRoutes()
  const parents: string[] = []
  for (const line of printed.split('\n')) {
    if (line.trim() === '' || line === '(empty tree)') continue
    addLine(app, line, parents, found)
  }
  return found
}

function isReady(app: FastifyApp): boolean {
  // The state has no public property. `ready()` would start the app, and listing must not.
  for (
    let owner: object | null = app;
    owner !== null;
    owner = Object.getPrototypeOf(owner) as object | null
  ) {
    const symbol = Object.getOwnPropertySymbols(owner).find((one) => one.description === 'fastify.state')
    if (symbol === undefined) continue
    const state: unknown = Reflect.get(owner, symbol)
    return isRecord(state) && state['ready'] === true
  }
  throw unreadable('the state of this Fastify app cannot be read')
}

/** Reads a line of `printRoutes()`: branches, path, methods and constraints. A line continues the one above it. */
function addLine(app: FastifyApp, line: string, parents: string[], found: Inspection): void {
  const parts = /^((?:│ {3}| {4})*)(├── |└── )?(.*?)(?: \(([A-Z, -]+)\)(?: (\{.*\}))?)?$/u.exec(line)
  const [, indent = '', branch, segment = '', methods, constraints] = parts ?? []
  if (parts === null || (branch === undefined && indent === ''))
    throw unreadable(`a line of app.printRoutes() cannot be read: ${line}`)
  const depth = indent.length / 4 - (branch === undefined ? 1 : 0)
  const path = `${depth === 0 ? '' : (parents[depth - 1] ?? '')}${segment === '(empty root node)' ? '' : segment}`
  parents[depth] = path
  if (methods === undefined) return
  const parsed = constraints === undefined ? {} : (JSON.parse(constraints) as Record<string, unknown>)
  const headers = constraintHeaders(parsed, path)
  for (const method of mergeMethods(methods.split(', '))) {
    const part = pathPart(registeredPath(app, method === 'ALL' ? 'GET' : method, path, parsed), () => true)
    const where = constraints === undefined ? 'app' : `app, with the constraints ${constraints}`
    found.entries.push(routeEntry(method, part, where, { headers }))
  }
}

/**
 * Returns the path as it was registered. `printRoutes()` joins the names that several routes give to one parameter
 * (`/:a|:b`), and prints an escaped colon (`::`) as a colon.
 */
function registeredPath(app: FastifyApp, method: string, printed: string, constraints: object): string {
  const path = printed.replace(/(:[^/|]*)(?:\|:[^/|]*)+/g, '$1')
  const route = app.findRoute({ method, url: path, constraints })
  // Colons inside a word are escaped ones, unless Fastify knows them as parameters.
  if (route === null) return path.replace(/(?<=\w):/g, '::')
  // The names of the result are the registered ones, whatever the names of the argument are.
  const names = Object.keys(route.params ?? {})
  return path.replace(/:[^/().:-]+/g, (name) => `:${names.shift() ?? name.slice(1)}`)
}

/** Returns the headers that fulfill the constraints of a route. */
function constraintHeaders(
  constraints: Readonly<Record<string, unknown>>,
  path: string,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(constraints).map(([name, value]) => {
      if (name === 'version' && typeof value === 'string') return ['accept-version', value]
      if (name === 'host' && typeof value === 'string') return ['host', hostOf(value, path)]
      throw unreadable(
        `the constraint ${name} of ${path} is not known. Only host and version can be fulfilled by a request`,
      )
    }),
  )
}

function hostOf(printed: string, path: string): string {
  const source = /^\/(.*)\/[a-z]*$/.exec(printed)?.[1]
  if (source === undefined) return printed
  const sample = sampleRegExp(source).find((one) => new RegExp(source).test(one))
  if (sample === undefined)
    throw unreadable(`no host name could be derived for the constraint host of ${path}`)
  return sample
}
