import { activeClaims } from '../../introspection/rfc7662.js'
import { splitScopes } from '../../model/scopes.js'
import { number, string, stringList, type EpochSeconds } from '../../util/members.js'

/**
 * Result of an introspection (RFC 7662 section 2.2). If the token is not active, every other property is absent
 * or empty.
 */
export interface TokenIntrospection {
  /** Whether the token is active for this client. */
  readonly active: boolean
  /** Scopes of the token (`scope`), split at spaces. */
  readonly scopes: readonly string[]
  /** Id of the client that requested the token (`client_id`). */
  readonly clientId: string | undefined
  /** Human-readable identifier of the user who authorized the token (`username`). */
  readonly username: string | undefined
  /** Token type: `Bearer` or `DPoP`. */
  readonly tokenType: string | undefined
  /** Subject of the token (`sub`): the user, or the client itself. */
  readonly subject: string | undefined
  /** Intended recipients of the token (`aud`). A single string becomes a list of one. */
  readonly audience: readonly string[]
  /** Issuer of the token (`iss`). */
  readonly issuer: string | undefined
  /** Identifier of the token (`jti`). */
  readonly tokenId: string | undefined
  /** Expiry (`exp`), in seconds since the epoch. */
  readonly expiresAt: EpochSeconds | undefined
  /** Time of issue (`iat`), in seconds since the epoch. */
  readonly issuedAt: EpochSeconds | undefined
  /** Start of validity (`nbf`), in seconds since the epoch. */
  readonly notBefore: EpochSeconds | undefined
  /** All members of the response, under their RFC 7662 names. */
  readonly claims: Readonly<Record<string, unknown>>
}

/** Reads an RFC 7662 response. Returns `undefined` if it does not say whether the token is active. */
export function readIntrospection(
  response: Readonly<Record<string, unknown>>,
): TokenIntrospection | undefined {
  const found = activeClaims(response)
  if (found === 'unreadable') return undefined
  const active = found !== 'inactive'
  const claims = active ? found : { active }
  const audience = string(claims, 'aud')
  return Object.freeze({
    active,
    scopes: Object.freeze(splitScopes(string(claims, 'scope') ?? '')),
    clientId: string(claims, 'client_id'),
    username: string(claims, 'username'),
    tokenType: string(claims, 'token_type'),
    subject: string(claims, 'sub'),
    audience: Object.freeze(audience === undefined ? stringList(claims, 'aud') : [audience]),
    issuer: string(claims, 'iss'),
    tokenId: string(claims, 'jti'),
    expiresAt: number(claims, 'exp'),
    issuedAt: number(claims, 'iat'),
    notBefore: number(claims, 'nbf'),
    claims: Object.freeze({ ...claims }),
  })
}
