import type { DecisionObserver } from './decision.js'
import type { IssuerCallObserver } from './issuer/issuer-calls.js'
import type { IssuerObserver } from './issuer/issuer-events.js'

/** Functions that `verifier.observe()` adds to a verifier. */
export interface Observer {
  /** Called once per decision, synchronously: see the option `onDecision` of `createVerifier`. */
  readonly onDecision?: DecisionObserver
  /** Called once per change at an issuer: see the option `onIssuerEvent` of `createVerifier`. */
  readonly onIssuerEvent?: IssuerObserver
  /** Called before each call to an issuer: for its keys, its discovery document or an introspection. */
  readonly onIssuerCall?: IssuerCallObserver
}
