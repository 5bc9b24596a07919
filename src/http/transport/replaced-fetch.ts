/** Global symbols under which undici stores the global dispatcher. Some versions write both and read one of them. */
const DISPATCHERS = ['undici.globalDispatcher.2', 'undici.globalDispatcher.1'].map((name) => Symbol.for(name))

/** Class names of Node's default dispatcher. undici 8 stores a `Dispatcher1Wrapper` of its `Agent` under the older symbol. */
const DEFAULT_CLASSES = ['Agent', 'Dispatcher1Wrapper']

/** Global `fetch` at the time this module was loaded. */
const originalFetch = globalThis.fetch

/**
 * Returns the global `fetch` if it was replaced (by a mock or a tracing tool), or if its dispatcher was (by undici's
 * `ProxyAgent` or `MockAgent`, or by `NODE_USE_ENV_PROXY`). Otherwise `undefined`. A custom dispatcher of the class `Agent`
 * cannot be distinguished from Node's default.
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
