/** Freezes an object and everything in it, but for bytes, which cannot be frozen. */
export function deepFreeze<T extends object>(root: T): T {
  // A worklist, not recursion: nesting is the token's choice and must not become our stack depth. What is frozen
  // already is looked into as well: it may hold what is not.
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
 * Freezes an object and everything in it, unless something in it lies more than `levels` deep: then it gives false, and
 * the object is frozen in part.
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
