import { ConfigurationError } from '../options/configuration-error.js'

/**
 * Scopes a route demands: `'a b'` or `['a', 'b']` (all of them), or {@link allOf} and {@link anyOf},
 * nested as needed. Each scope is written with the characters of RFC 6749 section 3.3.
 */
export type ScopeDemand = string | readonly string[] | ScopeRule

/** A demand made by {@link allOf} or {@link anyOf}. */
export interface ScopeRule {
  readonly kind: 'all' | 'any'
  readonly of: readonly (string | ScopeRule)[]
}

/**
 * Decides whether one granted scope satisfies one demanded scope. Only `true` does: an exception, a
 * promise or any other value grants nothing.
 */
export type ScopeMatcher = (granted: string, demanded: string) => boolean

/** How scopes are compared: as text, with `*` in granted scopes, or by an own function. */
export type ScopeMatching = 'exact' | 'wildcard' | ScopeMatcher

const made = new WeakSet<object>()

/**
 * Demands every one of its parts. A part that is a text with spaces stands for all of its scopes.
 *
 * @throws ConfigurationError without parts, or for a part that is not a scope.
 */
export function allOf(...parts: readonly ScopeDemand[]): ScopeRule {
  return rule('all', parts, 'allOf()')
}

/**
 * Demands at least one of its parts. A part that is a text with spaces stands for all of its scopes.
 *
 * @throws ConfigurationError without parts, or for a part that is not a scope.
 */
export function anyOf(...parts: readonly ScopeDemand[]): ScopeRule {
  return rule('any', parts, 'anyOf()')
}

/** Checks a demand once, at start, and brings it into one form. */
export function compileScopes(option: string, demand: unknown): ScopeRule {
  const part = compilePart(option, demand)
  return typeof part === 'string' ? rule('all', [part], option) : part
}

function rule(kind: ScopeRule['kind'], parts: readonly unknown[], option: string): ScopeRule {
  if (parts.length === 0) throw new ConfigurationError(option, 'must demand at least one scope')
  const compiled: ScopeRule = Object.freeze({
    kind,
    of: Object.freeze(parts.map((part) => compilePart(option, part))),
  })
  made.add(compiled)
  return compiled
}

function compilePart(option: string, demand: unknown): string | ScopeRule {
  // Only what allOf and anyOf made is a rule: anything else of that shape was never checked.
  if (typeof demand === 'object' && demand !== null && made.has(demand)) return demand as ScopeRule
  if (typeof demand === 'string') {
    const words = splitScopes(demand)
    for (const word of words) requireScope(option, word)
    const [only] = words
    return words.length === 1 && only !== undefined ? only : rule('all', words, option)
  }
  if (Array.isArray(demand)) return rule('all', demand as readonly unknown[], option)
  throw new ConfigurationError(option, `must be scopes as a string, a list, allOf() or anyOf()`)
}

const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/** Whether a value is a scope-token (RFC 6749 section 3.3): visible ASCII without space, quote and backslash. */
export function isScopeToken(value: unknown): value is string {
  return typeof value === 'string' && SCOPE_TOKEN.test(value)
}

/** The challenge quotes required scopes unchanged, so each must have the syntax of a scope-token. */
function requireScope(option: string, scope: string): void {
  if (!isScopeToken(scope)) {
    throw new ConfigurationError(
      option,
      `${JSON.stringify(scope)} is not a scope: only visible ASCII without quote and backslash (RFC 6749 section 3.3)`,
    )
  }
}

/** Splits a `scope` value. Only the space separates (RFC 6749 section 3.3): a tab or a comma is part of a scope. */
export function splitScopes(text: string): readonly string[] {
  const words = text.split(' ')
  return words.includes('') ? words.filter((word) => word !== '') : words
}

/** Whether granted scopes satisfy a demand. */
export function scopesSatisfy(demand: ScopeRule, granted: readonly string[], matches: ScopeMatcher): boolean {
  const isAny = demand.kind === 'any'
  for (const part of demand.of) {
    const holds =
      typeof part === 'string' ? isGranted(part, granted, matches) : scopesSatisfy(part, granted, matches)
    if (holds === isAny) return isAny
  }
  return !isAny
}

