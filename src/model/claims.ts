import type { TokenFacts } from './access-token.js'
import { failureOf } from './detail/explain.js'
import { isNonEmptyString, isRecord, isStringList, ownMember } from '../util/members.js'
import { phrase, typeOf } from '../util/quote.js'
import {
  claimAt,
  describeClaim,
  presentMember,
  type ClaimReference,
  type ScopeClaimReference,
} from './claim-path.js'
import { isVerificationFailure, type VerificationFailure } from './refusal/refusal.js'
import { MAX_SCOPES, splitScopes } from './scopes.js'

/**
 * Claims of a JWT (RFC 7519), or members of an introspection response (RFC 7662), which reuses the registered names.
 */
export type Claims = Readonly<Record<string, unknown>>

/** Settings for reading an issuer's claims. */
export interface ClaimReading {
  /** Claims that contain scopes. All are read. */
  readonly scopeClaims: readonly ScopeClaimReference[]
  /** Claims that must be present, besides the subject. */
  readonly required: readonly string[]
  /** Claims that contain the client id, in order of preference. */
  readonly clientClaims: readonly ClaimReference[]
}

/**
 * Claims that name the client, in order of preference: RFC 9068 section 2.2, and OpenID Connect Core section 2 for
 * issuers that write `azp` into access tokens.
 */
export const CLIENT_CLAIMS: readonly string[] = ['client_id', 'azp']

/**
 * Claims in which any known issuer names the client, even if they are not read as the client id: Okta's `cid`,
 * Entra's `appid`.
 */
const KNOWN_CLIENT_CLAIMS = [...CLIENT_CLAIMS, 'cid', 'appid', 'clientId']

/**
 * Whether any claim, of any type, names a client. If so, the subject must not be compared in place of the client id.
 */
export function namesClient(claims: Claims): boolean {
  return KNOWN_CLIENT_CLAIMS.some((name) => presentMember(claims, name) !== undefined)
}

/** Whether a claim names a client other than `id`: a subject `id` must then not be compared in place of the client. */
export function namesOtherClient(claims: Claims, id: string): boolean {
  return KNOWN_CLIENT_CLAIMS.some((name) => (ownMember(claims, name) ?? id) !== id)
}

/** Latest valid time: 31 December 9999. A later one is a number of milliseconds, or a token that never expires. */
const LATEST_TIME = 253_402_300_799

/** Facts whose subject may be absent. */
export type ReadFacts = Omit<TokenFacts, 'subject'> & { readonly subject: string | undefined }

/**
 * Reads the registered claims (RFC 7519 section 4.1, RFC 7662 section 2.2), or returns what is wrong with them. Types
 * are strict: a time as a string, or a list in place of a string, is invalid. Null counts as absent.
 */
export function readClaims(claims: Claims, reading: ClaimReading): TokenFacts | VerificationFailure {
  const facts: Writable<ReadFacts> | VerificationFailure = readFacts(claims, reading)
  if (isVerificationFailure(facts)) return facts
  // Assigned instead of copied, because this is on the path of every new token.
  facts.subject ??= facts.clientId
  return facts.subject === undefined ? failureOf('claim_missing', 'subject', {}) : (facts as TokenFacts)
}

/** As {@link readClaims}, but the subject may be absent. The client id does not take its place. */
export function readFacts(claims: Claims, reading: ClaimReading): ReadFacts | VerificationFailure {
  for (const name of reading.required) {
    if (presentMember(claims, name) === undefined) return missingClaim(name)
  }
  // Each claim is looked up once, because lookups are a large part of the cost of a new token besides its signature.
  const issuer = presentMember(claims, 'iss')
  if (!isStringOrUndefined(issuer)) return invalidClaim('iss', A_STRING, issuer)
  const subject = presentMember(claims, 'sub')
  if (!isStringOrUndefined(subject)) return invalidClaim('sub', A_STRING, subject)
  const tokenId = presentMember(claims, 'jti')
  if (!isStringOrUndefined(tokenId)) return invalidClaim('jti', A_STRING, tokenId)
  const client = readClient(claims, reading.clientClaims)
  if (isVerificationFailure(client)) return client
  const times = readTimes(claims)
  if (isVerificationFailure(times)) return times
  const aud = presentMember(claims, 'aud')
  const audience = readAudience(aud)
  if (audience === undefined) return invalidClaim('aud', A_STRING_OR_LIST, aud)
  const scopes = readScopes(claims, reading.scopeClaims)
  if (isVerificationFailure(scopes)) return scopes

  return {
    issuer,
    subject,
    clientId: client.clientId,
    scopes: scopes.granted,
    audience,
    tokenId,
    issuedAt: times.issuedAt,
    notBefore: times.notBefore,
    expiresAt: times.expiresAt,
    claims,
  }
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }

