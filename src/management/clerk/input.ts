import { readOptions } from '../../options/read-options.js'
import { mapped, nullable, optional, withDefault, type TableOf, restricting } from '../../options/reader.js'
import { boolean, integer, nonBlankText, nonEmptyString, oneOf, record } from '../../options/readers.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import { duration, type Duration } from '../../options/duration.js'
import { copyJson } from '../../options/json-value.js'

/** Input of {@link ClerkTokens.create}. */
export interface ClerkCreateInput {
  /**
   * Format of the token: `'opaque'` (`mt_…`, can be revoked) or `'jwt'` (cannot be revoked).
   *
   * @defaultValue `'opaque'`
   */
  readonly format?: 'opaque' | 'jwt'
  /**
   * Lifetime of the token, more than 0. Without it or with `null` Clerk decides. Its documentation is
   * contradictory about whether that is the machine's default lifetime or no expiry, so set it or check
   * `expiresAt`.
   */
  readonly expiresIn?: Duration | null
  /** Custom claims, such as `{ scope: 'orders:read' }`. JSON values only. */
  readonly claims?: Readonly<Record<string, unknown>> | null
  /**
   * Minimum remaining lifetime, in whole seconds, of an existing token with the same claims and scopes that Clerk
   * may return again. Must be less than `expiresIn`; opaque tokens only.
   */
  readonly minRemainingTtl?: Duration
}

/** Input of {@link ClerkTokens.list}. */
export interface ClerkListInput {
  /** Id of the machine (`mch_…`) whose tokens are listed. */
  readonly subject: string
  /**
   * Includes revoked tokens.
   *
   * @defaultValue `false`
   */
  readonly revoked?: boolean
  /**
   * Includes expired tokens.
   *
   * @defaultValue `false`
   */
  readonly expired?: boolean
  /**
   * Number of tokens per page, from 1 to 100.
   *
   * @defaultValue Clerk's default, 10
   */
  readonly limit?: number
  /**
   * Number of the newest tokens to skip.
   *
   * @defaultValue `0`
   */
  readonly offset?: number
}

/** Input of {@link ClerkTokens.revoke}. */
export interface ClerkRevokeInput {
  /** Id of the token (`mt_…`), not the token itself. */
  readonly tokenId: string
  /** Reason that Clerk stores with the token, for people. */
  readonly reason?: string
}

/** Input of {@link ClerkTokens.verify}. */
export interface ClerkVerifyInput {
  /** The token, opaque or a JWT. */
  readonly token: string
}

const MAX_OFFSET = 100_000_000

const CREATE = {
  format: oneOf(['opaque', 'jwt'], 'opaque'),
  expiresIn: restricting(withDefault(nullable(duration({ min: '1ms' })), null)),
  claims: withDefault(
    nullable(mapped(record, (value, option) => copyJson(option, value) as typeof value)),
    null,
  ),
  minRemainingTtl: optional(duration()),
} satisfies TableOf<ClerkCreateInput>

/** Returns the body of a create call, with every member that Clerk's SDK sends and with its defaults. */
export function readCreateInput(where: string, input: ClerkCreateInput): Record<string, unknown> {
  const {
    format,
    expiresIn: lifetime,
    claims,
    minRemainingTtl: minRemaining,
  } = readOptions(where, input, CREATE)
  if (minRemaining !== undefined) checkRemaining(`${where}.minRemainingTtl`, minRemaining, format, lifetime)
  return {
    token_format: format,
    seconds_until_expiration: lifetime,
    claims,
    min_remaining_ttl_seconds: minRemaining,
  }
}

function checkRemaining(option: string, seconds: number, format: string, lifetime: number | null): void {
  if (format === 'jwt')
    throw new ConfigurationError(option, 'applies to opaque tokens only, because Clerk does not store JWTs')
  if (!Number.isInteger(seconds)) throw new ConfigurationError(option, 'must be in whole seconds')
  if (lifetime !== null && seconds >= lifetime)
    throw new ConfigurationError(option, 'must be less than expiresIn')
}

/** Query of a list call. Only the offset differs from page to page. */
export interface ClerkListQuery {
  readonly subject: string
  /** Sent only if true, because Clerk's default is false. */
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
  offset: optional(integer({ min: 0, max: MAX_OFFSET })),
} satisfies TableOf<ClerkListInput>

export function readListInput(where: string, input: ClerkListInput): ClerkListQuery {
  const { revoked, expired, ...rest } = readOptions(where, input, LIST)
  return { ...rest, revoked: revoked || undefined, expired: expired || undefined }
}

const REVOKE = {
  tokenId: mapped(nonEmptyString, (tokenId, option) => {
    if (tokenId.split('.').length === 3)
      throw new ConfigurationError(
        option,
        'must be the id of a token, not a JWT. Clerk cannot revoke JWTs: give them a short lifetime, or ' +
          'refuse them with a custom policy',
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
    throw new ConfigurationError(option, 'must be a token, not a secret key. The key was not sent')
  }),
} satisfies TableOf<ClerkVerifyInput>

export function readVerifyInput(where: string, input: ClerkVerifyInput): string {
  return readOptions(where, input, VERIFY).token
}
