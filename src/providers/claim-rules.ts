import { unverifiedPayload } from '../jwt/payload.js'
import { contradictedRule, violatedRule, type ClaimRule, type RuleViolation } from '../model/claim-rule.js'
import { failureOf } from '../model/detail/explain.js'
import type { Issuer, JwtProfile } from '../model/issuer/issuer.js'
import type { ConfirmationResult, RemoteProfile, RemoteResult } from '../model/issuer/remote-profile.js'
import { isVerificationFailure, type VerificationFailure } from '../model/refusal/refusal.js'

/**
 * Creates an issuer whose tokens must all follow a rule about their claims. The rule is evaluated once per token or response,
 * because neither its claims nor the rule change between requests. A confirmation need not state all claims, but must not
 * contradict the rule.
 */
export function withClaimRules(rules: readonly ClaimRule[] | undefined, issuer: Issuer): Issuer {
  if (rules === undefined) return Object.freeze(issuer)
  const { jwt, remote } = issuer
  return Object.freeze({
    ...issuer,
    ...(jwt === undefined ? {} : { jwt: withJwtRules(jwt, rules) }),
    ...(remote === undefined ? {} : { remote: withRemoteRules(remote, rules) }),
  })
}

function withJwtRules(jwt: JwtProfile, rules: readonly ClaimRule[]): JwtProfile {
  return {
    ...jwt,
    readClaims: (claims, header) => {
      const facts = jwt.readClaims(claims, header)
      if (isVerificationFailure(facts)) return facts
      const violation = violatedRule(rules, claims)
      return violation === undefined ? facts : claimInvalid(violation)
    },
  }
}

function withRemoteRules(remote: RemoteProfile, rules: readonly ClaimRule[]): RemoteProfile {
  const { readConfirmation } = remote
  return {
    ...remote,
    read: (response, token) => applyRules(remote.read(response, token), token, rules),
    ...(readConfirmation === undefined
      ? {}
      : {
          readConfirmation: (response, token) => applyStatedRules(readConfirmation(response, token), rules),
        }),
  }
}

function applyRules(result: RemoteResult, token: string, rules: readonly ClaimRule[]): RemoteResult {
  if ('fault' in result || !result.active) return result
  // The payload of a JWT that the issuer verified is not verified here, so that it can only refuse the token.
  const payload = unverifiedPayload(token)
  const violation =
    violatedRule(rules, result.facts.claims) ??
    (payload === undefined ? undefined : contradictedRule(rules, payload))
  return violation === undefined ? result : { active: false, ...claimInvalid(violation) }
}

function applyStatedRules(result: ConfirmationResult, rules: readonly ClaimRule[]): ConfirmationResult {
  if ('fault' in result || !result.active) return result
  const violation = contradictedRule(rules, result.facts.claims ?? {})
  return violation === undefined ? result : { active: false, ...claimInvalid(violation) }
}

function claimInvalid(violation: RuleViolation): VerificationFailure {
  return failureOf('claim_invalid', 'rule', violation)
}
