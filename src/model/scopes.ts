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

/** Demands that this copy of the package has made and checked. */
const made = new WeakSet<object>()

/**
 * Marks a demand for other copies of the package of the same major version, as when a dependency brings its own. A
 * property with a symbol as its name: nothing that is parsed from JSON has one.
 */
const SCOPE_RULE = Symbol.for('m2m-guard@0/scope-rule')

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
  const compiled: ScopeRule = {
    kind,
    of: Object.freeze(parts.map((part) => compilePart(option, part))),
  }
  made.add(Object.freeze(Object.defineProperty(compiled, SCOPE_RULE, { value: true })))
  return compiled
}

function compilePart(option: string, demand: unknown): string | ScopeRule {
  // Only what allOf and anyOf made is a rule: anything else of that shape was never checked.
  if (typeof demand === 'object' && demand !== null) {
    if (made.has(demand)) return demand as ScopeRule
    if (Object.hasOwn(demand, SCOPE_RULE)) return recompile(option, demand)
  }
  if (typeof demand === 'string') {
    const words = splitScopes(demand)
    for (const word of words) requireScope(option, word)
    const [only] = words
    return words.length === 1 && only !== undefined ? only : rule('all', words, option)
  }
  if (Array.isArray(demand)) return rule('all', demand as readonly unknown[], option)
  throw new ConfigurationError(option, `must be scopes as a string, a list, allOf() or anyOf()`)
}

/** Checks a demand of another copy of the package as if it were new: a kind that is not known must not be guessed. */
function recompile(option: string, { kind, of }: Partial<ScopeRule>): ScopeRule {
  if ((kind === 'all' || kind === 'any') && Array.isArray(of)) return rule(kind, of, option)
  throw new ConfigurationError(option, 'was made by another version of m2m-guard: install one version only')
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
  // In place, up to the first difference: a token may have a thousand patterns, and to split each of them for each demanded
  // scope costs milliseconds per request.
  let at = 0
  let index = 0
  while (at < granted.length) {
    if (isStarAt(granted, at)) {
      const colon = demanded.indexOf(':', index)
      const end = colon === -1 ? demanded.length : colon
      if (end === index) return false
      if (at + 1 === granted.length) return at > 0
      if (colon === -1) return false
      at += 2
      index = colon + 1
      continue
    }
    const code = granted.charCodeAt(at)
    if (code !== demanded.charCodeAt(index)) return false
    at += 1
    index += 1
  }
  return index === demanded.length
}

const STAR = 42
const COLON = 58

/** Whether a whole part that is `*` starts here. */
function isStarAt(granted: string, at: number): boolean {
  return (
    granted.charCodeAt(at) === STAR &&
    (at === 0 || granted.charCodeAt(at - 1) === COLON) &&
    (at + 1 === granted.length || granted.charCodeAt(at + 1) === COLON)
  )
}

/**
 * Maximum number of scopes of one token; a token with more is refused with `claim_invalid`. Every request compares them
 * with the demanded ones, so the sender of a token must not choose how long that takes.
 */
export const MAX_SCOPES = 1000
