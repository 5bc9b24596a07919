import type { Decision } from '../model/decision.js'
import { withAuthorizationFrom } from '../bearer/bearer-token.js'
import { explain } from '../model/detail/explain.js'
import { isRefusal, Refusal } from '../model/refusal/refusal.js'
import type { GuardedRequest } from '../model/request.js'
import type { PolicySet } from '../policy/combine.js'
import { compilePolicy } from '../policy/compile.js'
import type { Policy } from '../policy/policy.js'
import type { Awaitable } from '../util/awaitable.js'
import { isRecord, ownMember } from '../util/members.js'
import { errorName, phrase } from '../util/quote.js'
import { readToken, type Authorizer, type DecisionResult } from '../verifier/authorizer.js'
import type { GuardContext } from '../verifier/decision-context.js'
import { internalsOf, type Verifier } from '../verifier/verifier.js'

/**
 * Authorizes the requests of one place in an application with one verifier and its policies. Unlike `Verifier.authorize` it
 * uses the mode of the guard and the results of earlier guards on the same request.
 */
export class RouteAuthorizer {
  readonly verifier: Verifier
  readonly #policies: readonly Policy[]
  readonly #internals: { readonly authorizer: Authorizer; readonly policies: PolicySet } | undefined

  /** @throws ConfigurationError if the policy is invalid. */
  constructor(verifier: Verifier, policy: Policy | undefined, added: readonly Policy[] = []) {
    this.verifier = verifier
    this.#policies = [policy, ...added].filter((item) => item !== undefined)
    for (const item of this.#policies) compilePolicy('policy', item)
    const internals = internalsOf(verifier)
    if (internals === undefined) return
    const policies = added.length === 0 ? internals.policies(policy) : internals.combined(this.#policies)
    this.#internals = { authorizer: internals.authorizer, policies }
  }

  authorize(request: GuardedRequest, context: GuardContext): Awaitable<DecisionResult> {
    if (this.#internals === undefined) return this.#authorizeByWrapper(request, context.header)
    return this.#internals.authorizer.authorize(request, this.#internals.policies, context)
  }

  /** Calls the public method of a custom verifier, which may throw, reject or return any value. */
  async #authorizeByWrapper(request: GuardedRequest, header: string | undefined): Promise<DecisionResult> {
    try {
      const sent = header === undefined ? request : withAuthorizationFrom(request, header)
      const [first, ...added] = this.#policies
      const resolved = undefined
      const isTokenMissing = hasNoToken(request, header)
      let decision = await this.#decisionOfWrapper(sent, first)
      // The public method takes one policy.
      for (const policy of added)
        if (decision.outcome === 'accepted') decision = await this.#decisionOfWrapper(sent, policy)
      return { decision, resolved, isTokenMissing }
    } catch (cause) {
      const detail = explain('issuer_unavailable', 'verifier', { error: phrase(errorName(cause)) })
      const refusal = new Refusal('issuer_unavailable', { cause, detail })
      return { decision: { outcome: 'undecidable', refusal }, resolved: undefined, isTokenMissing: false }
    }
  }

  async #decisionOfWrapper(request: GuardedRequest, policy: Policy | undefined): Promise<Decision> {
    const decision: unknown = await this.verifier.authorize(request, policy)
    if (isDecision(decision)) return decision
    throw new TypeError(
      'authorize() of a custom verifier did not return a decision. Return the decision of a verifier made by createVerifier()',
    )
  }
}

function hasNoToken(request: GuardedRequest, header: string | undefined): boolean {
  const token = readToken(request, header)
  return isRefusal(token) && token.reason === 'token_missing'
}

function isDecision(value: unknown): value is Decision {
  if (!isRecord(value)) return false
  const outcome = ownMember(value, 'outcome')
  if (outcome === 'accepted') return isRecord(ownMember(value, 'token'))
  // `Refusal` recognizes those of other copies of the package.
  return (
    (outcome === 'refused' || outcome === 'undecidable') && ownMember(value, 'refusal') instanceof Refusal
  )
}
