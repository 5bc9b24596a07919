import { proveBySecret, type SecretCredentials } from '../http/client-authentication.js'
import { CLIENT_CLAIMS, isOtherKind, readClaims, type Claims } from '../model/claims.js'
import { boolean, isRecord, ownMember } from '../util/members.js'
import type { RemoteResponse, RemoteResult } from '../model/issuer.js'
import { isVerificationFailure } from '../model/refusal.js'

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

/** Reads an answer of RFC 7662 section 2.2. Only `active: true` vouches, and only `active: false` denies. */
export function readIntrospection(answer: RemoteResponse, reading: IntrospectionReading): RemoteResult {
  const fault = faultOf(answer)
  if (fault !== undefined) return fault
  const { json } = answer
  if (!isRecord(json))
    return { fault: 'issuer_unavailable', detail: 'the introspection answer is no JSON object' }
  const claims = activeClaims(json)
  if (claims === 'unreadable')
    return { fault: 'issuer_unavailable', detail: 'the introspection answer has no boolean active' }
  if (claims === 'inactive')
    return { active: false, reason: 'token_inactive', detail: 'the issuer says inactive' }
  return readActive(claims, reading)
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
  const issuer = ownMember(json, 'iss')
  if (issuer !== undefined && issuer !== reading.issuer)
    return rejected('claim_invalid', 'iss is another issuer')
  const type = ownMember(json, 'token_type')
  if (type !== undefined && !isBearerType(type)) {
    return isDpopType(type)
      ? rejected('proof_missing', 'the token is bound to a DPoP key')
      : rejected('type_not_allowed', 'token_type is not that of a bearer access token')
  }
  if (isOtherKind(json)) return rejected('type_not_allowed', 'the answer is about another kind of token')
  const facts = readClaims(json, {
    scopeClaims: reading.scopeClaims,
    required: [],
    clientClaims: CLIENT_CLAIMS,
  })
  return isVerificationFailure(facts) ? rejected(facts.reason, facts.detail) : { active: true, facts }
}

/** Vouched for, and still not acceptable. */
function rejected(reason: Extract<RemoteResult, { active: false }>['reason'], detail: string): RemoteResult {
  return { active: false, reason, detail }
}

function isBearerType(type: unknown): boolean {
  return typeof type === 'string' && ['bearer', 'access_token'].includes(type.toLowerCase())
}

function isDpopType(type: unknown): boolean {
  return typeof type === 'string' && type.toLowerCase() === 'dpop'
}

function faultOf({ status, json }: RemoteResponse): RemoteResult | undefined {
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
