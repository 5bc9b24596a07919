/** Where undici keeps the global dispatcher. Some versions write both, and read one of them. */
const DISPATCHERS = ['undici.globalDispatcher.2', 'undici.globalDispatcher.1'].map((name) => Symbol.for(name))

/** The classes of Node's own dispatcher: the second one is how undici 8 shows an `Agent` under the older name. */
const DEFAULT_CLASSES = ['Agent', 'Dispatcher1Wrapper']

/** As it was when this module was loaded. */
const originalFetch = globalThis.fetch

/**
 * The global fetch, if the process expects requests to go through it: because it was replaced (a mock, a tracing
 * tool), or because its dispatcher was (undici's `ProxyAgent` or `MockAgent`, or `NODE_USE_ENV_PROXY`).
 * A dispatcher of the class `Agent` cannot be told from Node's own.
 */
export function replacedFetch(): typeof fetch | undefined {
  const current = globalThis.fetch
  if (current !== originalFetch || isDispatcherReplaced()) return current
  return undefined
}

function isDispatcherReplaced(): boolean {
  return DISPATCHERS.some((symbol) => {
    const dispatcher: unknown = Reflect.get(globalThis, symbol)
    if (typeof dispatcher !== 'object' || dispatcher === null) return false
    return !DEFAULT_CLASSES.includes(dispatcher.constructor.name)
  })
}
