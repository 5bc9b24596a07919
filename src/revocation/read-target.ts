import { ConfigurationError } from '../options/configuration-error.js'
import { readOptions } from '../options/read-options.js'
import { custom, mismatch, optional, restricting, type Reader, type Result } from '../options/reader.js'
import { LATEST_TIME, MAX_REASON_LENGTH, MAX_VALUE_LENGTH, NEVER, type Entry } from './entry.js'

const name: Reader<string> = custom('string', (option, value) => {
  if (typeof value !== 'string' || value === '') throw mismatch(option, value, 'must be a non-empty string')
  if (value.length <= MAX_VALUE_LENGTH) return value
  throw new ConfigurationError(option, `must have at most ${MAX_VALUE_LENGTH} characters`)
})

/** Reads a time: seconds since the epoch, or a `Date`. Milliseconds are refused, because they would refuse all tokens. */
const time: Reader<number> = custom('number or Date', (option, value) => {
  const seconds = value instanceof Date ? value.getTime() / 1000 : value
  if (typeof seconds === 'number' && seconds >= 0 && seconds <= LATEST_TIME) return seconds
  throw mismatch(option, value, 'must be a number of seconds since the epoch, or a valid Date')
})

const reason: Reader<string> = custom('string', (option, value) => {
  if (typeof value === 'string' && value.trim() !== '' && value.length <= MAX_REASON_LENGTH) return value
  throw mismatch(option, value, `must be a non-empty string of at most ${MAX_REASON_LENGTH} characters`)
})

/** Readers of the members of a target. An absent member may widen the revocation, so that none may be `undefined`. */
const TARGET_OPTIONS = {
  issuer: restricting(name),
  tokenId: restricting(optional(name)),
  clientId: restricting(optional(name)),
  subject: restricting(optional(name)),
  before: restricting(optional(time)),
  expiresAt: restricting(optional(time)),
  reason: restricting(optional(reason)),
}

/** Readers of the members of a target that is a token. */
export const TOKEN_TARGET_OPTIONS = {
  token: restricting(
    custom<string>('string', (option, value) => {
      if (typeof value === 'string' && value !== '') return value
      throw mismatch(option, value, 'must be a token string')
    }),
  ),
  reason: restricting(optional(reason)),
}

/** Name of the targets in errors. */
export const TARGET = 'revoke'

/** Beginning of the problem with a token that is not one of the verifier. What follows is for the operator, and is never sent. */
export const NOT_ACCEPTED = 'is not accepted by this verifier'

/** Circumstances of a revocation. */
export interface RevocationTime {
  /** Wall-clock time, in seconds since the epoch. */
  readonly now: number
  /** Maximum seconds by which `before` may be ahead of `now`. */
  readonly tolerance: number
  /** Seconds by which the clock of an issuer is ahead of `now`, for the default of `before`. */
  readonly lead?: (issuer: string) => number
  /** Seconds by which the clock of the store is ahead of `now`, negative if it is behind. */
  readonly storeLead?: number
}

/**
 * Reads a target of `revoke()`.
 *
 * @throws ConfigurationError that names the member that is missing, unknown or invalid.
 * @throws Error if the default of `before` would be in the future by the clock of the store.
 */
export function readTarget(target: unknown, time: RevocationTime): Entry {
  const { now, tolerance, storeLead = 0 } = time
  const read = readOptions(TARGET, target, TARGET_OPTIONS)
  const { issuer, before, reason: given } = read
  const { kind, value } = kindOf(read)
  const entry = { kind, issuer, value, at: now, reason: given, clientId: undefined, issuedAt: undefined }
  if (kind === 'token') return { ...entry, limit: expiryOf(read.expiresAt, now) }
  if (read.expiresAt !== undefined)
    throw new ConfigurationError(
      `${TARGET}.expiresAt`,
      'is the expiry of a token. Set tokenId, or leave it out',
    )
  if (kind === 'issuer' && before === undefined)
    throw new ConfigurationError(
      `${TARGET}.before`,
      'is required to revoke all tokens of an issuer. Set it to a time, or name a tokenId, clientId or subject',
    )
  // By the clock of the store, which all processes share.
  const limit =
    before === undefined ? defaultCutoff(issuer, time) : cutoffTime(before, now + storeLead, tolerance)
  return { ...entry, limit }
}

/** The end of the current second, because `iat` has whole seconds: the first time that no earlier token has. */
function defaultCutoff(
  issuer: string,
  { now, tolerance, lead = () => 0, storeLead = 0 }: RevocationTime,
): number {
  if (storeLead < -tolerance)
    throw new Error(
      `nothing is revoked: ${clockDifference(storeLead)}, so that tokens that are issued later would be refused. Correct the clock, or set before`,
    )
  // The later one, because an earlier cutoff would miss tokens.
  return Math.floor(now + Math.max(lead(issuer), storeLead)) + 1
}

/** Describes by how much the clocks of this process and of the store differ. */
export function clockDifference(storeLead: number): string {
  const side = storeLead < 0 ? 'ahead of' : 'behind'
  return `the clock of this process is ${Math.abs(Math.round(storeLead))} s ${side} that of the store`
}

function kindOf({ tokenId, clientId, subject, before }: Result<typeof TARGET_OPTIONS>): {
  readonly kind: 'token' | 'client' | 'subject' | 'issuer'
  readonly value: string
} {
  const named = [
    ['token', tokenId],
    ['client', clientId],
    ['subject', subject],
  ] as const
  const [found, second] = named.filter(([, value]) => value !== undefined)
  if (second !== undefined)
    throw new ConfigurationError(
      TARGET,
      'must name only one of tokenId, clientId and subject. Call it once per target',
    )
  if (tokenId !== undefined && before !== undefined)
    throw new ConfigurationError(`${TARGET}.before`, 'does not apply to a single token. Leave it out')
  return found === undefined ? { kind: 'issuer', value: '' } : { kind: found[0], value: found[1] ?? '' }
}

function expiryOf(expiresAt: number | undefined, now: number): number {
  if (expiresAt === undefined) return NEVER
  if (expiresAt > now) return expiresAt
  throw new ConfigurationError(
    `${TARGET}.expiresAt`,
    'is not in the future, so that the token is expired. Leave it out if it is unknown',
  )
}

function cutoffTime(before: number, now: number, tolerance: number): number {
  if (before <= now + tolerance) return before
  const unit = before > 1e11 ? '. It is a number of seconds, not milliseconds' : ''
  throw new ConfigurationError(
    `${TARGET}.before`,
    `is more than ${tolerance} s in the future, so that it would refuse tokens that are issued later${unit}`,
  )
}
