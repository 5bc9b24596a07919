import { parseJson } from '../util/json.js'
import { isRecord, ownMember } from '../util/members.js'
import { quote } from '../util/quote.js'
import type { Revocation } from '../model/revocation.js'

/**
 * Entry of the set of revocations. Entries of the same kind, issuer and value are merged to the one with the higher `limit`, so
 * that order, repetition and concurrency of revocations do not matter.
 */
export interface Entry {
  readonly kind: Revocation['kind']
  /** Issuer; empty for all issuers. For `digest`, only for information. */
  readonly issuer: string
  /** Token id, digest, client id or subject; empty for an issuer. */
  readonly value: string
  /** Expiry of the token, or {@link NEVER}; for cutoffs the time before which the refused tokens were issued. Seconds. */
  readonly limit: number
  /** Time of the revocation, in seconds since the epoch. */
  readonly at: number
  readonly reason: string | undefined
  /** Client of a revoked token, if known. */
  readonly clientId: string | undefined
  /** Time of issue of a revoked token, if known. */
  readonly issuedAt: number | undefined
}

/** Expiry of a token whose expiry is unknown. A finite number, because JSON has no infinity. */
export const NEVER = Number.MAX_SAFE_INTEGER

/** Maximum length of an issuer, a token id, a client id or a subject. */
export const MAX_VALUE_LENGTH = 4096

/** Maximum length of a reason. */
export const MAX_REASON_LENGTH = 200

/**
 * Time in seconds for which an entry is kept past the expiry of its token. Longer than any clock tolerance, so that a
 * clock that is set forward for less than this time does not drop an entry.
 */
export const KEPT_AFTER_EXPIRY = 3600

const KINDS: ReadonlySet<unknown> = new Set<Entry['kind']>(['token', 'digest', 'client', 'subject', 'issuer'])

/** Whether an entry is about one token. The others are cutoffs. */
export function isTokenEntry({ kind }: Pick<Entry, 'kind'>): boolean {
  return kind === 'token' || kind === 'digest'
}

/** Returns the time after which an entry can no longer matter; `undefined` if there is none. */
export function expiryOf(entry: Entry): number | undefined {
  return isTokenEntry(entry) && entry.limit < NEVER ? entry.limit + KEPT_AFTER_EXPIRY : undefined
}

/** Whether an entry can no longer matter, because its token has expired. */
export function hasExpired(entry: Entry, now: number): boolean {
  return now >= (expiryOf(entry) ?? Number.POSITIVE_INFINITY)
}

/** Identifies an entry: entries with the same key are merged. */
export function keyOf({ kind, issuer, value }: Pick<Entry, 'kind' | 'issuer' | 'value'>): string {
  return JSON.stringify([kind, kind === 'digest' ? '' : issuer, value])
}

/**
 * The time before which tokens must be refused so that a revoked token is. If its time of issue is unknown, it was issued
 * at most the maximum clock tolerance after the revocation.
 */
export function cutoffOf({ issuedAt, at }: Entry): number {
  return issuedAt === undefined ? at + 60 : Math.floor(issuedAt) + 1
}

/** Maximum characters of a serialized entry. None is longer, also if JSON needs six characters for each of its own. */
const MAX_SERIALIZED_LENGTH = 100_000

/** Version of {@link serializeEntry}. Entries of other versions are not read. */
const VERSION = 1

/** Start of every serialized entry of this version. */
export const SERIALIZED_START = `{"v":${VERSION},`

/** Serializes an entry for a store or a receipt. */
export function serializeEntry({
  kind,
  issuer,
  value,
  limit,
  at,
  reason,
  clientId,
  issuedAt,
}: Entry): string {
  return JSON.stringify({ v: VERSION, kind, issuer, value, limit, at, reason, clientId, issuedAt })
}

