import type { TokenFacts } from './access-token.js'
import { Refusal } from './refusal.js'

/** The facts that decide whether a token stands at a given moment. */
export type StandingFacts = Pick<TokenFacts, 'audience' | 'issuedAt' | 'notBefore' | 'expiresAt'>

/** What a token must stand whatever the route asks. */
export interface StandingRules {
  /** One of these must be among the token's audiences, compared as text; `null` for no check. */
  readonly audience: readonly string[] | null
  readonly clockToleranceSeconds: number
}

/**
 * Judges what holds or not by the moment and the configuration alone: audience and times (RFC 7519
 * sections 4.1.3 to 4.1.6). Runs on every request, remembered tokens included.
 */
export function judgeStanding(facts: StandingFacts, rules: StandingRules, now: number): Refusal | undefined {
  const { audience, clockToleranceSeconds: tolerance } = rules
  if (audience !== null && !facts.audience.some((name) => audience.includes(name))) {
    return new Refusal('audience_mismatch')
  }
  if (facts.expiresAt !== undefined && now >= facts.expiresAt + tolerance) return new Refusal('token_expired')
  if (facts.notBefore !== undefined && now < facts.notBefore - tolerance)
    return new Refusal('token_not_active_yet')
  if (facts.issuedAt !== undefined && now < facts.issuedAt - tolerance) return new Refusal('issued_in_future')
  return undefined
}
