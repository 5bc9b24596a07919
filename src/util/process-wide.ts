/**
 * Returns a value that all copies of the package in the process share. The first copy that is loaded creates it.
 *
 * @param key - symbol of the global registry, so that all copies have the same one. It must contain a number that changes with
 *   the shape of the value, because copies may have different versions.
 */
export function processWide<Value>(key: symbol, create: () => Value): Value {
  const holder = globalThis as Record<symbol, unknown>
  if (holder[key] === undefined) Object.defineProperty(holder, key, { value: create() })
  return holder[key] as Value
}
