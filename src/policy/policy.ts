import type { AccessToken } from '../model/access-token.js'
import type { Awaitable } from '../util/awaitable.js'
import type { GuardedRequest } from '../bearer/bearer-token.js'
import { ConfigurationError, ownOptions, textList } from '../options/read-options.js'
import { parseDuration, type Duration } from '../options/duration.js'
import { Refusal } from '../model/refusal.js'
import {
  compileScopes,
  isGranted,
  mentionedScopes,
  necessaryParts,
  scopesSatisfy,
  type ScopeDemand,
  type ScopeMatcher,
  type ScopeRule,
} from '../model/scopes.js'

/**
 * What a route demands of a token. Everything is optional, everything given must hold; a verifier's, a
 * router's and a route's policies add to each other. Evaluated on every request.
 */
export interface Policy {
  /** Scopes the token must have: `'a b'` or `['a', 'b']` (all), `anyOf('a', 'b')`, `allOf('a', anyOf('b', 'c'))`. */
  readonly scopes?: ScopeDemand
  /**
   * Refuses a token once this long has passed since it was issued, and any token that does not say when.
   * 0 refuses every token. The clock tolerance is not added.
   */
  readonly maxTokenAge?: Duration
  /** Refuses tokens minted to live longer than this, those that never expire, and those that do not say. */
  readonly maxTokenLifetime?: Duration
  /**
   * The issuer must have vouched for the token remotely within this time; 0 asks on every request. Bounds
   * how long a revocation goes unnoticed. A JWT is accepted locally until it is this old, and confirmed
   * remotely beyond; where its issuer cannot be asked it is refused from then on.
   */
  readonly confirmAfter?: Duration
  /** How long past its lifetime a remembered remote answer may still be used while the issuer is down. Default 0. */
  readonly staleIfError?: Duration
  /** Only tokens of these issuers: configured names or `iss` values. */
  readonly issuers?: string | readonly string[]
  /** Only these client ids or subjects. */
  readonly clients?: string | readonly string[]
  /**
   * An own rule, asked last. `true` accepts; a string refuses and is sent as the reason; anything else,
   * an exception included, refuses.
   */
  readonly check?: (
    token: AccessToken,
    request?: GuardedRequest,
  ) => boolean | string | Promise<boolean | string>
}

/** A policy checked and brought into one form. */
export interface CompiledPolicy {
  readonly scopes: ScopeRule | undefined
  readonly maxTokenAge: number | undefined
  readonly maxTokenLifetime: number | undefined
  readonly confirmAfter: number | undefined
  readonly staleIfError: number | undefined
  readonly issuers: readonly string[] | undefined
  readonly clients: readonly string[] | undefined
  readonly check: Policy['check'] | undefined
}

const compiledPolicies = new WeakMap<Policy, CompiledPolicy>()

/**
 * Checks a policy once, and freezes it. Compiled policies are remembered by object, so that a policy object
 * handed in with each request costs one look-up.
 *
 * @throws ConfigurationError naming the member that is wrong.
 */
export function compilePolicy(option: string, policy: Policy): CompiledPolicy {
  const known = compiledPolicies.get(policy)
  if (known !== undefined) return known
  const own = ownOptions(option, policy, {
    scopes: true,
    maxTokenAge: true,
    maxTokenLifetime: true,
    confirmAfter: true,
    staleIfError: true,
    issuers: true,
    clients: true,
    check: true,
  })
  for (const [name, value] of Object.entries(own)) {
    // A demand that came out empty by accident must not look like a route that demands nothing.
    if (value === undefined)
      throw new ConfigurationError(`${option}.${name}`, 'is undefined; leave it out instead')
  }
  if (own.check !== undefined && typeof own.check !== 'function') {
    throw new ConfigurationError(`${option}.check`, 'must be a function')
  }
  const compiled: CompiledPolicy = Object.freeze({
    scopes: own.scopes === undefined ? undefined : compileScopes(`${option}.scopes`, own.scopes),
    maxTokenAge: duration(option, 'maxTokenAge', own.maxTokenAge),
    maxTokenLifetime: duration(option, 'maxTokenLifetime', own.maxTokenLifetime),
    confirmAfter: duration(option, 'confirmAfter', own.confirmAfter),
    staleIfError: duration(option, 'staleIfError', own.staleIfError),
    issuers: own.issuers === undefined ? undefined : textList(`${option}.issuers`, own.issuers),
    clients: own.clients === undefined ? undefined : textList(`${option}.clients`, own.clients),
    check: own.check,
  })
  // Changed later, it would go on meaning what it meant: changing it must fail instead of being ignored.
  for (const list of [own.scopes, own.issuers, own.clients]) if (Array.isArray(list)) Object.freeze(list)
  compiledPolicies.set(Object.freeze(policy), compiled)
  return compiled
}

function duration(option: string, name: string, value: Duration | undefined): number | undefined {
  return value === undefined ? undefined : parseDuration(`${option}.${name}`, value)
}

/** What policies demand of the freshness of remote answers, the strictest of each. */
export interface FreshnessNeeds {
  /** Seconds within which the issuer must have vouched; undefined for no demand. */
  readonly confirmAfter: number | undefined
  /** Seconds an answer may be used past its lifetime while the issuer cannot be asked. */
  readonly staleIfError: number
}

