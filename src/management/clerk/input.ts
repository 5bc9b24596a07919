import { readOptions } from '../../options/read-options.js'
import { mapped, nullable, optional, withDefault, type TableOf, restricting } from '../../options/reader.js'
import { boolean, integer, nonBlankText, nonEmptyString, oneOf, record } from '../../options/readers.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import { duration, type Duration } from '../../options/duration.js'
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

const CREATE = {
  format: oneOf(['opaque', 'jwt'], 'opaque'),
  expiresIn: restricting(withDefault(nullable(duration({ min: '1ms' })), null)),
  claims: withDefault(
    nullable(mapped(record, (value, option) => copyJson(option, value) as typeof value)),
    null,
  ),
  minRemainingTtl: optional(duration()),
} satisfies TableOf<ClerkCreateInput>

/** The body of a create call: every member Clerk's own SDK writes, in its default where it writes one. */
export function readCreateInput(where: string, input: ClerkCreateInput): Record<string, unknown> {
  const {
    format,
    expiresIn: lifetime,
    claims,
    minRemainingTtl: remaining,
  } = readOptions(where, input, CREATE)
  if (remaining !== undefined) checkRemaining(`${where}.minRemainingTtl`, remaining, format, lifetime)
  return {
    token_format: format,
    seconds_until_expiration: lifetime,
    claims,
    min_remaining_ttl_seconds: remaining,
  }
}

function checkRemaining(option: string, seconds: number, format: string, lifetime: number | null): void {
  if (format === 'jwt')
    throw new ConfigurationError(option, 'is for opaque tokens: Clerk keeps no JWT it could give again')
  if (!Number.isInteger(seconds)) throw new ConfigurationError(option, 'must be whole seconds')
  if (lifetime !== null && seconds >= lifetime)
    throw new ConfigurationError(option, 'must be less than expiresIn: no token could last that long')
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

const LIST = {
  subject: mapped(nonEmptyString, (subject, option) => {
    if (subject.startsWith('mch_')) return subject
    throw new ConfigurationError(option, 'must be the id of a machine (mch_...)')
  }),
  revoked: boolean({ default: false }),
  expired: boolean({ default: false }),
  limit: optional(integer({ min: 1, max: 100 })),
  offset: optional(integer({ min: 0, max: LONGEST_WALK })),
} satisfies TableOf<ClerkListInput>

export function readListInput(where: string, input: ClerkListInput): ClerkListQuery {
  const { revoked, expired, ...own } = readOptions(where, input, LIST)
  return { ...own, revoked: revoked || undefined, expired: expired || undefined }
}

const REVOKE = {
  tokenId: mapped(nonEmptyString, (tokenId, option) => {
    if (tokenId.split('.').length === 3)
      throw new ConfigurationError(
        option,
        'is a JWT, not the id of a token. Clerk keeps no JWT and cannot revoke one: let JWTs live shortly, or ' +
          'refuse them by a policy of your own',
      )
    if (!tokenId.startsWith('mt_')) throw new ConfigurationError(option, 'must be the id of a token (mt_...)')
    return tokenId
  }),
  reason: withDefault<string | null>(nonBlankText, null),
} satisfies TableOf<ClerkRevokeInput>

export function readRevokeInput(
  where: string,
  input: ClerkRevokeInput,
): { readonly tokenId: string; readonly reason: string | null } {
  return readOptions(where, input, REVOKE)
}

const VERIFY = {
  token: mapped(nonEmptyString, (token, option) => {
    if (!/^(?:ak|sk)_/.test(token)) return token
    throw new ConfigurationError(option, 'is a secret key, not a token: it was not sent')
  }),
} satisfies TableOf<ClerkVerifyInput>

export function readVerifyInput(where: string, input: ClerkVerifyInput): string {
  return readOptions(where, input, VERIFY).token
}
