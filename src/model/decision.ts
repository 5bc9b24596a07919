import type { AccessToken, VerificationSource } from './access-token.js'
import type { Refusal } from './refusal/refusal.js'
import type { RefusalReason } from './refusal/reasons.js'

/**
 * Decision about a request: `accepted` with its token, or `refused` or `undecidable` with the refusal to respond with.
 * `undecidable` (503) means that the token could not be checked.
 */
export type Decision =
  | {
      /** Discriminator of the decision: the token was verified and meets the policy. */
      readonly outcome: 'accepted'
      /** The verified access token. */
      readonly token: AccessToken
    }
  | {
      /** Discriminator of the decision: `refused` (400, 401 or 403) or `undecidable` (503). */
      readonly outcome: 'refused' | 'undecidable'
      /** Reason, HTTP status and headers of the response. */
      readonly refusal: Refusal
    }

/**
 * Mode of a guard: `enforce` responds to refused requests, `report` lets every request through and only reports
 * decisions.
 */
export type GuardMode = 'enforce' | 'report'

/**
 * Place of a decision: `guard` for the first decision of a verifier on a request, `route` for requirements and further guards
 * behind it. Each request that a guard has handled has exactly one event of the stage `guard`, so that ratios can be computed.
 */
export type DecisionStage = 'guard' | 'route'

/**
 * Event that describes one decision. It never contains a token or a part of one. Properties about the token are present
 * only if its signature or its issuer has authenticated it.
 */
export interface DecisionEvent {
  /** Outcome of the decision. */
  readonly outcome: Decision['outcome']
  /**
   * Reason of a refused or undecidable request. Absent for an accepted one, except `token_missing` for a request without a
   * token that a guard with `optional: true` accepted.
   */
  readonly reason?: RefusalReason
  /**
   * What was compared with what, such as the audience of the token and the configured one; absent for an accepted request. At
   * most 500 characters. External values are quoted and cut; it contains no token. For logs only: never send it.
   */
  readonly detail?: string
  /** Scopes that the policies of the request mention; absent if they mention none. */
  readonly required?: readonly string[]
  /** Place of the decision. Count only events of the stage `guard` to count requests. */
  readonly stage: DecisionStage
  /** Name of the configured issuer that the token was routed to. */
  readonly issuer?: string
  /** Kind of that issuer, such as `oauth` or `clerk`. */
  readonly provider?: string
  /** Format of the token. */
  readonly format?: AccessToken['format']
  /** Id of the client that the token was issued to. */
  readonly clientId?: string
  /** Subject of the token. */
  readonly subject?: string
  /** Identifier of the token (`jti`). */
  readonly tokenId?: string
  /** Fingerprint of the token: the first 16 hex digits of its SHA-256. */
  readonly fingerprint?: string
  /** Source of the facts about the token, or of its refusal; absent if the token was not checked. */
  readonly source?: VerificationSource
  /** Duration of the decision, in milliseconds with fractions. */
  readonly durationMs: number
  /** HTTP method of the request. */
  readonly method?: string
  /** Path of the request without its query. `[token]` replaces the request's token if the path contains it. */
  readonly path?: string
  /** Mode of the guard. */
  readonly mode: GuardMode
}

/** Observer of decisions, called once per decision. Its result and its errors are ignored. */
export type DecisionObserver = (event: DecisionEvent) => unknown
