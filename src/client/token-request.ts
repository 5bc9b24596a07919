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
import { ownMember } from '../util/members.js'
import type { TokenParameters } from './grants/grant.js'

/** What a token is asked for, as a user writes it. */
export interface TokenRequestOptions {
  /** The parameter `audience`, of issuers that use it (Auth0 and others). */
  readonly audience?: string | readonly string[]
  /** The parameter `resource` (RFC 8707): the address of the API the token is for. */
  readonly resource?: string | readonly string[]
  /** `'orders:read orders:write'` or a list; their order does not matter. Left out: what the issuer gives by default; an issuer may give fewer. */
  readonly scopes?: string | readonly string[]
}

const resources = mapped(stringList, (list, option) => {
  if (list.every((item) => URL.canParse(item) && !item.includes('#'))) return sorted(list)
  throw new ConfigurationError(option, 'must be an absolute URL without a fragment (RFC 8707 section 2)')
})

const scopeList = custom({ type: 'string or list', bounds: 'at least one' }, readScopes)

/** What a token request may name, in one order whatever order it was written in. */
export const TOKEN_REQUEST_OPTIONS = {
  audience: restricting(
    optional(described(mapped(stringList, sorted), { type: 'string or list', bounds: undefined })),
  ),
  resource: restricting(optional(described(resources, { type: 'URL or list', bounds: undefined }))),
  scopes: restricting(optional(scopeList)),
} satisfies TableOf<TokenRequestOptions>

/** The parameters of a token request; absent ones are those of `defaults`. */
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

/** Nothing: the defaults of the issuer apply. */
export const NOTHING: TokenParameters = { audience: [], resource: [], scopes: [] }

/** Tells one audience and scope set from any other. */
export function keyOf({ audience, resource, scopes }: TokenParameters): string {
  return JSON.stringify([audience, resource, scopes])
}

function readScopes(option: string, value: unknown): readonly string[] {
  const list: readonly unknown[] =
    typeof value === 'string' ? value.split(' ') : Array.isArray(value) ? value : [value]
  const words = list.filter((item) => item !== '').map((item) => nonEmptyString.read(option, item))
  // To ask for none is to get the issuer's default, which may be everything the client may have.
  if (words.length === 0) throw new ConfigurationError(option, 'must name at least one scope')
  if (!words.every(isScopeToken))
    throw new ConfigurationError(
      option,
      'must be scopes without quotes and backslashes, as a list or as a string with spaces',
    )
  return sorted(words)
}

function sorted(list: readonly string[]): readonly string[] {
  return Object.freeze([...new Set(list)].sort())
}
