import { ownOptions } from '../../options/read-options.js'
import { flag, requiredText, wholeNumber } from '../../options/readers.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import { isRecord } from '../../util/members.js'
import { parseDuration, type Duration } from '../../options/duration.js'
import { copyJson } from '../../options/json-value.js'

/** What {@link ClerkTokens.create} takes. */
export interface ClerkCreateInput {
  /** `'opaque'` (`mt_…`, can be revoked) or `'jwt'` (cannot). Default `'opaque'`. */
  readonly format?: 'opaque' | 'jwt'
  /**
   * When it expires, counted from now, more than 0. Left out or `null` it is Clerk's to say: its papers
   * disagree on whether that is the machine's default lifetime or never, so give one, or look at `expiresAt`.
   */
  readonly expiresIn?: Duration | null
  /** Claims for whoever receives the token: `{ scope: 'orders:read' }`. Values of JSON only. */
  readonly claims?: Readonly<Record<string, unknown>> | null
  /**
   * Gives a living token of this machine with the same claims and scopes again if it lasts at least this
   * long yet, in whole seconds. Less than `expiresIn`; for opaque tokens only.
   */
  readonly minRemainingTtl?: Duration
}

/** What {@link ClerkTokens.list} takes. */
export interface ClerkListInput {
  /** The machine (`mch_…`) whose tokens are listed. */
  readonly subject: string
  /** Whether revoked ones are listed too. Default `false`. */
  readonly revoked?: boolean
  /** Whether expired ones are listed too. Default `false`. */
  readonly expired?: boolean
  /** How many a page has, from 1 to 100. Default: Clerk's, which is 10. */
  readonly limit?: number
  /** How many of the newest are left out. Default 0. */
  readonly offset?: number
}

/** What {@link ClerkTokens.revoke} takes. */
export interface ClerkRevokeInput {
  /** The token's id (`mt_…`): not the token. */
  readonly tokenId: string
  /** Kept with the token, for people. */
  readonly reason?: string
}

/** What {@link ClerkTokens.verify} takes. */
export interface ClerkVerifyInput {
  readonly token: string
}

const LONGEST_WALK = 100_000_000

/** The body of a create call: every member Clerk's own SDK writes, in its default where it writes one. */
export function readCreateInput(where: string, input: ClerkCreateInput): Record<string, unknown> {
  const own = ownOptions<ClerkCreateInput>(where, input, {
    format: true,
    expiresIn: true,
    claims: true,
    minRemainingTtl: true,
  })
  const format = own.format ?? 'opaque'
  if (!['opaque', 'jwt'].includes(format))
    throw new ConfigurationError(`${where}.format`, "must be 'opaque' or 'jwt'")
  const lifetime =
    own.expiresIn === undefined || own.expiresIn === null
      ? null
      : parseDuration(`${where}.expiresIn`, own.expiresIn, { min: 0.001 })
  return {
    token_format: format,
    seconds_until_expiration: lifetime,
    claims: readClaims(`${where}.claims`, own.claims),
    min_remaining_ttl_seconds:
      own.minRemainingTtl === undefined
        ? undefined
        : readRemaining(`${where}.minRemainingTtl`, own.minRemainingTtl, format, lifetime),
  }
}

function readRemaining(option: string, value: Duration, format: string, lifetime: number | null): number {
  const seconds = parseDuration(option, value)
  if (format === 'jwt')
    throw new ConfigurationError(option, 'is for opaque tokens: Clerk keeps no JWT it could give again')
  if (!Number.isInteger(seconds)) throw new ConfigurationError(option, 'must be whole seconds')
  if (lifetime !== null && seconds >= lifetime)
    throw new ConfigurationError(option, 'must be less than expiresIn: no token could last that long')
  return seconds
}

function readClaims(option: string, claims: unknown): Readonly<Record<string, unknown>> | null {
  if (claims === undefined || claims === null) return null
  if (!isRecord(claims)) throw new ConfigurationError(option, 'must be an object of claims, or null')
  return copyJson(option, claims) as Readonly<Record<string, unknown>>
}

/** A list call, of which only the offset changes from page to page. */
export interface ClerkListQuery {
  readonly subject: string
  /** Sent only if true: without it, Clerk takes it for false. */
  readonly revoked: true | undefined
  readonly expired: true | undefined
  readonly limit: number | undefined
  readonly offset: number | undefined
}

export function readListInput(where: string, input: ClerkListInput): ClerkListQuery {
  const own = ownOptions<ClerkListInput>(where, input, {
    subject: true,
    revoked: true,
    expired: true,
    limit: true,
    offset: true,
  })
  const subject = requiredText(`${where}.subject`, own.subject)
  if (!subject.startsWith('mch_'))
    throw new ConfigurationError(`${where}.subject`, 'must be the id of a machine (mch_...)')
  const optional = <T>(value: T | undefined, read: (given: T) => T): T | undefined =>
    value === undefined ? undefined : read(value)
  return {
    subject,
    revoked: flag(`${where}.revoked`, own.revoked, false) || undefined,
    expired: flag(`${where}.expired`, own.expired, false) || undefined,
    limit: optional(own.limit, (value) => wholeNumber(`${where}.limit`, value, 10, { min: 1, max: 100 })),
    offset: optional(own.offset, (value) =>
      wholeNumber(`${where}.offset`, value, 0, { min: 0, max: LONGEST_WALK }),
    ),
  }
}

export function readRevokeInput(
  where: string,
  input: ClerkRevokeInput,
): { readonly tokenId: string; readonly reason: string | null } {
  const own = ownOptions<ClerkRevokeInput>(where, input, { tokenId: true, reason: true })
  const tokenId = requiredText(`${where}.tokenId`, own.tokenId)
  if (tokenId.split('.').length === 3)
    throw new ConfigurationError(
      `${where}.tokenId`,
      'is a JWT, not the id of a token. Clerk keeps no JWT and cannot revoke one: let JWTs live shortly, or ' +
        'refuse them by a policy of your own',
    )
  if (!tokenId.startsWith('mt_'))
    throw new ConfigurationError(`${where}.tokenId`, 'must be the id of a token (mt_...)')
  return { tokenId, reason: own.reason === undefined ? null : requiredText(`${where}.reason`, own.reason) }
}

export function readVerifyInput(where: string, input: ClerkVerifyInput): string {
  const own = ownOptions<ClerkVerifyInput>(where, input, { token: true })
  const token = requiredText(`${where}.token`, own.token)
  if (/^(?:ak|sk)_/.test(token))
    throw new ConfigurationError(`${where}.token`, 'is a secret key, not a token: it was not sent')
  return token
}
