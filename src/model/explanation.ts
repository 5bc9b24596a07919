import type { Decision } from './decision.js'
import type { Refusal } from './refusal/refusal.js'

/**
 * Name of a check in an {@link Explanation}. `parameters` are the header parameters that change how a JWT is read, and
 * `issuer_rule` is the rule of the issuer about its tokens, such as `claims` or `senders`. The names from `age` on are rules of
 * the policies.
 */
export type CheckName =
  | 'header'
  | 'length'
  | 'decoding'
  | 'issuer'
  | 'algorithm'
  | 'parameters'
  | 'type'
  | 'key'
  | 'signature'
  | 'claims'
  | 'introspection'
  | 'confirmation'
  | 'audience'
  | 'proof'
  | 'expiry'
  | 'not_before'
  | 'issued_at'
  | 'revocation'
  | 'issuer_rule'
  | 'age'
  | 'lifetime'
  | 'issuers'
  | 'clients'
  | 'subjects'
  | 'claims_rule'
  | 'scopes'
  | 'check'

/** One check of an {@link Explanation}. */
export interface ExplanationStep {
  /** Name of the check. */
  readonly check: CheckName
  /**
   * `failed` for the check that decided, at most one. `skipped` for a check that does not apply to this token or policy, and
   * for one behind the failed check.
   */
  readonly result: 'passed' | 'failed' | 'skipped'
  /**
   * What was compared with what, or why the check was skipped. At most 500 characters. External values are quoted and cut; it
   * contains no token. For operators only: never send it.
   */
  readonly detail: string
}

/** Result of `verifier.explain()`: the decision, and every check that led to it. */
export interface Explanation {
  /** Outcome of the decision: that of `authorize` for the same token, policy, time and state of the issuers. */
  readonly outcome: Decision['outcome']
  /** Refusal of a refused or undecidable request; absent for an accepted one. */
  readonly refusal?: Refusal
  /** Every check once, in a fixed order. */
  readonly steps: readonly ExplanationStep[]
}
