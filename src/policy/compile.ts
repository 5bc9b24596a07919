import { type ScopeRule, compileScopes } from '../model/scopes.js'
import { ConfigurationError } from '../options/configuration-error.js'
import { type Duration, parseDuration } from '../options/duration.js'
import { ownOptions } from '../options/read-options.js'
import { textList } from '../options/readers.js'
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
  readonly check: Policy['check'] | undefined
}

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
  const own = ownOptions(option, policy, {
    scopes: true,
    maxTokenAge: true,
    maxTokenLifetime: true,
    confirmAfter: true,
    staleIfError: true,
    issuers: true,
    clients: true,
    check: true,
  })
  for (const [name, value] of Object.entries(own)) {
    // A demand that came out empty by accident must not look like a route that demands nothing.
    if (value === undefined)
      throw new ConfigurationError(`${option}.${name}`, 'is undefined; leave it out instead')
  }
  if (own.check !== undefined && typeof own.check !== 'function') {
    throw new ConfigurationError(`${option}.check`, 'must be a function')
  }
  const compiled: CompiledPolicy = Object.freeze({
    scopes: own.scopes === undefined ? undefined : compileScopes(`${option}.scopes`, own.scopes),
    maxTokenAge: duration(option, 'maxTokenAge', own.maxTokenAge),
    maxTokenLifetime: duration(option, 'maxTokenLifetime', own.maxTokenLifetime),
    confirmAfter: duration(option, 'confirmAfter', own.confirmAfter),
    staleIfError: duration(option, 'staleIfError', own.staleIfError),
    issuers: own.issuers === undefined ? undefined : textList(`${option}.issuers`, own.issuers),
    clients: own.clients === undefined ? undefined : textList(`${option}.clients`, own.clients),
    check: own.check,
  })
  // Changed later, it would go on meaning what it meant: changing it must fail instead of being ignored.
  for (const list of [own.scopes, own.issuers, own.clients]) if (Array.isArray(list)) Object.freeze(list)
  compiledPolicies.set(Object.freeze(policy), compiled)
  return compiled
}

function duration(option: string, name: string, value: Duration | undefined): number | undefined {
  return value === undefined ? undefined : parseDuration(`${option}.${name}`, value)
}
