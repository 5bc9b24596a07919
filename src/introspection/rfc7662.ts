import type { ClientProof } from '../http/client-authentication.js'
import type { StatedFacts } from '../model/access-token.js'
import { presentMember, type ClaimReference, type ScopeClaimReference } from '../model/claim-path.js'
import {
  findOtherKind,
  readClaims,
  readFacts,
  statesScopes,
  type ClaimReading,
  type Claims,
} from '../model/claims.js'
import { failureOf } from '../model/detail/explain.js'
import { overlookedDifference } from '../util/url/issuer-difference.js'
import { boolean, isRecord, ownMember } from '../util/members.js'
import { phrase } from '../util/quote.js'
import type {
  ConfirmationResult,
  RemoteRequest,
  RemoteResponse,
  RemoteResult,
} from '../model/issuer/remote-profile.js'
import { isVerificationFailure, type VerificationFailure } from '../model/refusal/refusal.js'

/** The form parameters of an introspection or revocation request (RFC 7662 section 2.1, RFC 7009 section 2.1). */
export function tokenForm(
  token: string,
  tokenTypeHint: string | undefined,
): Readonly<Record<string, string>> {
  return { token, ...(tokenTypeHint === undefined ? {} : { token_type_hint: tokenTypeHint }) }
}

/** Creates an introspection request (RFC 7662 section 2.1). */
export function introspectionRequest(proof: ClientProof, token: string): RemoteRequest {
  return {
    headers: {
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded',
      ...proof.headers,
    },
    body: new URLSearchParams({ ...tokenForm(token, 'access_token'), ...proof.form }).toString(),
    ...(proof.tls === undefined ? {} : { tls: proof.tls }),
  }
}

/** Settings for reading introspection responses. */
export interface IntrospectionReading {
  /** Required value of `iss`, if the response has one. `undefined` accepts any, because the verifier compares it. */
  readonly issuer: string | undefined
  /** Claims that contain scopes. */
  readonly scopeClaims: readonly ScopeClaimReference[]
  /** Claims that contain the client id, in order of preference. */
  readonly clientClaims: readonly ClaimReference[]
}

/** Reads an introspection response (RFC 7662 section 2.2). Any `active` other than `true` and `false` is a fault. */
export function readIntrospection(response: RemoteResponse, reading: IntrospectionReading): RemoteResult {
  const claims = activeClaimsOf(response)
  return isDefinitiveOrFault(claims) ? claims : readActive(claims.active, reading)
}

/**
 * Reads the introspection response for a JWT whose signature was verified. Every member except `active` is optional, as in
 * RFC 7662 section 2.2.
 */
export function readConfirmation(
  response: RemoteResponse,
  reading: IntrospectionReading,
): ConfirmationResult {
  const claims = activeClaimsOf(response)
  if (isDefinitiveOrFault(claims)) return claims
  const facts = statedFacts(claims.active, reading)
  return isVerificationFailure(facts) ? rejected(facts.reason, facts.detail) : { active: true, facts }
}

type NotActive = Exclude<RemoteResult, { active: true }>

/** The claims of a response with `active: true`. */
interface ActiveClaims {
  readonly active: Claims
}

function isDefinitiveOrFault(result: NotActive | ActiveClaims): result is NotActive {
  return 'fault' in result || result.active === false
}

function activeClaimsOf(response: RemoteResponse): NotActive | ActiveClaims {
  const fault = faultOf(response)
  if (fault !== undefined) return fault
  const { json } = response
  if (!isRecord(json))
    return { fault: 'issuer_unavailable', detail: 'the introspection response is not a JSON object' }
  const claims = activeClaims(json)
  if (claims === 'unreadable')
    return { fault: 'issuer_unavailable', detail: 'the introspection response has no boolean member active' }
  if (claims === 'inactive') return { active: false, ...failureOf('token_inactive', 'inactive', {}) }
  return { active: claims }
}

/**
 * Reads `active` of an introspection response (RFC 7662 section 2.2). It is a required boolean, and any other value makes
 * the response unreadable. Further members of an inactive response are ignored.
 */
export function activeClaims(response: Claims): Claims | 'inactive' | 'unreadable' {
  const active = boolean(response, 'active')
  if (active === undefined) return 'unreadable'
  return active ? response : 'inactive'
}

function readActive(json: Claims, reading: IntrospectionReading): RemoteResult {
  const issuer = presentMember(json, 'iss')
  if (issuer !== undefined && reading.issuer !== undefined && issuer !== reading.issuer) {
    return { active: false, ...issuerFailure(issuer, reading.issuer) }
  }
  const facts = typeFailure(json) ?? readClaims(json, claimReading(reading))
  return isVerificationFailure(facts) ? rejected(facts.reason, facts.detail) : { active: true, facts }
}

function issuerFailure(iss: unknown, expected: string): VerificationFailure {
  const difference = typeof iss === 'string' ? overlookedDifference(iss, expected) : undefined
  if (difference === undefined) return failureOf('claim_invalid', 'issuer', { iss, expected })
  return failureOf('claim_invalid', 'similar_issuer', { iss, expected, difference: phrase(difference) })
}

/** All members except `active` are optional (RFC 7662 section 2.2). */
function claimReading({ scopeClaims, clientClaims }: IntrospectionReading): ClaimReading {
  return { scopeClaims, clientClaims, required: [] }
}

function statedFacts(json: Claims, reading: IntrospectionReading): StatedFacts | VerificationFailure {
  const read = typeFailure(json) ?? readFacts(json, claimReading(reading))
  if (isVerificationFailure(read)) return read
  const { issuer, subject, clientId, tokenId, notBefore, expiresAt, audience, scopes } = read
  return {
    issuer,
    clientId,
    tokenId,
    notBefore,
    expiresAt,
    claims: json,
    ...(subject === undefined ? {} : { subject }),
    ...(presentMember(json, 'aud') === undefined ? {} : { audience }),
    ...(statesScopes(json, reading.scopeClaims) ? { scopes } : {}),
  }
}

function typeFailure(json: Claims): VerificationFailure | undefined {
  const type = presentMember(json, 'token_type')
  if (type !== undefined && !isBearerType(type)) {
    return isDpopType(type)
      ? failureOf('proof_missing', 'dpop', {})
      : failureOf('type_not_allowed', 'token_type', { type })
  }
  const claim = findOtherKind(json)
  if (claim === undefined) return undefined
  const values = { claim: phrase(claim), kind: ownMember(json, claim) }
  return failureOf('type_not_allowed', 'introspected_kind', values)
}

/** An inactive result. */
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
  // Servers that introspect only some kinds of token (RFC 7009 section 2.2.1). It is not a statement about this token.
  if (status === 400 && error === 'unsupported_token_type') {
    return { fault: 'confirmation_impossible', detail: 'the issuer does not introspect tokens of this kind' }
  }
  return statusFault(status)
}

/** The fault for a status other than 200. Such a status is never a statement about the token. */
export function statusFault(status: number): Extract<RemoteResult, { fault: unknown }> {
  const isClientFault = status === 400 || status === 401 || status === 403
  return {
    fault: isClientFault ? 'issuer_refused_us' : 'issuer_unavailable',
    detail: `the issuer responded with status ${status}`,
  }
}
