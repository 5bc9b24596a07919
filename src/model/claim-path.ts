import { isRecord, ownMember, type UntrustedObject } from '../util/members.js'
import { phrase } from '../util/quote.js'

/** Position of a claim: the names of the members that lead to it, from the outermost object on. At least one. */
export interface ClaimReference {
  readonly path: readonly string[]
  /** The path for messages: `realm_access.roles`. */
  readonly name: string
}

/** Position of a claim that contains scopes. */
export interface ScopeClaimReference extends ClaimReference {
  /** Whether the claim is an object whose keys are the scopes. */
  readonly hasKeys: boolean
}

/** Creates the reference to a claim. */
export function claimReference(path: string | readonly string[]): ClaimReference {
  const names = typeof path === 'string' ? [path] : path
  return Object.freeze({ path: Object.freeze([...names]), name: names.join('.') })
}

/** Creates the reference to a claim that contains scopes as a string or a list. */
export function scopeClaimReference(path: string | readonly string[]): ScopeClaimReference {
  return Object.freeze({ ...claimReference(path), hasKeys: false })
}

/** Value of a claim that cannot be read, because a member of its path is not an object. It has no valid type. */
const UNREACHABLE = Symbol('a member of the path is not an object')

/**
 * Returns a member of claims or of a response; `undefined` if it is absent or null. Null counts as absent, because all
 * members are optional unless a profile requires them, and some issuers write null instead of omitting one.
 */
export function presentMember(claims: UntrustedObject, name: string): unknown {
  return ownMember(claims, name) ?? undefined
}

/**
 * Returns the value of a claim; `undefined` if it, or a member of its path, is absent or null. If a member of its path is
 * not an object, the value is a symbol. Only members of the objects themselves are read.
 */
export function claimAt(claims: UntrustedObject, { path }: ClaimReference): unknown {
  let value: unknown = claims
  for (const name of path) {
    if (!isRecord(value)) return UNREACHABLE
    value = presentMember(value, name)
    if (value === undefined) return undefined
  }
  return value
}

/** Returns the value of {@link claimAt} as a detail names it. */
export function describeClaim(value: unknown): unknown {
  return value === UNREACHABLE ? phrase('a member of a value that is not an object') : value
}
