import type { TokenFacts } from './access-token.js'
import { isNonEmptyString, isStringList, ownMember } from '../util/members.js'
import { isVerificationFailure, type VerificationFailure } from './refusal.js'
import { MAX_SCOPES, splitScopes } from './scopes.js'

/** The claims of a JWT, or the members of an introspection answer: both are registered in one place (RFC 7519, RFC 7662). */
export type Claims = Readonly<Record<string, unknown>>

/** What an issuer's claims must have and where its scopes stand. */
export interface ClaimReading {
  readonly scopeClaims: readonly string[]
  /** Claims that must be there, beyond the subject. */
  readonly required: readonly string[]
  /** Where the client's id stands, in order of preference. */
  readonly clientClaims: readonly string[]
}

/**
 * The claims that name the client, in order of preference: RFC 9068 section 2.2, and OpenID Connect Core section 2 for
 * issuers that write `azp` into access tokens.
 */
export const CLIENT_CLAIMS: readonly string[] = ['client_id', 'azp']

/** Claims that name the client at some issuer, also where they are not read: Okta's `cid`, Entra's `appid`. */
const KNOWN_CLIENT_CLAIMS = [...CLIENT_CLAIMS, 'cid', 'appid', 'clientId']

/** Whether any claim names a client, of whatever type: the subject must not be compared in its place then. */
export function namesClient(claims: Claims): boolean {
  return KNOWN_CLIENT_CLAIMS.some((name) => (ownMember(claims, name) ?? undefined) !== undefined)
}

/** Later than any honest time: 31 December 9999. Catches milliseconds, and a lifetime of for ever in disguise. */
const LATEST_TIME = 253_402_300_799

/**
 * Reads the registered claims (RFC 7519 section 4.1, RFC 7662 section 2.2) and says what is wrong with
 * them. Types are judged strictly: a time in a string or a list where a text is due is not valid.
 */
export function readClaims(claims: Claims, reading: ClaimReading): TokenFacts | VerificationFailure {
  for (const name of reading.required) {
    if (ownMember(claims, name) === undefined) return missing(name)
  }
  // Each claim is looked up once: with a new token the look-ups are a large part of what is not its signature.
  const issuer = ownMember(claims, 'iss')
  if (!isStringOrUndefined(issuer)) return invalid('iss')
  const subject = ownMember(claims, 'sub')
  if (!isStringOrUndefined(subject)) return invalid('sub')
  const tokenId = ownMember(claims, 'jti')
  if (!isStringOrUndefined(tokenId)) return invalid('jti')
  const client = readClient(claims, reading.clientClaims)
  if (isVerificationFailure(client)) return client
  const times = readTimes(claims)
  if (isVerificationFailure(times)) return times
  const audience = readAudience(ownMember(claims, 'aud'))
  if (audience === undefined) return invalid('aud')
  const scopes = readScopes(claims, reading.scopeClaims)
  if (isVerificationFailure(scopes)) return scopes

  const { clientId } = client
  const whom = subject ?? clientId
  if (whom === undefined) return missing('sub')
  return {
    issuer,
    subject: whom,
    clientId,
    scopes: scopes.granted,
    audience,
    tokenId,
    issuedAt: times.issuedAt,
    notBefore: times.notBefore,
    expiresAt: times.expiresAt,
    claims,
  }
}

/**
 * Whether a token is bound to a key (RFC 7800 section 3.1): without the proof it proves nothing. Any `cnf` counts, null
 * and empty ones included, because an unknown binding is still one.
 */
export function isBoundToKey(claims: Claims): boolean {
  return ownMember(claims, 'cnf') !== undefined
}

/** The first of the claims that is there; each that is there must be valid. */
function readClient(
  claims: Claims,
  names: readonly string[],
): { readonly clientId: string | undefined } | VerificationFailure {
  let clientId: string | undefined
  for (const name of names) {
    const value = ownMember(claims, name)
    if (!isStringOrUndefined(value)) return invalid(name)
    clientId ??= value
  }
  return { clientId }
}