/**
 * Whether a token is sender-constrained: bound to a key by a `cnf` claim (RFC 7800 section 3.1), whose possession the
 * caller must prove. Any `cnf` counts, null and empty ones included, because an unknown binding is also a binding.
 */
export function isBoundToKey(claims: Claims): boolean {
  return ownMember(claims, 'cnf') !== undefined
}

/** Reads the client id from the first claim that is present. Every claim that is present must be valid. */
function readClient(
  claims: Claims,
  references: readonly ClaimReference[],
): { readonly clientId: string | undefined } | VerificationFailure {
  let clientId: string | undefined
  for (const reference of references) {
    const value = claimAt(claims, reference)
    if (!isStringOrUndefined(value)) return invalidClaim(reference.name, A_STRING, value)
    clientId ??= value
  }
  return { clientId }
}

/** Times of a token, in seconds since the epoch. */
type Times = Pick<TokenFacts, 'issuedAt' | 'notBefore' | 'expiresAt'>

/** Reads `exp`, `nbf` and `iat`. An absent one is `undefined`, an invalid one a failure. */
export function readTimes(claims: Claims): Times | VerificationFailure {
  const expiresAt = presentMember(claims, 'exp')
  if (!isTimeOrUndefined(expiresAt)) return invalidClaim('exp', A_TIME, expiresAt)
  const notBefore = presentMember(claims, 'nbf')
  if (!isTimeOrUndefined(notBefore)) return invalidClaim('nbf', A_TIME, notBefore)
  const issuedAt = presentMember(claims, 'iat')
  if (!isTimeOrUndefined(issuedAt)) return invalidClaim('iat', A_TIME, issuedAt)
  return { expiresAt, notBefore, issuedAt }
}

function missingClaim(name: string): VerificationFailure {
  return failureOf('claim_missing', 'absent', { claim: phrase(name) })
}

const A_STRING = 'a non-empty string'
const A_TIME = 'a number of seconds since the epoch'

/** Expected value of `aud` (RFC 7519 section 4.1.3), for {@link invalidClaim}. */
export const A_STRING_OR_LIST = 'a string or a list of strings'

function scopesExpectedIn({ hasKeys }: ScopeClaimReference): string {
  return hasKeys ? 'an object whose keys are scopes' : A_STRING_OR_LIST
}

/** The failure of a claim with a wrong type or value. Its value is quoted if it is a number or an empty string. */
export function invalidClaim(name: string, expected: string, value: unknown): VerificationFailure {
  const isShown = typeof value === 'number' || typeof value === 'symbol' || value === ''
  return failureOf('claim_invalid', 'type', {
    claim: phrase(name),
    expected: phrase(expected),
    value: isShown ? describeClaim(value) : phrase(typeOf(value)),
  })
}

function isStringOrUndefined(value: unknown): value is string | undefined {
  return value === undefined || isNonEmptyString(value)
}

/** Whether a claim is absent or a NumericDate: a finite number of seconds, fractions allowed (RFC 7519 section 2). */
function isTimeOrUndefined(value: unknown): value is number | undefined {
  return value === undefined || (typeof value === 'number' && value > 0 && value <= LATEST_TIME)
}

/**
 * Reads a string or a list of strings (RFC 7519 section 4.1.3). An absent claim is an empty list, an invalid one
 * `undefined`.
 */
