/** Parts of a decision, in the order in which they are entered. A part that does not apply is not entered. */
export type RecordedStage =
  | 'header'
  | 'length'
  | 'cache'
  | 'routing'
  | 'jwt_header'
  | 'key'
  | 'signature'
  | 'claims'
  | 'introspection'
  | 'confirmation'
  | 'validity'
  | 'revocation'
  | 'issuer_rule'
  | 'policy'
  | 'check'

/**
 * Notified of the progress of one decision, for `verifier.explain()`. Decisions about requests have none, so that they only
 * compare a property with `undefined`.
 */
export interface Recorder {
  /** Called before each part of the decision. */
  enter(stage: RecordedStage): void
}