/** The policies that hold for a request, brought together once for all its requests. */
export interface PolicySet {
  readonly needs: FreshnessNeeds
  /** The strictest of each, in seconds; undefined for no demand. */
  readonly maxTokenAge: number | undefined
  readonly maxTokenLifetime: number | undefined
  /** Those of them that say who may come. */
  readonly callers: readonly CallerRule[]
  /** Scopes that must be there, whatever else is. */
  readonly requiredScopes: readonly string[]
  /** What is demanded of scopes beyond those, such as one of several. */
  readonly scopeRules: readonly ScopeRule[]
  /** Every scope that is mentioned: what a challenge names. */
  readonly mentionedScopes: readonly string[]
  readonly checks: readonly NonNullable<Policy['check']>[]
}

type CallerRule = Pick<CompiledPolicy, 'issuers' | 'clients'>

/** Brings policies together: each holds, and the strictest freshness counts. */
export function combinePolicies(policies: readonly CompiledPolicy[]): PolicySet {
  const demands = policies.map((policy) => policy.scopes).filter((demand) => demand !== undefined)
  const parts = demands.flatMap(necessaryParts)
  return {
    needs: {
      confirmAfter: least(policies.map((policy) => policy.confirmAfter)),
      staleIfError: least(policies.map((policy) => policy.staleIfError)) ?? 0,
    },
    maxTokenAge: least(policies.map((policy) => policy.maxTokenAge)),
    maxTokenLifetime: least(policies.map((policy) => policy.maxTokenLifetime)),
    callers: policies.filter(({ issuers, clients }) => issuers !== undefined || clients !== undefined),
    requiredScopes: [...new Set(parts.filter((part) => typeof part === 'string'))],
    scopeRules: parts.filter((part) => typeof part !== 'string'),
    mentionedScopes: Object.freeze([...new Set(demands.flatMap(mentionedScopes))]),
    checks: policies.map((policy) => policy.check).filter((check) => check !== undefined),
  }
}

function least(values: readonly (number | undefined)[]): number | undefined {
  const given = values.filter((value) => value !== undefined)
  return given.length === 0 ? undefined : Math.min(...given)
}

/** What a policy needs to know of the configured issuer: its name, which may differ from the `iss` value, and how its scopes are compared. */
export interface PolicyIssuer {
  readonly name: string
  readonly scopeMatcher: ScopeMatcher
}

/** What policies judge of a token. Members that a token may lack stand beside it: see `KnownToken`. */
export interface JudgedToken {
  readonly token: AccessToken
  readonly issuedAt: number | undefined
  readonly expiresAt: number | undefined
  readonly clientId: string | undefined
}

/**
 * Evaluates policies in the order a caller can mend things: the token's time first (get a new one), then
 * who it is, then what it may do, then the own rule.
 */
export function judgePolicies(
  set: PolicySet,
  known: JudgedToken,
  issuer: PolicyIssuer,
  now: number,
  request: GuardedRequest | undefined,
): Awaitable<Refusal | undefined> {
  const { token } = known
  const refusal =
    judgeTimes(set, known, now) ?? judgeCallers(set.callers, known, issuer) ?? judgeScopes(set, token, issuer)
  return refusal !== undefined || set.checks.length === 0 ? refusal : judgeChecks(set.checks, token, request)
}

async function judgeChecks(
  checks: PolicySet['checks'],
  token: AccessToken,
  request: GuardedRequest | undefined,
): Promise<Refusal | undefined> {
  for (const check of checks) {
    const refusal = await judgeCheck(check, token, request)
    if (refusal !== undefined) return refusal
  }
  return undefined
}

function judgeTimes(
  { maxTokenAge, maxTokenLifetime }: PolicySet,
  { issuedAt, expiresAt }: JudgedToken,
  now: number,
): Refusal | undefined {
  if (maxTokenAge !== undefined) {
    if (issuedAt === undefined) return new Refusal('claim_missing', { cause: new Error('iat is missing') })
    // Within the clock tolerance a token may seem to come from the future: it is then new, not younger than that.
    if (!(Math.max(0, now - issuedAt) < maxTokenAge)) return new Refusal('token_too_old')
  }
  if (maxTokenLifetime !== undefined) {
    const lifetime =
      issuedAt === undefined || expiresAt === undefined ? Number.POSITIVE_INFINITY : expiresAt - issuedAt
    if (!(lifetime <= maxTokenLifetime)) return new Refusal('lifetime_too_long')
  }
  return undefined
}

function judgeCallers(
  callers: readonly CallerRule[],
  known: JudgedToken,
  issuer: PolicyIssuer,
): Refusal | undefined {
  for (const rule of callers) {
    const refusal = judgeCaller(rule, known, issuer)
    if (refusal !== undefined) return refusal
  }
  return undefined
}

function judgeCaller(
  { issuers, clients }: CallerRule,
  { token, clientId }: JudgedToken,
  issuer: PolicyIssuer,
): Refusal | undefined {
  if (issuers !== undefined && !issuers.includes(token.issuer) && !issuers.includes(issuer.name)) {
    return new Refusal('issuer_not_allowed')
  }
  if (
    clients !== undefined &&
    !clients.includes(token.subject) &&
    !clients.includes(clientId ?? token.subject)
  ) {
    return new Refusal('client_not_allowed')
  }
  return undefined
}

function judgeScopes(
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

async function judgeCheck(
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
