/** Where undici keeps the global dispatcher: version 8 under the first name, earlier versions under the second. */
const DISPATCHERS = ['undici.globalDispatcher.2', 'undici.globalDispatcher.1'].map((name) => Symbol.for(name))

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
  for (const symbol of DISPATCHERS) {
    const dispatcher: unknown = Reflect.get(globalThis, symbol)
    if (typeof dispatcher === 'object' && dispatcher !== null) return dispatcher.constructor.name !== 'Agent'
  }
  return false
}
