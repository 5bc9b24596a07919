import type { AccessToken } from '../model/access-token.js'
import { contradictedRule, violatedRule } from '../model/claim-rule.js'
import type { Claims } from '../model/claims.js'
import { explain } from '../model/detail/explain.js'
import type { Recorder } from '../model/recorder.js'
import { createCause, isRefusal, Refusal, thrownRefusal } from '../model/refusal/refusal.js'
import { markStated } from '../model/refusal/stated.js'
import type { GuardedRequest } from '../model/request.js'
import {
  describeScopes,
  isGranted,
  scopesSatisfy,
  type ScopeMatcher,
  type ScopeRule,
} from '../model/scopes.js'
import type { Awaitable } from '../util/awaitable.js'
import { errorName, phrase, typeOf } from '../util/quote.js'
import type { PolicySet, CallerRule } from './combine.js'
import type { Policy } from './policy.js'

/** Properties of the configured issuer that policies need. */
export interface PolicyIssuer {
  /** Configured name, which may differ from the `iss` value. */
  readonly name: string
  readonly scopeMatcher: ScopeMatcher
}

/**
 * Token with the facts that policies evaluate. Facts that a token may lack are separate properties: see `CachedToken`.
 */
export interface EvaluatedToken {
  readonly token: AccessToken
  readonly issuedAt: number | undefined
  /** Seconds from issue to expiry as the token was minted; infinite if one of them is not stated. */
  readonly lifetime: number
  /** Client id; the subject if no claim names a client. */
  readonly client: string | undefined
  /** Subject; `undefined` if `token.subject` is the client id in place of an absent one. */
  readonly statedSubject: string | undefined
  /** Claims in the issuer's confirmation of a locally verified JWT; `undefined` without one. */
  readonly confirmedClaims: Claims | undefined
  /** Name of the configured issuer if it has tenants: the template of `iss`. Policies may name it in place of a tenant. */
  readonly issuerTemplate: string | undefined
}

/**
 * Evaluates policies in the order in which a caller can fix a refusal: first the times (get a new token), then the
 * caller, then the scopes, then the custom rule.
 */
export function evaluatePolicies(
  set: PolicySet,
  evaluated: EvaluatedToken,
  issuer: PolicyIssuer,
  now: number,
  request: GuardedRequest | undefined,
  recorder?: Recorder,
): Awaitable<Refusal | undefined> {
  const { token } = evaluated
  const refusal =
    evaluateAge(set, evaluated, now) ??
    evaluateCallers(set.callers, evaluated, issuer) ??
    evaluateScopes(set, token, issuer)
  if (refusal !== undefined || set.checks.length === 0) return refusal
  recorder?.enter('check')
  return evaluateChecks(set.checks, token, request)
}

async function evaluateChecks(
  checks: PolicySet['checks'],
  token: AccessToken,
  request: GuardedRequest | undefined,
): Promise<Refusal | undefined> {
  for (const check of checks) {
    const refusal = await evaluateCheck(check, token, request)
    if (refusal !== undefined) return refusal
  }
  return undefined
}

function evaluateAge(
  { maxTokenAge, maxTokenLifetime }: PolicySet,
  { issuedAt, lifetime }: EvaluatedToken,
  now: number,
): Refusal | undefined {
  if (maxTokenAge !== undefined) {
    if (issuedAt === undefined) {
      const detail = explain('claim_missing', 'age', { limit: maxTokenAge })
      return new Refusal('claim_missing', { cause: createCause('iat is missing'), detail })
    }
    // A token may seem to be issued in the future, within the clock tolerance. Its age is then 0, not negative.
    if (!(Math.max(0, now - issuedAt) < maxTokenAge)) {
      const values = { age: Math.max(0, now - issuedAt), iat: issuedAt, limit: maxTokenAge }
      return new Refusal('token_too_old', {
        maxAge: maxTokenAge,
        detail: explain('token_too_old', 'age', values),
      })
    }
  }
  if (maxTokenLifetime !== undefined && !(lifetime <= maxTokenLifetime)) {
    const detail = Number.isFinite(lifetime)
      ? explain('lifetime_too_long', 'lifetime', { lifetime, limit: maxTokenLifetime })
      : explain('lifetime_too_long', 'unknown', { limit: maxTokenLifetime })
    return new Refusal('lifetime_too_long', { detail })
  }
  return undefined
}

type CallerCheck = (rule: CallerRule, evaluated: EvaluatedToken, issuer: PolicyIssuer) => Refusal | undefined

/** In this order for all policies together, so that the first failed check does not depend on which policy has it. */
const CALLER_CHECKS: readonly CallerCheck[] = [
  evaluateIssuers,
  evaluateClients,
  evaluateSubjects,
  evaluateClaims,
]

