import type { AccessToken } from '../model/access-token.js'
import { Refusal } from '../model/refusal.js'
import type { GuardedRequest } from '../model/request.js'
import { type ScopeMatcher, isGranted, scopesSatisfy } from '../model/scopes.js'
import type { Awaitable } from '../util/awaitable.js'
import type { PolicySet, CallerRule } from './combine.js'
import type { Policy } from './policy.js'

/** What a policy needs to know of the configured issuer: its name, which may differ from the `iss` value, and how its scopes are compared. */
export interface PolicyIssuer {
  readonly name: string
  readonly scopeMatcher: ScopeMatcher
}

/** What policies judge of a token. Members that a token may lack stand beside it: see `KnownToken`. */
export interface EvaluatedToken {
  readonly token: AccessToken
  readonly issuedAt: number | undefined
  /** Seconds from issue to expiry as the token was minted; infinite if it does not say. */
  readonly lifetime: number
  /** The client id; the subject if no claim names a client. */
  readonly client: string | undefined
  /** The subject, unless the client id stands in for it. */
  readonly statedSubject: string | undefined
}

/**
 * Evaluates policies in the order a caller can mend things: the token's time first (get a new one), then
 * who it is, then what it may do, then the own rule.
 */
export function evaluatePolicies(
  set: PolicySet,
  known: EvaluatedToken,
  issuer: PolicyIssuer,
  now: number,
  request: GuardedRequest | undefined,
): Awaitable<Refusal | undefined> {
  const { token } = known
  const refusal =
    evaluateAge(set, known, now) ??
    evaluateCallers(set.callers, known, issuer) ??
    evaluateScopes(set, token, issuer)
  return refusal !== undefined || set.checks.length === 0
    ? refusal
    : evaluateChecks(set.checks, token, request)
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
    if (issuedAt === undefined) return new Refusal('claim_missing', { cause: new Error('iat is missing') })
    // Within the clock tolerance a token may seem to come from the future: it is then new, not younger than that.
    if (!(Math.max(0, now - issuedAt) < maxTokenAge)) return new Refusal('token_too_old')
  }
  if (maxTokenLifetime !== undefined && !(lifetime <= maxTokenLifetime)) {
    return new Refusal('lifetime_too_long')
  }
  return undefined
}

function evaluateCallers(
  callers: readonly CallerRule[],
  known: EvaluatedToken,
  issuer: PolicyIssuer,
): Refusal | undefined {
  for (const rule of callers) {
    const refusal = evaluateCaller(rule, known, issuer)
    if (refusal !== undefined) return refusal
  }
  return undefined
}

function evaluateCaller(
  { issuers, clients, subjects }: CallerRule,
  { token, client, statedSubject }: EvaluatedToken,
  issuer: PolicyIssuer,
): Refusal | undefined {
  if (issuers !== undefined && !issuers.includes(token.issuer) && !issuers.includes(issuer.name)) {
    return new Refusal('issuer_not_allowed')
  }
  if (clients !== undefined && (client === undefined || !clients.includes(client))) {
    return new Refusal('client_not_allowed')
  }
  if (subjects !== undefined && (statedSubject === undefined || !subjects.includes(statedSubject))) {
    return new Refusal('subject_not_allowed')
  }
  return undefined
}

function evaluateScopes(
  set: PolicySet,
  token: AccessToken,
  { scopeMatcher }: PolicyIssuer,
): Refusal | undefined {
  if (haveScopes(set, token.scopes, scopeMatcher)) return undefined
  // What the resource needs (RFC 6750 section 3), in every layer: a caller should not have to find out twice.
  return new Refusal('scope_insufficient', { required: set.mentionedScopes })
}

function haveScopes(
  { requiredScopes, scopeRules }: PolicySet,
  granted: readonly string[],
  matches: ScopeMatcher,
): boolean {
  for (const scope of requiredScopes) if (!isGranted(scope, granted, matches)) return false
  for (const rule of scopeRules) if (!scopesSatisfy(rule, granted, matches)) return false
  return true
}

async function evaluateCheck(
  check: NonNullable<Policy['check']>,
  token: AccessToken,
  request: GuardedRequest | undefined,
): Promise<Refusal | undefined> {
  try {
    const verdict: unknown = await check(token, request)
    if (verdict === true) return undefined
    return new Refusal('check_failed', typeof verdict === 'string' ? { description: verdict } : {})
  } catch (cause) {
    // A rule that breaks has permitted nothing.
    return new Refusal('check_failed', { cause })
  }
}