export function readAudience(value: unknown): readonly string[] | undefined {
  if (value === undefined) return []
  const list = typeof value === 'string' ? [value] : value
  return isStringList(list) ? list : undefined
}

/**
 * Reads the scopes of all referenced claims together. Each claim is a space-separated string (RFC 8693 section 4.2), a
 * list, in which each item is one scope even if it contains spaces, or an object whose keys are the scopes.
 */
export function readScopes(
  claims: Claims,
  scopeClaims: readonly ScopeClaimReference[],
): { readonly granted: readonly string[] } | VerificationFailure {
  const granted = new Set<string>()
  for (const reference of scopeClaims) {
    const value = claimAt(claims, reference)
    if (value === undefined) continue
    const items = reference.hasKeys ? grantedKeys(value) : scopesIn(value)
    if (items === undefined) return invalidClaim(reference.name, scopesExpectedIn(reference), value)
    for (const item of items) {
      if (typeof item !== 'string') return invalidClaim(`an item of ${reference.name}`, 'a string', item)
      granted.add(item)
    }
  }
  if (granted.size > MAX_SCOPES) {
    return failureOf('claim_invalid', 'scopes', { limit: MAX_SCOPES })
  }
  return { granted: [...granted] }
}

/** Whether any of the claims that contain scopes is present. */
export function statesScopes(claims: Claims, scopeClaims: readonly ScopeClaimReference[]): boolean {
  return scopeClaims.some((reference) => claimAt(claims, reference) !== undefined)
}

function scopesIn(value: unknown): readonly unknown[] | undefined {
  if (typeof value === 'string') return splitScopes(value)
  return Array.isArray(value) ? value : undefined
}

/** Returns the keys of an object, without those whose value denies them: null, which counts as absent, and false. */
function grantedKeys(value: unknown): readonly string[] | undefined {
  if (!isRecord(value)) return undefined
  return Object.keys(value).filter((key) => value[key] !== null && value[key] !== false)
}

/** Claims that only name the kind of a token. */
const KIND_CLAIMS = ['token_use', 'typ', 'token_type', 'purpose']

const OTHER_KINDS = new Set([
  'id',
  'id_token',
  'refresh',
  'refresh_token',
  'offline',
  'offline_token',
  'logout',
  'logout_token',
])

/**
 * Claims that name the kind of a token at some issuers, and something else at others, such as the type of an account.
 */
const AMBIGUOUS_CLAIMS = ['type', 'use']

/** Kinds that name a token in any claim. */
const UNAMBIGUOUS_KINDS = new Set(['id_token', 'refresh', 'refresh_token', 'offline_token', 'logout_token'])

/**
 * Whether the claims state that the token is not an access token. Issuers sign ID, refresh and logout tokens with the
 * same keys, and introspect them at the same endpoint.
 */
export function isOtherKind(claims: Claims): boolean {
  return findOtherKind(claims) !== undefined
}

/** Returns the name of the claim that states another kind of token; `undefined` for an access token. */
export function findOtherKind(claims: Claims): string | undefined {
  return (
    KIND_CLAIMS.find((name) => hasKind(claims, name, OTHER_KINDS)) ??
    AMBIGUOUS_CLAIMS.find((name) => hasKind(claims, name, UNAMBIGUOUS_KINDS))
  )
}

function hasKind(claims: Claims, name: string, kinds: ReadonlySet<string>): boolean {
  const value = ownMember(claims, name)
  if (typeof value === 'string') return kinds.has(kindOf(value))
  return Array.isArray(value) && value.some((item) => typeof item === 'string' && kinds.has(kindOf(item)))
}

/**
 * Normalizes `Refresh`, `refresh+jwt`, `application/id_token` and `urn:ietf:params:oauth:token-type:id_token` (RFC
 * 8693).
 */
function kindOf(value: string): string {
  const [kind = ''] = value.slice(Math.max(value.lastIndexOf(':'), value.lastIndexOf('/')) + 1).split('+')
  return kind.toLowerCase().replace(/[- ]/g, '_')
}
