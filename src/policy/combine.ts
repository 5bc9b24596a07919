import { type ScopeRule, necessaryParts, mentionedScopes } from '../model/scopes.js'
import type { CompiledPolicy } from './compile.js'
import type { Policy } from './policy.js'

/** What policies demand of the freshness of remote answers, the strictest of each. */
export interface FreshnessNeeds {
  /** Seconds within which the issuer must have vouched; undefined for no demand. */
  readonly confirmAfter: number | undefined
  /** Seconds that a cached result may be used past its lifetime while the issuer is unavailable. */
  readonly staleIfError: number
  /** Whether any of the policies names one of the two. */
  readonly isStated: boolean
}

/** The policies that hold for a request, brought together once for all its requests. */
export interface PolicySet {
  readonly needs: FreshnessNeeds
  /** The strictest of each, in seconds; undefined for no demand. */
  readonly maxTokenAge: number | undefined
  readonly maxTokenLifetime: number | undefined
  /** Those of them that say who may come. */
  readonly callers: readonly CallerRule[]
  /** Scopes that must be there, whatever else is. */
  readonly requiredScopes: readonly string[]
  /** What is demanded of scopes beyond those, such as one of several. */
  readonly scopeRules: readonly ScopeRule[]
  /** Every scope that is mentioned: what a challenge names. */
  readonly mentionedScopes: readonly string[]
  readonly checks: readonly NonNullable<Policy['check']>[]
}

const CALLER_RULES = ['issuers', 'clients', 'subjects'] as const

export type CallerRule = Pick<CompiledPolicy, (typeof CALLER_RULES)[number]>

/** Brings policies together: each holds, and the strictest freshness counts. */
export function combinePolicies(policies: readonly CompiledPolicy[]): PolicySet {
  const demands = policies.map((policy) => policy.scopes).filter((demand) => demand !== undefined)
  const parts = demands.flatMap(necessaryParts)
  const confirmAfter = least(policies.map((policy) => policy.confirmAfter))
  const staleIfError = least(policies.map(staleIfErrorOf))
  return {
    needs: {
      confirmAfter,
      staleIfError: staleIfError ?? 0,
      isStated: staleIfError !== undefined,
    },
    maxTokenAge: least(policies.map((policy) => policy.maxTokenAge)),
    maxTokenLifetime: least(policies.map((policy) => policy.maxTokenLifetime)),
    callers: policies.filter((policy) => CALLER_RULES.some((name) => policy[name] !== undefined)),
    requiredScopes: [...new Set(parts.filter((part) => typeof part === 'string'))],
    scopeRules: parts.filter((part) => typeof part !== 'string'),
    mentionedScopes: Object.freeze([...new Set(demands.flatMap(mentionedScopes))]),
    checks: policies.map((policy) => policy.check).filter((check) => check !== undefined),
  }
}

/** A policy that wants recent confirmations and says nothing of outages does not accept older ones in an outage. */
function staleIfErrorOf({ staleIfError, confirmAfter }: CompiledPolicy): number | undefined {
  return staleIfError ?? (confirmAfter === undefined ? undefined : 0)
}

function least(values: readonly (number | undefined)[]): number | undefined {
  const given = values.filter((value) => value !== undefined)
  return given.length === 0 ? undefined : Math.min(...given)
}
