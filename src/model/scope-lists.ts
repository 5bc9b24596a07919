/** Maximum number of shared lists, and maximum length of their scopes joined, so that tokens cannot fill the memory. */
const MAX_LISTS = 1000
const MAX_LENGTH = 500

let lists = new Map<string, readonly string[]>()

/**
 * Returns a frozen copy of a list of scopes, the same one for equal lists. Most tokens of a service have one of a few lists,
 * and comparing a shared list touches less memory.
 */
export function sharedScopes(scopes: readonly string[]): readonly string[] {
  const key = scopes.join(' ')
  if (key.length > MAX_LENGTH) return Object.freeze(scopes.slice())
  const shared = lists.get(key)
  // Scopes of a custom issuer may contain the separator.
  if (shared !== undefined && areEqual(shared, scopes)) return shared
  if (lists.size >= MAX_LISTS) lists = new Map()
  const list = Object.freeze(scopes.slice())
  lists.set(key, list)
  return list
}

function areEqual(first: readonly string[], second: readonly string[]): boolean {
  return first.length === second.length && first.every((scope, index) => scope === second[index])
}