function evaluateCallers(
  callers: readonly CallerRule[],
  evaluated: EvaluatedToken,
  issuer: PolicyIssuer,
): Refusal | undefined {
  if (callers.length === 0) return undefined
  for (const evaluate of CALLER_CHECKS) {
    for (const rule of callers) {
      const refusal = evaluate(rule, evaluated, issuer)
      if (refusal !== undefined) return refusal
    }
  }
  return undefined
}

function evaluateIssuers(
  { issuers }: CallerRule,
  { token, issuerTemplate }: EvaluatedToken,
  { name }: PolicyIssuer,
): Refusal | undefined {
  if (issuers === undefined || issuers.includes(token.issuer) || issuers.includes(name)) return undefined
  if (issuerTemplate !== undefined && issuers.includes(issuerTemplate)) return undefined
  const values = { issuer: token.issuer, name: issuerTemplate ?? name, allowed: issuers }
  return new Refusal('issuer_not_allowed', { detail: explain('issuer_not_allowed', 'different', values) })
}

function evaluateClients({ clients }: CallerRule, { client }: EvaluatedToken): Refusal | undefined {
  if (clients === undefined || (client !== undefined && clients.includes(client))) return undefined
  const detail =
    client === undefined
      ? explain('client_not_allowed', 'absent', { allowed: clients })
      : explain('client_not_allowed', 'different', { client, allowed: clients })
  return new Refusal('client_not_allowed', { detail })
}

function evaluateSubjects({ subjects }: CallerRule, { statedSubject }: EvaluatedToken): Refusal | undefined {
  if (subjects === undefined) return undefined
  if (statedSubject !== undefined && subjects.includes(statedSubject)) return undefined
  const detail =
    statedSubject === undefined
      ? explain('subject_not_allowed', 'absent', { allowed: subjects })
      : explain('subject_not_allowed', 'different', { subject: statedSubject, allowed: subjects })
  return new Refusal('subject_not_allowed', { detail })
}

function evaluateClaims(
  { claims }: CallerRule,
  { token, confirmedClaims }: EvaluatedToken,
): Refusal | undefined {
  if (claims === undefined) return undefined
  // A confirmation can only narrow what the JWT states, so both must follow the rule.
  const violation =
    violatedRule(claims, token.claims) ??
    (confirmedClaims === undefined ? undefined : contradictedRule(claims, confirmedClaims))
  if (violation === undefined) return undefined
  return new Refusal('claims_insufficient', { detail: explain('claims_insufficient', 'rule', violation) })
}

function evaluateScopes(
  set: PolicySet,
  token: AccessToken,
  { scopeMatcher }: PolicyIssuer,
): Refusal | undefined {
  const missing = findMissing(set, token.scopes, scopeMatcher)
  if (missing === undefined) return undefined
  // The challenge names the scopes of all policies (RFC 6750 section 3), so that a caller learns all of them in one
  // response.
  const required = phrase(describeScopes([...set.requiredScopes, ...set.scopeRules]))
  const values = { missing: phrase(describeScopes([missing])), granted: token.scopes, required }
  return new Refusal('scope_insufficient', {
    required: set.mentionedScopes,
    detail: explain('scope_insufficient', 'missing', values),
  })
}

/** Returns the first requirement that the granted scopes do not satisfy. */
function findMissing(
  { requiredScopes, scopeRules }: PolicySet,
  granted: readonly string[],
  matches: ScopeMatcher,
): string | ScopeRule | undefined {
  for (const scope of requiredScopes) if (!isGranted(scope, granted, matches)) return scope
  for (const rule of scopeRules) if (!scopesSatisfy(rule, granted, matches)) return rule
  return undefined
}

async function evaluateCheck(
  check: NonNullable<Policy['check']>,
  token: AccessToken,
  request: GuardedRequest | undefined,
): Promise<Refusal | undefined> {
  try {
    const result: unknown = await check(token, request)
    if (result === true) return undefined
    if (result instanceof Refusal) return ownRefusal(result)
    const isMessage = typeof result === 'string'
    const shown = isMessage || typeof result === 'boolean' ? result : phrase(typeOf(result))
    return new Refusal('check_failed', {
      ...(isMessage ? { description: result } : {}),
      detail: explain('check_failed', 'result', { result: shown }),
    })
  } catch (error) {
    // A rule that throws must refuse the request.
    return error instanceof Refusal ? ownRefusal(error) : failedCheck(error)
  }
}

/** The message of the error may quote the request, so only the cause has it. */
function failedCheck(cause: unknown): Refusal {
  const detail = explain('check_failed', 'threw', { error: phrase(errorName(cause)) })
  return new Refusal('check_failed', { cause, detail })
}

/** Keeps a refusal of a rule, or converts one of another copy of the package. One that cannot be converted must refuse too. */
function ownRefusal(refusal: Refusal): Refusal {
  try {
    return isRefusal(refusal) ? markStated(refusal) : thrownRefusal(refusal)
  } catch (cause) {
    return failedCheck(cause)
  }
}
