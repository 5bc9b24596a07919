import { markMajor, refuseOtherMajor } from '../options/package-major.js'
import { ConfigurationError } from '../options/configuration-error.js'
import { mapItems } from '../util/members.js'

/**
 * Scopes that a route requires: `'a b'` or `['a', 'b']` (all of them), {@link allOf} or {@link anyOf}, nested as needed.
 * At least one scope. Each is a scope-token of RFC 6749 section 3.3.
 */
export type ScopeDemand = string | readonly string[] | ScopeRule

/** Scope requirement created by {@link allOf} or {@link anyOf}. An object literal of this shape is refused. */
export interface ScopeRule {
  /** `all` requires every part, `any` at least one. */
  readonly kind: 'all' | 'any'
  /** Parts of the requirement: scopes, or nested requirements. */
  readonly of: readonly (string | ScopeRule)[]
}

/**
 * Function that decides whether a granted scope satisfies a required scope. Only `true` does. An exception, a promise or
 * any other value grants nothing.
 */
export type ScopeMatcher = (granted: string, required: string) => boolean

/** How scopes are compared: `exact`, `wildcard` (`*` in granted scopes), or a custom function. */
export type ScopeMatching = 'exact' | 'wildcard' | ScopeMatcher

/** Rules that this copy of the package has created and checked. */
const checkedRules = new WeakSet<object>()

/**
 * Marks a rule for other copies of the package of the same major version, such as one that a dependency installed. The
 * key is a symbol, so that no object parsed from JSON has the property.
 */
const SCOPE_RULE = Symbol.for('m2m-guard@0/scope-rule')

/**
 * Requires all of its parts. A part that is a string with spaces requires all of its scopes.
 *
 * @throws ConfigurationError without parts, or for a part that is not a scope (RFC 6749 section 3.3).
 * @example
 * ```ts
 * guard(verifier, { scopes: allOf('orders:read', anyOf('eu', 'us')) })
 * ```
 */
export function allOf(...parts: readonly ScopeDemand[]): ScopeRule {
  return createRule('all', parts, 'allOf()')
}

/**
 * Requires at least one of its parts. A part that is a string with spaces requires all of its scopes.
 *
 * @throws ConfigurationError without parts, or for a part that is not a scope (RFC 6749 section 3.3).
 * @example
 * ```ts
 * guard(verifier, { scopes: anyOf('orders:read', 'orders:admin') })
 * ```
 */
export function anyOf(...parts: readonly ScopeDemand[]): ScopeRule {
  return createRule('any', parts, 'anyOf()')
}

/** Checks a scope requirement once, at start, and normalizes it. */
export function compileScopes(option: string, input: unknown): ScopeRule {
  const part = compilePart(option, input)
  return typeof part === 'string' ? createRule('all', [part], option) : part
}

function createRule(kind: ScopeRule['kind'], parts: readonly unknown[], option: string): ScopeRule {
  if (parts.length === 0) throw new ConfigurationError(option, 'must require at least one scope')
  const rule: ScopeRule = {
    kind,
    of: Object.freeze(mapItems(parts, (part) => compilePart(option, part))),
  }
  markMajor(rule)
  checkedRules.add(Object.freeze(Object.defineProperty(rule, SCOPE_RULE, { value: true })))
  return rule
}

function compilePart(option: string, input: unknown): string | ScopeRule {
  // An object of the same shape that allOf or anyOf did not create is refused, because its parts are unchecked.
  if (typeof input === 'object' && input !== null) {
    if (checkedRules.has(input)) return input as ScopeRule
    if (Object.hasOwn(input, SCOPE_RULE)) return recompile(option, input)
    refuseOtherMajor(option, input)
  }
  if (typeof input === 'string') {
    const scopes = splitScopes(input)
    for (const scope of scopes) requireScope(option, scope)
    const [first] = scopes
    return scopes.length === 1 && first !== undefined ? first : createRule('all', scopes, option)
  }
  if (Array.isArray(input)) return createRule('all', input as readonly unknown[], option)
  throw new ConfigurationError(option, 'must be a string of scopes, a list of scopes, allOf() or anyOf()')
}

/** Checks a rule of another copy of the package again. An unknown `kind` is refused, because its meaning is unknown. */
function recompile(option: string, { kind, of }: Partial<ScopeRule>): ScopeRule {
  if ((kind === 'all' || kind === 'any') && Array.isArray(of)) return createRule(kind, of, option)
  throw new ConfigurationError(
    option,
    'was created by another version of m2m-guard. Install one version only',
  )
}

const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/** Whether a value is a scope-token: visible ASCII without spaces, quotes and backslashes (RFC 6749 section 3.3). */
export function isScopeToken(value: unknown): value is string {
  return typeof value === 'string' && SCOPE_TOKEN.test(value)
}

/** Refuses a required scope that is not a scope-token, because the challenge quotes required scopes unescaped. */
function requireScope(option: string, scope: string): void {
  if (!isScopeToken(scope)) {
    throw new ConfigurationError(
      option,
      `${JSON.stringify(scope)} is not a scope. Use visible ASCII without quotes and backslashes (RFC 6749 section 3.3)`,
    )
  }
}

/** Splits a `scope` value at spaces only (RFC 6749 section 3.3). A tab or a comma is part of a scope. */
export function splitScopes(value: string): readonly string[] {
  const scopes = value.split(' ')
  return scopes.includes('') ? scopes.filter((scope) => scope !== '') : scopes
}

