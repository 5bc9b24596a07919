import { type PolicySet, combinePolicies } from './combine.js'
import { compilePolicy } from './compile.js'
import type { Policy } from './policy.js'

/** Combines the policy of a verifier with that of a route, once per policy object. */
export function policySets(verifierPolicy: Policy | undefined): (policy: Policy | undefined) => PolicySet {
  const basePolicies = verifierPolicy === undefined ? [] : [compilePolicy('policy', verifierPolicy)]
  const baseSet = combinePolicies(basePolicies)
  const sets = new WeakMap<Policy, PolicySet>()
  const setOf = (policy: Policy): PolicySet => {
    let set = sets.get(policy)
    if (set === undefined) {
      set = combinePolicies([...basePolicies, compilePolicy('policy', policy)])
      sets.set(policy, set)
    }
    return set
  }
  // Successive requests often have the same policy, and comparing it is cheaper than a lookup.
  let lastPolicy: Policy | undefined
  let lastSet = baseSet
  return (policy) => {
    if (policy === lastPolicy) return lastSet
    lastSet = policy === undefined ? baseSet : setOf(policy)
    lastPolicy = policy
    return lastSet
  }
}

/** Combines the policy of a verifier with several policies of one place. */
export function combinedWith(verifierPolicy: Policy | undefined, added: readonly Policy[]): PolicySet {
  const policies = verifierPolicy === undefined ? added : [verifierPolicy, ...added]
  return combinePolicies(policies.map((policy) => compilePolicy('policy', policy)))
}
