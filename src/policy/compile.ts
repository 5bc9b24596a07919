import { claimRules, type ClaimRule } from '../model/claim-rule.js'
import { type ScopeRule, compileScopes } from '../model/scopes.js'
import { duration } from '../options/duration.js'
import { readOptions } from '../options/read-options.js'
import { custom, optional, restricting, type Reader, type TableOf } from '../options/reader.js'
import { func, stringList } from '../options/readers.js'
import { deepFreeze } from '../util/freeze.js'
import type { Policy } from './policy.js'

/** Checked and normalized policy. Durations are in seconds. */
export interface CompiledPolicy {
  readonly scopes: ScopeRule | undefined
  readonly maxTokenAge: number | undefined
  readonly maxTokenLifetime: number | undefined
  readonly confirmAfter: number | undefined
  readonly staleIfError: number | undefined
  readonly issuers: readonly string[] | undefined
  readonly clients: readonly string[] | undefined
  readonly subjects: readonly string[] | undefined
  readonly claims: readonly ClaimRule[] | undefined
  readonly check: Policy['check'] | undefined
}

const scopes = custom<ScopeRule>(
  { type: 'string, list, allOf(…) or anyOf(…)', bounds: 'at least one' },
  compileScopes,
)
const check = func<NonNullable<Policy['check']>>({ type: '(token, request?) => boolean | string | Refusal' })

/** Refuses a requirement that is accidentally `undefined`, because it would otherwise be dropped. */
const requirement = <T>(reader: Reader<T>): Reader<T | undefined> => restricting(optional(reader))

/** Options of a policy. */
export const POLICY_OPTIONS = {
  scopes: requirement(scopes),
  maxTokenAge: requirement(duration()),
  maxTokenLifetime: requirement(duration()),
  confirmAfter: requirement(duration()),
  staleIfError: requirement(duration()),
  issuers: requirement(stringList),
  clients: requirement(stringList),
  subjects: requirement(stringList),
  claims: requirement(claimRules),
  check: requirement(check),
} satisfies TableOf<Policy>

const compiledPolicies = new WeakMap<Policy, CompiledPolicy>()

/**
 * Checks a policy and freezes it. Compiled policies are cached by object identity, so that a policy object that is passed
 * with each request costs one lookup.
 *
 * @throws ConfigurationError that names the invalid option.
 */
export function compilePolicy(option: string, policy: Policy): CompiledPolicy {
  const cached = compiledPolicies.get(policy)
  if (cached !== undefined) return cached
  const compiled: CompiledPolicy = Object.freeze(readOptions(option, policy, POLICY_OPTIONS))
  // Frozen, because a later change would be ignored. In strict mode it now throws.
  for (const [name, value] of Object.entries(policy)) {
    if (Array.isArray(value)) Object.freeze(value)
    if (name === 'claims') deepFreeze(value as object)
  }
  compiledPolicies.set(Object.freeze(policy), compiled)
  return compiled
}

/** Reads an option that is a policy. Returns the policy itself, because compiled policies are cached by identity. */
export const policyOption: Reader<Policy> = custom('policy', (option, value) => {
  compilePolicy(option, value as Policy)
  return value as Policy
})
