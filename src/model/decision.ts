import type { AccessToken, VerificationSource } from './access-token.js'
import type { Refusal } from './refusal.js'
import type { RefusalReason } from './refusal-reasons.js'

/** What a guard decided about a request. */
export type Decision =
  | { readonly outcome: 'accepted'; readonly token: AccessToken }
  | { readonly outcome: 'refused' | 'undecidable'; readonly refusal: Refusal }

/** `enforce` answers refused requests; `report` lets them through and only reports them. */
export type GuardMode = 'enforce' | 'report'

/**
 * What an observer is told of a decision. No member holds a token or a part of one; members about the
 * token appear only once its issuer or its signature has vouched for it.
 */
export interface DecisionEvent {
  readonly outcome: Decision['outcome']
  /** Why not, for refused and undecidable requests. */
  readonly reason?: RefusalReason
  /** The configured issuer the token was routed to. */
  readonly issuer?: string
  readonly provider?: string
  readonly format?: AccessToken['format']
  readonly clientId?: string
  readonly subject?: string
  readonly tokenId?: string
  readonly fingerprint?: string
  /** Where the facts came from, or the finding against the token; absent where it was not even looked at. */
  readonly source?: VerificationSource
  /** How long the decision took, in milliseconds with fractions. */
  readonly durationMs: number
  readonly method?: string
  /** The request's path, without its query, and with `[token]` where the request's own token stands in it. */
  readonly path?: string
  readonly mode: GuardMode
}

/** Called once per decision. Whatever it does, gives back or throws changes nothing about the decision. */
export type DecisionObserver = (event: DecisionEvent) => unknown
