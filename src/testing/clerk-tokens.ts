import type { TokenRecord } from './token-store.js'
import { isActive, isExpired, type IssuerState } from './state.js'
import { CLERK_MACHINE_CATEGORY } from './mint.js'

/** Clerk's token object. Times in milliseconds; `scopes` are the machines it may be presented to. */
export function clerkTokenObject(state: IssuerState, record: TokenRecord): Readonly<Record<string, unknown>> {
  const { extraClaims, expiresAt } = record
  return {
    object: 'machine_to_machine_token',
    id: record.id,
    subject: record.subject,
    claims: Object.keys(extraClaims).length === 0 ? null : extraClaims,
    scopes: record.audience,
    revoked: record.revoked,
    revocation_reason: record.revocationReason,
    expired: isExpired(state, record),
    expiration: expiresAt === null ? null : milliseconds(expiresAt),
    last_used_at: null,
    created_at: milliseconds(record.issuedAt),
    updated_at: milliseconds(record.updatedAt),
  }
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
    .filter((record) => (query.revoked || !record.revoked) && (query.expired || !isExpired(state, record)))
    .reverse()
}

/** A live token of a machine with the same claims and scopes that lasts a while yet, for `min_remaining_ttl_seconds`. */
export function findReusable(
  state: IssuerState,
  wanted: { readonly subject: string; readonly scopes: readonly string[]; readonly claims: unknown },
  remainingSeconds: number,
): TokenRecord | undefined {
  const same = JSON.stringify([wanted.claims, wanted.scopes])
  return listClerkTokens(state, { subject: wanted.subject, revoked: false, expired: false }).find(
    (record) =>
      isActive(state, record) &&
      JSON.stringify([record.extraClaims, record.audience]) === same &&
      (record.expiresAt === null || record.expiresAt - state.clock() / 1000 >= remainingSeconds),
  )
}

function milliseconds(seconds: number): number {
  return Math.round(seconds * 1000)
}
