import { isDeepStrictEqual } from 'node:util'
import { CLERK_MACHINE_CATEGORY } from '../mint.js'
import { isExpired, nowSeconds, type IssuerState } from '../state/state.js'
import type { TokenRecord } from '../state/token-store.js'

/** Clerk's token object. Times in milliseconds; `scopes` are the machines it may be presented to. */
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

/** What an opaque token's sender wrote into its claims does not change when Clerk lets it end. */
export function isClerkExpired(state: IssuerState, record: TokenRecord): boolean {
  if (record.format === 'jwt') return isExpired(state, record)
  return record.expiresAt !== null && nowSeconds(state) >= record.expiresAt
}

/** Whether a token is one of the instance's machine tokens at all: a session token is signed with the same keys. */
export function isMachineToken(state: IssuerState, record: TokenRecord): boolean {
  if (record.format === 'opaque') return true
  const category = record.header['cat']
  const isMachine = category === undefined || category === CLERK_MACHINE_CATEGORY
  return isMachine && state.keys.clerk.vouchesFor(record.value, record.header)
}

/** Which tokens a list shows. */
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

/** A live token of a machine with the same claims and scopes that lasts a while yet, for `min_remaining_ttl_seconds`. */
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