/** Whether one of the granted scopes satisfies a demanded one. */
export function isGranted(demanded: string, granted: readonly string[], matches: ScopeMatcher): boolean {
  if (matches === exactScope) return granted.includes(demanded)
  return granted.some((scope) => grants(matches, scope, demanded))
}

function grants(matches: ScopeMatcher, granted: string, demanded: string): boolean {
  try {
    const verdict: unknown = matches(granted, demanded)
    // A promise grants nothing, and one that nobody looks at must not end the process when it fails.
    if (verdict instanceof Promise) verdict.catch(() => undefined)
    // A matcher written in JavaScript may return anything; truthy is not enough to open a door.
    return verdict === true
  } catch {
    return false
  }
}

/** Pairs of wildcard scopes that are compared at most: the client has chosen some, and the event loop waits meanwhile. */
const MOST_COMPARISONS = 10_000

/**
 * The scopes that two lists have in common: those in both, and under `wildcard` also those of one list that the other
 * grants, so that `orders:*` and `orders:read` have `orders:read` in common. A custom matcher is not asked, because
 * what it grants need not be transitive.
 */
export function commonScopes(
  first: readonly string[],
  second: readonly string[],
  matches: ScopeMatcher,
): readonly string[] {
  const [inFirst, inSecond] = [new Set(first), new Set(second)]
  if (matches !== wildcardScope || first.length * second.length > MOST_COMPARISONS) {
    return Object.freeze(first.filter((scope) => inSecond.has(scope)))
  }
  const ofFirst = first.filter((scope) => inSecond.has(scope) || isGranted(scope, second, matches))
  const ofSecond = second.filter((scope) => !inFirst.has(scope) && isGranted(scope, first, matches))
  return Object.freeze([...ofFirst, ...ofSecond])
}

/** What must hold each for itself, for a demand to hold. */
export function necessaryParts(demand: ScopeRule): readonly (string | ScopeRule)[] {
  if (demand.kind === 'any') return [demand]
  return demand.of.flatMap((part) => (typeof part === 'string' ? [part] : necessaryParts(part)))
}

/** Every scope a demand mentions, in order, once: what the challenge tells the caller to bring. */
export function mentionedScopes(demand: ScopeRule): readonly string[] {
  return [
    ...new Set(demand.of.flatMap((part) => (typeof part === 'string' ? [part] : mentionedScopes(part)))),
  ]
}

/** Reads the `scopeMatching` option of an issuer. */
export function scopeMatcher(option: string, matching: unknown, fallback: ScopeMatcher): ScopeMatcher {
  if (matching === undefined) return fallback
  if (matching === 'exact') return exactScope
  if (matching === 'wildcard') return wildcardScope
  if (typeof matching === 'function') return matching as ScopeMatcher
  throw new ConfigurationError(option, `must be 'exact', 'wildcard' or a function`)
}

/** Scopes compared as text, case and all (RFC 6749 section 3.3). */
export const exactScope: ScopeMatcher = (granted, demanded) => granted === demanded

/**
 * `*` as a whole `:`-separated part of a granted scope stands for one part of the demanded scope, and at
 * the end for one or more: `orders:*` satisfies `orders:read` and `orders:read:eu`, `*:read` satisfies
 * `orders:read`. A lone `*` is only itself, and `*` in a demanded scope is no pattern.
 */
export const wildcardScope: ScopeMatcher = (granted, demanded) => {
  if (granted === demanded) return true
  const pattern = granted.split(':')
  if (pattern.length < 2 || !pattern.includes('*')) return false
  const parts = demanded.split(':')
  const last = pattern.length - 1
  if (pattern[last] === '*' ? parts.length < pattern.length : parts.length !== pattern.length) return false
  return pattern.every((part, index) => (part === '*' ? parts[index] !== '' : part === parts[index]))
}
