import { isDeepStrictEqual } from 'node:util'
import { CLERK_MACHINE_CATEGORY } from '../mint.js'
import { isExpired, nowSeconds, type IssuerState } from '../state/state.js'
import type { TokenRecord } from '../state/token-store.js'

/** Creates Clerk's token object. Times are in milliseconds; `scopes` are the machines that accept the token. */
export function clerkTokenObject(state: IssuerState, record: TokenRecord): Readonly<Record<string, unknown>> {
  const { extraClaims, expiresAt, lastUsedAt = null } = record
  return {
    object: 'machine_to_machine_token',
    id: record.id,
    subject: record.subject,
    claims: Object.keys(extraClaims).length === 0 ? null : extraClaims,
    scopes: record.audience,
    revoked: record.revoked,
    revocation_reason: record.revocationReason,
    expired: isClerkExpired(state, record),
    expiration: expiresAt === null ? null : milliseconds(expiresAt),
    last_used_at: lastUsedAt === null ? null : milliseconds(lastUsedAt),
    created_at: milliseconds(record.issuedAt),
    updated_at: milliseconds(record.updatedAt),
  }
}

/** Whether a token is expired at Clerk. Custom claims of an opaque token do not change its expiry. */
export function isClerkExpired(state: IssuerState, record: TokenRecord): boolean {
  if (record.format === 'jwt') return isExpired(state, record)
  return record.expiresAt !== null && nowSeconds(state) >= record.expiresAt
}

/** Whether a token is a machine token. A session token is signed with the same keys. */
export function isMachineToken(state: IssuerState, record: TokenRecord): boolean {
  if (record.format === 'opaque') return true
  const category = record.header['cat']
  const isMachine = category === undefined || category === CLERK_MACHINE_CATEGORY
  return isMachine && state.keys.clerk.isVerifiedBy(record.value, record.header)
}

/** Filter of a list call. */
export interface ClerkTokenQuery {
  readonly subject: string
  readonly revoked: boolean
  readonly expired: boolean
}

/** Opaque tokens that match, newest first: JWTs are not stored at Clerk. */
export function listClerkTokens(state: IssuerState, query: ClerkTokenQuery): readonly TokenRecord[] {
  return state.tokens
    .list('clerk')
    .filter((record) => record.format === 'opaque' && record.subject === query.subject)
    .filter(
      (record) => (query.revoked || !record.revoked) && (query.expired || !isClerkExpired(state, record)),
    )
    .reverse()
}

/**
 * Returns a valid token of a machine with the same claims and scopes and this remaining lifetime, for
 * `min_remaining_ttl_seconds`.
 */
export function findReusable(
  state: IssuerState,
  wanted: { readonly subject: string; readonly scopes: readonly string[]; readonly claims: unknown },
  remainingSeconds: number,
): TokenRecord | undefined {
  return listClerkTokens(state, { subject: wanted.subject, revoked: false, expired: false }).find(
    (record) =>
      isDeepStrictEqual(record.extraClaims, wanted.claims) &&
      isDeepStrictEqual(new Set(record.audience), new Set(wanted.scopes)) &&
      (record.expiresAt === null || record.expiresAt - nowSeconds(state) >= remainingSeconds),
  )
}

function milliseconds(seconds: number): number {
  return Math.round(seconds * 1000)
}