/** The times of a token, in seconds since the epoch. */
type Times = Pick<TokenFacts, 'issuedAt' | 'notBefore' | 'expiresAt'>

export function readTimes(claims: Claims): Times | VerificationFailure {
  const expiresAt = ownMember(claims, 'exp')
  if (!isTimeOrUndefined(expiresAt)) return invalid('exp')
  const notBefore = ownMember(claims, 'nbf')
  if (!isTimeOrUndefined(notBefore)) return invalid('nbf')
  const issuedAt = ownMember(claims, 'iat')
  if (!isTimeOrUndefined(issuedAt)) return invalid('iat')
  return { expiresAt, notBefore, issuedAt }
}

function missing(name: string): VerificationFailure {
  return { reason: 'claim_missing', detail: `${name} is missing` }
}

function invalid(name: string): VerificationFailure {
  return { reason: 'claim_invalid', detail: `${name} is not valid` }
}

function isStringOrUndefined(value: unknown): value is string | undefined {
  return value === undefined || isNonEmptyString(value)
}

/** A time is a finite number of seconds after the epoch, fractions allowed (RFC 7519 section 2, NumericDate). */
function isTimeOrUndefined(value: unknown): value is number | undefined {
  return value === undefined || (typeof value === 'number' && value > 0 && value <= LATEST_TIME)
}

/** A string or a list of strings (RFC 7519 section 4.1.3); absent is an empty list. */
export function readAudience(value: unknown): readonly string[] | undefined {
  if (value === undefined) return []
  const list = typeof value === 'string' ? [value] : value
  return isStringList(list) ? list : undefined
}

/**
 * The scopes in all the named claims together, each a space-separated text (RFC 8693 section 4.2) or a
 * list, in which every item is one scope whatever it contains.
 */
export function readScopes(
  claims: Claims,
  scopeClaims: readonly string[],
): { readonly granted: readonly string[] } | VerificationFailure {
  const granted = new Set<string>()
  for (const name of scopeClaims) {
    const value = ownMember(claims, name)
    if (value === undefined || value === null) continue
    const items: readonly unknown[] | undefined =
      typeof value === 'string' ? splitScopes(value) : Array.isArray(value) ? value : undefined
    if (items === undefined) return invalid(name)
    for (const item of items) {
      if (typeof item !== 'string') return invalid(name)
      granted.add(item)
    }
  }
  if (granted.size > MAX_SCOPES) {
    return { reason: 'claim_invalid', detail: `the token has more than ${MAX_SCOPES} scopes` }
  }
  return { granted: [...granted] }
}

/** Claims in which issuers name the kind of a token. */
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

/** Claims in which some issuers name the kind, and in which others say something else, such as the kind of an account. */
const COMMON_CLAIMS = ['type', 'use']

/** The kinds that mean a token in any claim. */
const UNMISTAKABLE_KINDS = new Set(['id_token', 'refresh', 'refresh_token', 'offline_token', 'logout_token'])

/**
 * Whether the claims say that the token is of another kind than an access token. Issuers sign ID, refresh and logout
 * tokens with the same keys, and introspect them at the same endpoint.
 */
export function isOtherKind(claims: Claims): boolean {
  return (
    KIND_CLAIMS.some((name) => states(claims, name, OTHER_KINDS)) ||
    COMMON_CLAIMS.some((name) => states(claims, name, UNMISTAKABLE_KINDS))
  )
}

function states(claims: Claims, name: string, kinds: ReadonlySet<string>): boolean {
  const value = ownMember(claims, name)
  if (typeof value === 'string') return kinds.has(kindOf(value))
  return Array.isArray(value) && value.some((item) => typeof item === 'string' && kinds.has(kindOf(item)))
}

/** The kind in `Refresh`, `refresh+jwt`, `application/id_token` and RFC 8693's `urn:ietf:params:oauth:token-type:id_token`. */
function kindOf(text: string): string {
  const [kind = ''] = text.slice(Math.max(text.lastIndexOf(':'), text.lastIndexOf('/')) + 1).split('+')
  return kind.toLowerCase().replace(/[- ]/g, '_')
}
