import { type PolicySet, combinePolicies } from './combine.js'
import { compilePolicy } from './compile.js'
import type { Policy } from './policy.js'

/** Brings the verifier's own policy together with a route's, once for every policy object. */
export function policySets(own: Policy | undefined): (policy: Policy | undefined) => PolicySet {
  const everywhere = own === undefined ? [] : [compilePolicy('policy', own)]
  const alone = combinePolicies(everywhere)
  const sets = new WeakMap<Policy, PolicySet>()
  const setOf = (policy: Policy): PolicySet => {
    let set = sets.get(policy)
    if (set === undefined) {
      set = combinePolicies([...everywhere, compilePolicy('policy', policy)])
      sets.set(policy, set)
    }
    return set
  }
  // Most requests in a row go to routes of one policy: comparing is cheaper than looking up.
  let last: Policy | undefined
  let lastSet = alone
  return (policy) => {
    if (policy === last) return lastSet
    lastSet = policy === undefined ? alone : setOf(policy)
    last = policy
    return lastSet
  }
}
