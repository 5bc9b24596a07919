import { proveBySecret, type SecretCredentials } from '../http/client-authentication.js'
import type { StatedFacts } from '../model/access-token.js'
import { CLIENT_CLAIMS, isOtherKind, readClaims, type Claims } from '../model/claims.js'
import { boolean, isRecord, ownMember } from '../util/members.js'
import type { ConfirmationResult, RemoteResponse, RemoteResult } from '../model/issuer.js'
import { isVerificationFailure, type VerificationFailure } from '../model/refusal.js'

/** What a request about a token holds (RFC 7662 section 2.1, RFC 7009 section 2.1). */
export function tokenForm(
  token: string,
  tokenTypeHint: string | undefined,
): Readonly<Record<string, string>> {
  return { token, ...(tokenTypeHint === undefined ? {} : { token_type_hint: tokenTypeHint }) }
}

/** The request of RFC 7662 section 2.1. */
export function introspectionRequest(
  client: SecretCredentials,
  token: string,
): { readonly headers: Readonly<Record<string, string>>; readonly body: string } {
  const proof = proveBySecret(client)
  return {
    headers: {
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded',
      ...proof.headers,
    },
    body: new URLSearchParams({ ...tokenForm(token, 'access_token'), ...proof.form }).toString(),
  }
}

/** How introspection answers are read. */
export interface IntrospectionReading {
  /** What `iss` must be, where the answer has one. */
  readonly issuer: string
  readonly scopeClaims: readonly string[]
}

/** Reads a response of RFC 7662 section 2.2. Only `active: true` confirms, and only `active: false` denies. */
export function readIntrospection(answer: RemoteResponse, reading: IntrospectionReading): RemoteResult {
  const claims = activeClaimsOf(answer)
  return isDefinitiveOrFault(claims) ? claims : readActive(claims.active, reading)
}

/**
 * Reads the same response about a JWT whose signature was verified. Every member is optional then, because RFC 7662
 * requires `active` only.
 */
export function readConfirmation(answer: RemoteResponse, reading: IntrospectionReading): ConfirmationResult {
  const claims = activeClaimsOf(answer)
  if (isDefinitiveOrFault(claims)) return claims
  const facts = statedFacts(claims.active, reading)
  return isVerificationFailure(facts) ? rejected(facts.reason, facts.detail) : { active: true, facts }
}

type NotActive = Exclude<RemoteResult, { active: true }>

/** The members of a response that says active. */
interface ActiveClaims {
  readonly active: Claims
}

function isDefinitiveOrFault(result: NotActive | ActiveClaims): result is NotActive {
  return 'fault' in result || result.active === false
}

function activeClaimsOf(answer: RemoteResponse): NotActive | ActiveClaims {
  const fault = faultOf(answer)
  if (fault !== undefined) return fault
  const { json } = answer
  if (!isRecord(json))
    return { fault: 'issuer_unavailable', detail: 'the introspection response is not a JSON object' }
  const claims = activeClaims(json)
  if (claims === 'unreadable')
    return { fault: 'issuer_unavailable', detail: 'the introspection response has no boolean active' }
  if (claims === 'inactive') return rejected('token_inactive', 'the issuer says inactive')
  return { active: claims }
}

/**
 * The claims of a response of RFC 7662 section 2.2. `active` is a required boolean: any other value makes the response
 * unreadable. An issuer should not, but may, say more of an inactive token: none of it is a fact.
 */
export function activeClaims(response: Claims): Claims | 'inactive' | 'unreadable' {
  const active = boolean(response, 'active')
  if (active === undefined) return 'unreadable'
  return active ? response : 'inactive'
}

function readActive(json: Claims, reading: IntrospectionReading): RemoteResult {
  const members = withoutNull(json)
  const issuer = ownMember(members, 'iss')
  if (issuer !== undefined && issuer !== reading.issuer)
    return rejected('claim_invalid', 'iss is another issuer')
  const facts = typeFailure(members) ?? readClaims(members, { ...READING, scopeClaims: reading.scopeClaims })
  return isVerificationFailure(facts)
    ? rejected(facts.reason, facts.detail)
    : { active: true, facts: { ...facts, claims: json } }
}

/**
 * The members that are not null. All members of a response but `active` are optional (RFC 7662 section 2.2), and issuers write
 * null for one that is absent. The facts keep the response as it is, where a `cnf` of null is still a binding.
 */
function withoutNull(json: Claims): Claims {
  const members = Object.entries(json)
  const present = members.filter(([, value]) => value !== null)
  return present.length === members.length ? json : Object.fromEntries(present)
}

const READING = { required: [], clientClaims: CLIENT_CLAIMS } as const

/** Stands in for a subject that a response about a JWT need not state. */
const NO_SUBJECT = { sub: '-' } as const

function statedFacts(json: Claims, { scopeClaims }: IntrospectionReading): StatedFacts | VerificationFailure {
  const members = withoutNull(json)
  const read = typeFailure(members) ?? readClaims({ ...NO_SUBJECT, ...members }, { ...READING, scopeClaims })
  if (isVerificationFailure(read)) return read
  const isStated = (name: string): boolean => ownMember(members, name) !== undefined
  const { issuer, clientId, tokenId, notBefore, expiresAt } = read
  return {
    issuer,
    clientId,
    tokenId,
    notBefore,
    expiresAt,
    claims: json,
    ...(isStated('sub') ? { subject: read.subject } : {}),
    ...(isStated('aud') ? { audience: read.audience } : {}),
    ...(scopeClaims.some(isStated) ? { scopes: read.scopes } : {}),
  }
}

function typeFailure(json: Claims): VerificationFailure | undefined {
  const type = ownMember(json, 'token_type')
  if (type !== undefined && !isBearerType(type)) {
    return isDpopType(type)
      ? { reason: 'proof_missing', detail: 'the token is bound to a DPoP key' }
      : { reason: 'type_not_allowed', detail: 'token_type is not that of a bearer access token' }
  }
  return isOtherKind(json)
    ? { reason: 'type_not_allowed', detail: 'the response is about another kind of token' }
    : undefined
}

/** A definitive result against the token. */
function rejected(
  reason: VerificationFailure['reason'],
  detail: string,
): Extract<RemoteResult, { active: false }> {
  return { active: false, reason, detail }
}

function isBearerType(type: unknown): boolean {
  return typeof type === 'string' && ['bearer', 'access_token'].includes(type.toLowerCase())
}

function isDpopType(type: unknown): boolean {
  return typeof type === 'string' && type.toLowerCase() === 'dpop'
}

function faultOf({ status, json }: RemoteResponse): Extract<RemoteResult, { fault: unknown }> | undefined {
  if (status === 200) return undefined
  const error = isRecord(json) ? ownMember(json, 'error') : undefined
  // RFC 7009 section 2.2.1 and servers that introspect only some kinds of token: not a statement about this one.
  if (status === 400 && error === 'unsupported_token_type') {
    return { fault: 'confirmation_impossible', detail: 'the issuer does not introspect tokens of this kind' }
  }
  return statusFault(status)
}

/** What a status other than 200 says about the issuer and us; it never says anything about the token. */
export function statusFault(status: number): Extract<RemoteResult, { fault: unknown }> {
  const isOurFault = status === 400 || status === 401 || status === 403
  return {
    fault: isOurFault ? 'issuer_refused_us' : 'issuer_unavailable',
    detail: `the issuer answered with status ${status}`,
  }
}
