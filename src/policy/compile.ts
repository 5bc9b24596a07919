import { type ScopeRule, compileScopes } from '../model/scopes.js'
import { duration } from '../options/duration.js'
import { readOptions } from '../options/read-options.js'
import { custom, optional, restricting, type Reader, type TableOf } from '../options/reader.js'
import { func, stringList } from '../options/readers.js'
import type { Policy } from './policy.js'

/** A policy checked and brought into one form. */
export interface CompiledPolicy {
  readonly scopes: ScopeRule | undefined
  readonly maxTokenAge: number | undefined
  readonly maxTokenLifetime: number | undefined
  readonly confirmAfter: number | undefined
  readonly staleIfError: number | undefined
  readonly issuers: readonly string[] | undefined
  readonly clients: readonly string[] | undefined
  readonly subjects: readonly string[] | undefined
  readonly check: Policy['check'] | undefined
}

const scopes = custom<ScopeRule>(
  { type: 'string, list, allOf(…) or anyOf(…)', bounds: 'at least one' },
  compileScopes,
)
const check = func<NonNullable<Policy['check']>>({ type: '(token, request?) => boolean | string' })

/** A requirement that came out `undefined` by accident must not look like a route that requires nothing. */
const requirement = <T>(reader: Reader<T>): Reader<T | undefined> => restricting(optional(reader))

/** The options of a policy. */
export const POLICY_OPTIONS = {
  scopes: requirement(scopes),
  maxTokenAge: requirement(duration()),
  maxTokenLifetime: requirement(duration()),
  confirmAfter: requirement(duration()),
  staleIfError: requirement(duration()),
  issuers: requirement(stringList),
  clients: requirement(stringList),
  subjects: requirement(stringList),
  check: requirement(check),
} satisfies TableOf<Policy>

const compiledPolicies = new WeakMap<Policy, CompiledPolicy>()

/**
 * Checks a policy once, and freezes it. Compiled policies are remembered by object, so that a policy object
 * handed in with each request costs one look-up.
 *
 * @throws ConfigurationError naming the member that is wrong.
 */
export function compilePolicy(option: string, policy: Policy): CompiledPolicy {
  const known = compiledPolicies.get(policy)
  if (known !== undefined) return known
  const compiled: CompiledPolicy = Object.freeze(readOptions(option, policy, POLICY_OPTIONS))
  // Changed later, it would go on meaning what it meant: changing it must fail instead of being ignored.
  for (const value of Object.values(policy)) if (Array.isArray(value)) Object.freeze(value)
  compiledPolicies.set(Object.freeze(policy), compiled)
  return compiled
}

/** Reads an option that is a policy. The policy itself is kept: it is known by its identity. */
export const policyOption: Reader<Policy> = custom('policy', (option, value) => {
  compilePolicy(option, value as Policy)
  return value as Policy
})
