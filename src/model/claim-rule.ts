import { ConfigurationError } from '../options/configuration-error.js'
import { custom, mismatch, type Reader } from '../options/reader.js'
import { hasStrayCharacters, nonEmptyString, STRAY_CHARACTERS_PROBLEM } from '../options/readers.js'
import { DEEPEST_NESTING } from '../util/freeze.js'
import { isPlain, isRecord, mapItems } from '../util/members.js'
import { phrase } from '../util/quote.js'
import { claimAt, claimReference, describeClaim, type ClaimReference } from './claim-path.js'
import type { Claims } from './claims.js'

/** Value with which a claim is compared: without conversion, so that `'1'` and `1` differ. */
export type ClaimValue = string | number | boolean

/**
 * Rule about the claims of a token. Each named claim must equal the value, or one of the values. A claim that is a list
 * must contain one of them. An absent claim and one that is null never pass.
 *
 * An object in place of a value is a rule about the members of a claim: `{ 'kubernetes.io': { namespace: 'orders' } }`. A
 * name is never split at dots.
 */
export interface ClaimRules {
  /** Allowed values of the claim, or a rule about its members. */
  readonly [claim: string]: ClaimValue | readonly ClaimValue[] | ClaimRules
}

/** Checked rule about one claim. */
export interface ClaimRule extends ClaimReference {
  readonly values: readonly ClaimValue[]
}

/** Reads an option with {@link ClaimRules}. Returns one rule for each claim. */
export const claimRules: Reader<readonly ClaimRule[]> = custom(
  { type: 'object of claims', bounds: 'at least one' },
  (option, value) => Object.freeze(compileRules(option, value, [])),
)

function compileRules(option: string, rules: unknown, parents: readonly string[]): readonly ClaimRule[] {
  if (!isRecord(rules) || !isPlain(rules))
    throw mismatch(option, rules, "must be a plain object of claims, such as { tenant: 'acme' }")
  if (parents.length >= DEEPEST_NESTING)
    throw new ConfigurationError(option, `must not be nested deeper than ${DEEPEST_NESTING} levels`)
  // Non-enumerable names and symbols count too, so that no part of a rule is dropped.
  const names = Reflect.ownKeys(rules)
  if (names.length === 0)
    throw new ConfigurationError(option, "must name at least one claim, such as { tenant: 'acme' }")
  return names.flatMap((name) => {
    if (typeof name === 'symbol' || name === '' || hasStrayCharacters(name))
      throw new ConfigurationError(
        option,
        `must have non-empty names of claims, not symbols. A name ${STRAY_CHARACTERS_PROBLEM}`,
      )
    return compileClaim(`${option}.${name}`, rules[name], [...parents, name])
  })
}

function compileClaim(option: string, value: unknown, path: readonly string[]): readonly ClaimRule[] {
  if (value === undefined) throw new ConfigurationError(option, 'is undefined; leave it out instead')
  if (isRecord(value)) return compileRules(option, value, path)
  const values: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (values.length === 0) throw new ConfigurationError(option, 'must not be an empty list')
  const allowed = Object.freeze(mapItems(values, (one) => readValue(option, one)))
  return [Object.freeze({ ...claimReference(path), values: allowed })]
}

function readValue(option: string, value: unknown): ClaimValue {
  if (typeof value === 'string') return nonEmptyString.read(option, value)
  if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) return value
  throw new ConfigurationError(option, 'must be a string, a finite number, a boolean, or a list of these')
}

/** What is wrong with a claim, as the values of a detail's template. */
export interface RuleViolation {
  readonly claim: ReturnType<typeof phrase>
  readonly value: unknown
  readonly allowed: ClaimValue | readonly ClaimValue[]
}

/** Returns what is wrong with the first claim that violates a rule; `undefined` if all rules hold. */
export function violatedRule(rules: readonly ClaimRule[], claims: Claims): RuleViolation | undefined {
  for (const rule of rules) {
    const value = claimAt(claims, rule)
    if (!isAllowed(rule, value)) return violation(rule, value)
  }
  return undefined
}

/** As {@link violatedRule}, for claims that need not be complete: a rule about an absent claim holds. */
export function contradictedRule(rules: readonly ClaimRule[], claims: Claims): RuleViolation | undefined {
  for (const rule of rules) {
    const value = claimAt(claims, rule)
    if (value !== undefined && !isAllowed(rule, value)) return violation(rule, value)
  }
  return undefined
}

function isAllowed({ values }: ClaimRule, value: unknown): boolean {
  const allowed: readonly unknown[] = values
  return Array.isArray(value) ? value.some((item) => allowed.includes(item)) : allowed.includes(value)
}

function violation({ name, values }: ClaimRule, value: unknown): RuleViolation {
  const [first, ...others] = values
  const allowed = first !== undefined && others.length === 0 ? first : values
  return { claim: phrase(name), value: describeClaim(value), allowed }
}
