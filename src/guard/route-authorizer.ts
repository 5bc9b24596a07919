import type { Decision } from '../model/decision.js'
import { Refusal } from '../model/refusal.js'
import type { GuardedRequest } from '../model/request.js'
import type { PolicySet } from '../policy/combine.js'
import { compilePolicy } from '../policy/compile.js'
import type { Policy } from '../policy/policy.js'
import type { Awaitable } from '../util/awaitable.js'
import { isRecord, ownMember } from '../util/members.js'
import type { Authorizer, DecisionResult, GuardContext } from '../verifier/authorizer.js'
import { internalsOf, type Verifier } from '../verifier/verifier.js'

/**
 * Authorizes the requests of one place in an application, by one verifier and one policy. Beyond `Verifier.authorize`
 * it knows the guard's mode, and what earlier guards on the same request found.
 */
export class RouteAuthorizer {
  readonly verifier: Verifier
  readonly #policy: Policy | undefined
  readonly #own: { readonly authorizer: Authorizer; readonly policies: PolicySet } | undefined

  /** @throws ConfigurationError if the policy is wrong. */
  constructor(verifier: Verifier, policy: Policy | undefined) {
    if (policy !== undefined) compilePolicy('policy', policy)
    this.verifier = verifier
    this.#policy = policy
    const internals = internalsOf(verifier)
    if (internals === undefined) return
    this.#own = { authorizer: internals.authorizer, policies: internals.policies(policy) }
  }

  authorize(request: GuardedRequest, context: GuardContext): Awaitable<DecisionResult> {
    if (this.#own === undefined) return this.#authorizeByWrapper(request)
    return this.#own.authorizer.authorize(request, this.#own.policies, context)
  }

  /** A custom object of the interface: only its public method is known, and it may fail in any way. */
  async #authorizeByWrapper(request: GuardedRequest): Promise<DecisionResult> {
    try {
      const decision: unknown = await this.verifier.authorize(request, this.#policy)
      if (isDecision(decision)) return { decision, resolved: undefined }
      throw new TypeError('authorize() of a custom verifier did not return a decision')
    } catch (cause) {
      const refusal = new Refusal('issuer_unavailable', { cause })
      return { decision: { outcome: 'undecidable', refusal }, resolved: undefined }
    }
  }
}

function isDecision(value: unknown): value is Decision {
  if (!isRecord(value)) return false
  const outcome = ownMember(value, 'outcome')
  if (outcome === 'accepted') return isRecord(ownMember(value, 'token'))
  // Of any copy of the package.
  return (
    (outcome === 'refused' || outcome === 'undecidable') && ownMember(value, 'refusal') instanceof Refusal
  )
}
