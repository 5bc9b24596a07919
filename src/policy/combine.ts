import { type ScopeRule, necessaryParts, mentionedScopes } from '../model/scopes.js'
import type { CompiledPolicy } from './compile.js'
import type { Policy } from './policy.js'

/** Freshness that policies require of remote results, the strictest of each. */
export interface FreshnessNeeds {
  /** Seconds within which the issuer must have confirmed the token; `undefined` if no policy requires it. */
  readonly confirmAfter: number | undefined
  /** Seconds that a cached result may be used past its lifetime while the issuer is unavailable. */
  readonly staleIfError: number
  /** Whether any policy sets one of the two. */
  readonly isStated: boolean
}

/** Policies that apply to the same requests, combined once. */
export interface PolicySet {
  readonly needs: FreshnessNeeds
  /** The shortest of all policies, in seconds; `undefined` if no policy sets it. */
  readonly maxTokenAge: number | undefined
  /** The shortest of all policies, in seconds; `undefined` if no policy sets it. */
  readonly maxTokenLifetime: number | undefined
  /** Policies that restrict issuers, clients, subjects or claims. */
  readonly callers: readonly CallerRule[]
  /** Scopes that are each required. */
  readonly requiredScopes: readonly string[]
  /** Further scope rules, such as one of several scopes. */
  readonly scopeRules: readonly ScopeRule[]
  /** Every scope in any rule, for the challenge. */
  readonly mentionedScopes: readonly string[]
  readonly checks: readonly NonNullable<Policy['check']>[]
}

const CALLER_RULES = ['issuers', 'clients', 'subjects', 'claims'] as const

/** Rules of one policy about the caller. */
export type CallerRule = Pick<CompiledPolicy, (typeof CALLER_RULES)[number]>

/** Combines policies: all of them apply, and of each duration the shortest. */
export function combinePolicies(policies: readonly CompiledPolicy[]): PolicySet {
  const rules = policies.map((policy) => policy.scopes).filter((rule) => rule !== undefined)
  const parts = rules.flatMap(necessaryParts)
  const confirmAfter = minimum(policies.map((policy) => policy.confirmAfter))
  const staleIfError = minimum(policies.map(staleIfErrorOf))
  return {
    needs: {
      confirmAfter,
      staleIfError: staleIfError ?? 0,
      isStated: staleIfError !== undefined,
    },
    maxTokenAge: minimum(policies.map((policy) => policy.maxTokenAge)),
    maxTokenLifetime: minimum(policies.map((policy) => policy.maxTokenLifetime)),
    callers: policies.filter((policy) => CALLER_RULES.some((name) => policy[name] !== undefined)),
    requiredScopes: [...new Set(parts.filter((part) => typeof part === 'string'))],
    scopeRules: parts.filter((part) => typeof part !== 'string'),
    mentionedScopes: Object.freeze([...new Set(rules.flatMap(mentionedScopes))]),
    checks: policies.map((policy) => policy.check).filter((check) => check !== undefined),
  }
}

/**
 * A policy that requires recent confirmations does not accept stale ones in an outage, unless it sets `staleIfError`.
 */
function staleIfErrorOf({ staleIfError, confirmAfter }: CompiledPolicy): number | undefined {
  return staleIfError ?? (confirmAfter === undefined ? undefined : 0)
}

function minimum(values: readonly (number | undefined)[]): number | undefined {
  const numbers = values.filter((value) => value !== undefined)
  return numbers.length === 0 ? undefined : Math.min(...numbers)
}