/** Parses an entry. Returns `undefined` for anything that {@link serializeEntry} does not create. */
export function parseEntry(text: string): Entry | undefined {
  const parsed = text.length > MAX_SERIALIZED_LENGTH ? undefined : parseJson(text)
  if (!isRecord(parsed) || ownMember(parsed, 'v') !== VERSION) return undefined
  // Only own properties count, because a polluted prototype must not complete an entry.
  const { kind, issuer, value, limit, at, reason, clientId, issuedAt } = {
    __proto__: null,
    ...parsed,
  } as Readonly<Record<string, unknown>>
  if (!isKind(kind) || !isValue(issuer) || !isValue(value) || !isTime(at)) return undefined
  if ((kind === 'issuer') !== (value === '') || (issuer === '' && kind !== 'issuer' && kind !== 'digest'))
    return undefined
  if (!isTime(limit) && !(limit === NEVER && isTokenEntry({ kind }))) return undefined
  if (!isAbsentOr(isValue, clientId) || !isAbsentOr(isTime, issuedAt) || !isAbsentOr(isReason, reason))
    return undefined
  return { kind, issuer, value, limit, at, reason, clientId, issuedAt }
}

/**
 * Limits what a token states to what an entry may contain, because a store does not keep other entries, and other processes skip
 * them. What is left out makes a revocation refuse more, not less.
 */
export function storable(entry: Entry): Entry {
  const { issuer, limit, clientId, issuedAt } = entry
  return {
    ...entry,
    // Only for information in an entry with a digest. No other entry has an issuer from a token that is too long.
    issuer: isValue(issuer) ? issuer : '',
    limit: limit <= LATEST_TIME ? Math.max(0, limit) : NEVER,
    clientId: isAbsentOr(isValue, clientId) ? clientId : undefined,
    issuedAt: isAbsentOr(isTime, issuedAt) ? issuedAt : undefined,
  }
}

/** Whether a token can be revoked by its id. One with a longer id or issuer is revoked by its digest. */
export function hasStorableId(issuer: string, tokenId: string | undefined): tokenId is string {
  return tokenId !== undefined && tokenId !== '' && isValue(tokenId) && isValue(issuer)
}

function isAbsentOr<T>(is: (value: unknown) => value is T, value: unknown): value is T | undefined {
  return value === undefined || is(value)
}

function isKind(value: unknown): value is Entry['kind'] {
  return KINDS.has(value)
}

function isValue(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_VALUE_LENGTH
}

function isReason(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_REASON_LENGTH
}

/** Seconds since the epoch of the last day that a `Date` can represent. */
export const LATEST_TIME = 8.64e12

function isTime(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= LATEST_TIME
}

/** Converts an entry for users. */
export function toRevocation({ kind, issuer, value, limit, at, reason, clientId }: Entry): Revocation {
  const isToken = kind === 'token' || kind === 'digest'
  return Object.freeze({
    kind,
    issuer,
    ...(kind === 'token' ? { tokenId: value } : {}),
    ...(kind === 'digest' ? { digest: value } : {}),
    ...(kind === 'client' ? { clientId: value } : {}),
    ...(kind === 'subject' ? { subject: value } : {}),
    ...(isToken && clientId !== undefined ? { clientId } : {}),
    ...(isToken ? (limit === NEVER ? {} : { expiresAt: limit }) : { before: limit }),
    revokedAt: at,
    ...(reason === undefined ? {} : { reason }),
  })
}

/** Describes what an entry refuses, for logs. */
export function describeEntry(entry: Entry): string {
  const { kind, issuer, value, limit } = entry
  const of = issuer === '' ? 'all issuers' : `the issuer ${quote(issuer)}`
  if (isTokenEntry(entry)) {
    const name = kind === 'token' ? 'id' : 'digest'
    return `the token with the ${name} ${quote(value)} of ${of}`
  }
  const which = kind === 'issuer' ? '' : `the ${kind} ${quote(value)} of `
  return `tokens of ${which}${of} issued before ${new Date(limit * 1000).toISOString()}`
}
