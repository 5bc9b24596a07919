import type { CheckName } from '../../model/explanation.js'
import type { RecordedStage } from '../../model/recorder.js'
import type { RefusalReason } from '../../model/refusal/reasons.js'

type Reasons = Readonly<Partial<Record<RefusalReason, CheckName>>>

/** A token that is not RFC 6750 syntax fails the check of the header, wherever its characters are compared. */
const SYNTAX: Reasons = { token_malformed: 'header' }

/** The checks of a part of the decision: the check of a reason, and that of all other reasons. */
const CHECKS_OF: Readonly<Record<RecordedStage, { readonly reasons: Reasons; readonly other: CheckName }>> = {
  header: { reasons: {}, other: 'header' },
  length: { reasons: SYNTAX, other: 'length' },
  cache: {
    reasons: { keys_unavailable: 'key', issuer_unknown: 'issuer', issuer_overloaded: 'issuer' },
    other: 'introspection',
  },
  routing: { reasons: { ...SYNTAX, token_undecodable: 'decoding' }, other: 'issuer' },
  jwt_header: {
    reasons: {
      algorithm_not_allowed: 'algorithm',
      critical_header: 'parameters',
      token_undecodable: 'parameters',
    },
    other: 'type',
  },
  // Another request may have started the verification, whose further progress is unknown.
  key: {
    reasons: {
      key_unknown: 'key',
      keys_unavailable: 'key',
      issuer_overloaded: 'key',
      signature_invalid: 'signature',
      issuer_unavailable: 'signature',
    },
    other: 'claims',
  },
  signature: { reasons: { key_unknown: 'key' }, other: 'signature' },
  claims: { reasons: {}, other: 'claims' },
  introspection: { reasons: {}, other: 'introspection' },
  confirmation: { reasons: {}, other: 'confirmation' },
  validity: {
    reasons: {
      audience_mismatch: 'audience',
      proof_missing: 'proof',
      token_expired: 'expiry',
      token_not_active_yet: 'not_before',
    },
    other: 'issued_at',
  },
  revocation: { reasons: {}, other: 'revocation' },
  issuer_rule: { reasons: {}, other: 'issuer_rule' },
  policy: {
    reasons: {
      lifetime_too_long: 'lifetime',
      issuer_not_allowed: 'issuers',
      client_not_allowed: 'clients',
      subject_not_allowed: 'subjects',
      claims_insufficient: 'claims_rule',
      scope_insufficient: 'scopes',
    },
    other: 'age',
  },
  check: { reasons: {}, other: 'check' },
}

/**
 * Returns the check that a refusal is about. The part of the decision is needed besides the reason, because functions of
 * issuers and policies may state any reason.
 */
export function failedCheck(stage: RecordedStage, reason: RefusalReason): CheckName {
  const { reasons, other } = CHECKS_OF[stage]
  return reasons[reason] ?? other
}
