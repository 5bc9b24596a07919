import { ConfigurationError } from '../options/configuration-error.js'
import {
  custom,
  described,
  mapped,
  optional,
  type Result,
  type TableOf,
  restricting,
} from '../options/reader.js'
import { nonEmptyString, stringList } from '../options/readers.js'
import { isScopeToken } from '../model/scopes.js'
import { mapItems, ownMember } from '../util/members.js'
import type { TokenParameters } from './grants/grant.js'

/** What a token is requested for. */
export interface TokenRequestOptions {
  /** Value of the `audience` parameter, for issuers that support it (Auth0 and others): one or a list. */
  readonly audience?: string | readonly string[]
  /** URL of the API that the token is for, sent as `resource` (RFC 8707): one or a list, without a fragment. */
  readonly resource?: string | readonly string[]
  /**
   * Requested scopes: `'orders:read orders:write'` or a list, in any order. Without it the issuer applies its
   * default. The issuer may grant fewer scopes.
   */
  readonly scopes?: string | readonly string[]
}

const resources = mapped(stringList, (list, option) => {
  if (list.every((item) => URL.canParse(item) && !item.includes('#'))) return sorted(list)
  throw new ConfigurationError(option, 'must be an absolute URL without a fragment (RFC 8707 section 2)')
})

const scopeList = custom({ type: 'string or list', bounds: 'at least one' }, readScopes)

/**
 * Readers of {@link TokenRequestOptions}. Lists are sorted, so that the same parameters in another order share a
 * token.
 */
export const TOKEN_REQUEST_OPTIONS = {
  audience: restricting(
    optional(described(mapped(stringList, sorted), { type: 'string or list', bounds: undefined })),
  ),
  resource: restricting(optional(described(resources, { type: 'URL or list', bounds: undefined }))),
  scopes: restricting(optional(scopeList)),
} satisfies TableOf<TokenRequestOptions>

/** Returns the parameters of a token request. Absent parameters are taken from `defaults`. */
export function tokenParameters(
  requested: Partial<Result<typeof TOKEN_REQUEST_OPTIONS>>,
  defaults: TokenParameters = NOTHING,
): TokenParameters {
  const { audience, resource, scopes } = defaults
  return {
    audience: ownMember(requested, 'audience') ?? audience,
    resource: ownMember(requested, 'resource') ?? resource,
    scopes: ownMember(requested, 'scopes') ?? scopes,
  }
}

/** No parameters: the issuer applies its defaults. */
export const NOTHING: TokenParameters = { audience: [], resource: [], scopes: [] }

/** Returns a cache key that is unique per combination of audience, resource, scopes and subject token. Contains no token. */
export function keyOf({ audience, resource, scopes, subject }: TokenParameters): string {
  return JSON.stringify([audience, resource, scopes, subject?.digest])
}

function readScopes(option: string, value: unknown): readonly string[] {
  if (typeof value === 'string' && value.includes(',')) {
    throw new ConfigurationError(
      option,
      "must be separated by spaces, not by commas. Pass a list for scopes that contain a comma: ['a,b']",
    )
  }
  const list: readonly unknown[] =
    typeof value === 'string' ? value.split(' ') : Array.isArray(value) ? value : [value]
  const words = mapItems(list, (item) => (item === '' ? '' : nonEmptyString.read(option, item))).filter(
    (word) => word !== '',
  )
  // Without a `scope` parameter the issuer applies its default, which may be every scope of the client.
  if (words.length === 0) throw new ConfigurationError(option, 'must contain at least one scope')
  if (!words.every(isScopeToken))
    throw new ConfigurationError(
      option,
      'must be scopes without quotes and backslashes, as a list or a space-separated string',
    )
  return sorted(words)
}

function sorted(list: readonly string[]): readonly string[] {
  return Object.freeze([...new Set(list)].sort())
}