/** Whether granted scopes satisfy a rule. */
export function scopesSatisfy(rule: ScopeRule, granted: readonly string[], matches: ScopeMatcher): boolean {
  const isAny = rule.kind === 'any'
  for (const part of rule.of) {
    const isSatisfied =
      typeof part === 'string' ? isGranted(part, granted, matches) : scopesSatisfy(part, granted, matches)
    if (isSatisfied === isAny) return isAny
  }
  return !isAny
}

/** Whether one of the granted scopes satisfies a required one. */
export function isGranted(required: string, granted: readonly string[], matches: ScopeMatcher): boolean {
  if (matches === exactScope) return granted.includes(required)
  return granted.some((scope) => isMatch(matches, scope, required))
}

function isMatch(matches: ScopeMatcher, granted: string, required: string): boolean {
  try {
    const result: unknown = matches(granted, required)
    // A promise grants nothing, and an unhandled rejection would end the process.
    if (result instanceof Promise) result.catch(() => undefined)
    // A matcher written in JavaScript may return any value. A truthy one is not enough.
    return result === true
  } catch {
    return false
  }
}

/**
 * Maximum number of pairs of wildcard scopes that are compared: the sender of a token must not block the event loop.
 */
const MAX_COMPARISONS = 10_000

/**
 * Returns the scopes that two lists have in common: those in both, and with `wildcard` also those of one list that the
 * other grants. For example `orders:*` and `orders:read` have `orders:read` in common. A custom matcher is not called,
 * because its results need not be transitive.
 */
export function commonScopes(
  first: readonly string[],
  second: readonly string[],
  matches: ScopeMatcher,
): readonly string[] {
  const [inFirst, inSecond] = [new Set(first), new Set(second)]
  if (matches !== wildcardScope || first.length * second.length > MAX_COMPARISONS) {
    return Object.freeze(first.filter((scope) => inSecond.has(scope)))
  }
  const fromFirst = first.filter((scope) => inSecond.has(scope) || isGranted(scope, second, matches))
  const fromSecond = second.filter((scope) => !inFirst.has(scope) && isGranted(scope, first, matches))
  return Object.freeze([...fromFirst, ...fromSecond])
}

/** Flattens nested `all` rules into the parts that are each required. */
export function necessaryParts(rule: ScopeRule): readonly (string | ScopeRule)[] {
  if (rule.kind === 'any') return [rule]
  return rule.of.flatMap((part) => (typeof part === 'string' ? [part] : necessaryParts(part)))
}

/** Returns every scope in a rule, in order and without duplicates. The challenge names them. */
export function mentionedScopes(rule: ScopeRule): readonly string[] {
  return [...new Set(rule.of.flatMap((part) => (typeof part === 'string' ? [part] : mentionedScopes(part))))]
}

/** Describes scope requirements as a policy writes them: `"a", anyOf("b", "c")`. Cut after 160 characters. */
export function describeScopes(parts: ScopeRule['of']): string {
  let description = ''
  for (const part of parts) {
    const written =
      typeof part === 'string' ? JSON.stringify(part) : `${part.kind}Of(${describeScopes(part.of)})`
    description += description === '' ? written : `, ${written}`
    if (description.length > LONGEST_DESCRIPTION) return `${description.slice(0, LONGEST_DESCRIPTION)}…`
  }
  return description
}

const LONGEST_DESCRIPTION = 160

/** Reads the `scopeMatching` option of an issuer. */
export function scopeMatcher(option: string, matching: unknown, fallback: ScopeMatcher): ScopeMatcher {
  if (matching === undefined) return fallback
  if (matching === 'exact') return exactScope
  if (matching === 'wildcard') return wildcardScope
  if (typeof matching === 'function') return matching as ScopeMatcher
  throw new ConfigurationError(option, "must be 'exact', 'wildcard' or a function")
}

/** Compares scopes exactly; they are case-sensitive (RFC 6749 section 3.3). */
export const exactScope: ScopeMatcher = (granted, required) => granted === required

/**
 * Compares scopes with `*` as a pattern in granted ones. `*` must be a whole `:`-separated part. It matches one part of
 * the required scope, and one or more parts at the end: `orders:*` satisfies `orders:read` and `orders:read:eu`,
 * `*:read` satisfies `orders:read`. A scope that is only `*` matches itself only. `*` in a required scope is not a
 * pattern.
 */
export const wildcardScope: ScopeMatcher = (granted, required) => {
  if (granted === required) return true
  // Compares in place up to the first difference. A token may have a thousand patterns, and splitting each of them for
  // each required scope costs milliseconds per request.
  let position = 0
  let index = 0
  while (position < granted.length) {
    if (isStarAt(granted, position)) {
      const colon = required.indexOf(':', index)
      const end = colon === -1 ? required.length : colon
      if (end === index) return false
      if (position + 1 === granted.length) return position > 0
      if (colon === -1) return false
      position += 2
      index = colon + 1
      continue
    }
    const code = granted.charCodeAt(position)
    if (code !== required.charCodeAt(index)) return false
    position += 1
    index += 1
  }
  return index === required.length
}

const STAR = 42
const COLON = 58

/** Whether the part at a position is `*`. */
function isStarAt(granted: string, position: number): boolean {
  return (
    granted.charCodeAt(position) === STAR &&
    (position === 0 || granted.charCodeAt(position - 1) === COLON) &&
    (position + 1 === granted.length || granted.charCodeAt(position + 1) === COLON)
  )
}

/**
 * Maximum number of scopes of one token. A token with more is refused with `claim_invalid`. Every request compares them
 * with the required scopes, so the sender of a token must not decide how long that takes.
 */
export const MAX_SCOPES = 1000
