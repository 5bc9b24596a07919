/** Freezes an object and everything in it. */
export function deepFreeze<T extends object>(root: T): T {
  // A worklist, not recursion: nesting is the token's choice and must not become our stack depth.
  const pending: object[] = [root]
  for (let item = pending.pop(); item !== undefined; item = pending.pop()) {
    if (Object.isFrozen(item)) continue
    Object.freeze(item)
    for (const member of Object.values(item) as unknown[]) {
      if (typeof member === 'object' && member !== null) pending.push(member)
    }
  }
  return root
}
