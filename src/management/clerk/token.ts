import { deepFreeze } from '../../util/freeze.js'
import {
  ownMember,
  record,
  secondsFromMilliseconds,
  string,
  stringList,
  type EpochSeconds,
} from '../../util/members.js'

/** A machine token at Clerk. Frozen, including its claims. */
export interface ClerkToken {
  /** Id of the token (`mt_…`), also the `jti` of a JWT. Not a secret. */
  readonly tokenId: string
  /** Id of the machine that created the token (`mch_…`). */
  readonly subject: string
  /** Custom claims of the token; `null` if there are none. */
  readonly claims: Readonly<Record<string, unknown>> | null
  /** Ids of the machines (`mch_…`) that accept the token. These are not the scopes that a route requires. */
  readonly scopes: readonly string[]
  /** Whether the token was revoked. */
  readonly revoked: boolean
  /** Reason stated when the token was revoked (`revocation_reason`); `null` if absent. */
  readonly revocationReason: string | null
  /** Whether the token had expired when Clerk responded. */
  readonly expired: boolean
  /** Expiry; `null` if the token never expires. */
  readonly expiresAt: EpochSeconds | null
  /** Time of creation, in seconds since the epoch. */
  readonly createdAt: EpochSeconds
  /** Time of the last change, in seconds since the epoch. */
  readonly updatedAt: EpochSeconds
  /** Time of the last verification; `null` if there was none, or for a JWT. */
  readonly lastUsedAt: EpochSeconds | null
}

/** A {@link ClerkToken} with the token itself, which Clerk returns only once. */
export interface ClerkCreatedToken extends ClerkToken {
  /** The token, a secret. Not enumerable, so that logs, JSON and copies of the result leave it out. */
  readonly token: string
}

type Members = Readonly<Record<string, unknown>>

/** Reads Clerk's token object. Returns a string that names the problem if it is incomplete. */
export function readClerkToken(json: Members): ClerkToken | string {
  if (ownMember(json, 'object') !== 'machine_to_machine_token') return 'no machine token'
  const tokenId = string(json, 'id')
  const subject = string(json, 'subject')
  const revoked = ownMember(json, 'revoked')
  const expired = ownMember(json, 'expired')
  const expiresAt =
    ownMember(json, 'expiration') === null ? null : secondsFromMilliseconds(json, 'expiration')
  const createdAt = secondsFromMilliseconds(json, 'created_at')
  const updatedAt = secondsFromMilliseconds(json, 'updated_at')
  if (tokenId === undefined || subject === undefined) return 'a token without id or subject'
  if (typeof revoked !== 'boolean' || typeof expired !== 'boolean' || expiresAt === undefined)
    return 'a token without revoked, expired or expiration'
  if (createdAt === undefined || updatedAt === undefined) return 'a token without created_at or updated_at'
  const claims = record(json, 'claims')
  return {
    tokenId,
    subject,
    claims: claims === undefined ? null : deepFreeze(claims),
    scopes: Object.freeze(stringList(json, 'scopes')),
    revoked,
    revocationReason: string(json, 'revocation_reason') ?? null,
    expired,
    expiresAt,
    createdAt,
    updatedAt,
    lastUsedAt: secondsFromMilliseconds(json, 'last_used_at') ?? null,
  }
}
