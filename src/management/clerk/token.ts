import { deepFreeze } from '../../util/freeze.js'
import {
  ownMember,
  record,
  secondsFromMilliseconds,
  string,
  stringList,
  type EpochSeconds,
} from '../../util/members.js'

/** What Clerk knows of a machine token. Frozen, claims included. */
export interface ClerkToken {
  /** The id of the token (`mt_…`), also the `jti` of a JWT. Not a secret. */
  readonly tokenId: string
  /** The machine that created it (`mch_…`). */
  readonly subject: string
  /** The claims its creator set; `null` if there are none. */
  readonly claims: Readonly<Record<string, unknown>> | null
  /** The machines (`mch_…`) it may be presented to. These are not the scopes a route asks for. */
  readonly scopes: readonly string[]
  readonly revoked: boolean
  readonly revocationReason: string | null
  readonly expired: boolean
  /** `null` never expires. */
  readonly expiresAt: EpochSeconds | null
  readonly createdAt: EpochSeconds
  readonly updatedAt: EpochSeconds
  /** `null` if it was never used, or is a JWT. */
  readonly lastUsedAt: EpochSeconds | null
}

/** A {@link ClerkToken} with the token itself, which Clerk returns only once. */
export interface ClerkCreatedToken extends ClerkToken {
  /** The token, a secret. Not enumerable, so that logs, JSON and copies of the result leave it out. */
  readonly token: string
}

type Members = Readonly<Record<string, unknown>>

/** Reads Clerk's token object; a text says what it lacks. */
export function readClerkToken(json: Members): ClerkToken | string {
  if (ownMember(json, 'object') !== 'machine_to_machine_token') return 'a machine token'
  const tokenId = string(json, 'id')
  const subject = string(json, 'subject')
  const revoked = ownMember(json, 'revoked')
  const expired = ownMember(json, 'expired')
  const expiresAt =
    ownMember(json, 'expiration') === null ? null : secondsFromMilliseconds(json, 'expiration')
  const createdAt = secondsFromMilliseconds(json, 'created_at')
  const updatedAt = secondsFromMilliseconds(json, 'updated_at')
  if (tokenId === undefined || subject === undefined) return 'the id or the subject of the token'
  if (typeof revoked !== 'boolean' || typeof expired !== 'boolean' || expiresAt === undefined)
    return 'saying whether the token is revoked or expired, or when it expires'
  if (createdAt === undefined || updatedAt === undefined) return 'the times of the token'
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
