import { presentMember } from '../../../model/claim-path.js'
import type { Claims } from '../../../model/claims.js'
import type { VerificationFailure } from '../../../model/refusal/refusal.js'
import { quote } from '../../../util/quote.js'

/** Returns why the caller of a token is not accepted: it is a person, or a machine that the options do not name. */
export type CallerRule = (claims: Claims) => VerificationFailure | undefined

/** Creates the failure of a token whose caller is not accepted. */
export function callerFailure(detail: string): VerificationFailure {
  return { reason: 'claim_invalid', detail }
}

/** Returns the first of several claims that is present. */
export function presentClaim(claims: Claims, names: readonly string[]): string | undefined {
  return names.find((name) => presentMember(claims, name) !== undefined)
}

/** Creates the rule that a claim must equal one of the values of an option, letter by letter. */
export function claimAmong(name: string, option: string, accepted: readonly string[]): CallerRule {
  return (claims) => {
    const value = presentMember(claims, name)
    if (typeof value === 'string' && accepted.includes(value)) return undefined
    if (value === undefined) return callerFailure(`${name} is missing; ${option} requires it`)
    return callerFailure(`${name} is ${quote(value)}, which ${option} does not list`)
  }
}
