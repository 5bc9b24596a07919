/** Freezes an object and everything in it, except typed arrays, which cannot be frozen. */
export function deepFreeze<T extends object>(root: T): T {
  // A worklist instead of recursion, because the sender of a token decides on its nesting and could overflow the stack.
  // Frozen objects are visited too, because they may contain objects that are not frozen.
  const found = new Set<object>([root])
  for (const item of found) {
    Object.freeze(item)
    for (const member of Object.values(item) as unknown[]) {
      if (isFreezable(member)) found.add(member)
    }
  }
  return root
}

/**
 * Maximum nesting of JSON that is read from a token or an issuer, or sent to a vendor. Valid claims are never this deep,
 * and values within the limit can be copied and printed recursively.
 */
export const DEEPEST_NESTING = 64

/**
 * Freezes an object and everything in it. Returns `false` if it is nested more than `levels` deep; it is then partly
 * frozen.
 */
export function freezeWithin(root: object, levels: number): boolean {
  if (levels === 0) return false
  for (const member of Object.values(root) as unknown[]) {
    if (isFreezable(member) && !freezeWithin(member, levels - 1)) return false
  }
  Object.freeze(root)
  return true
}

function isFreezable(member: unknown): member is object {
  return typeof member === 'object' && member !== null && !ArrayBuffer.isView(member)
}
