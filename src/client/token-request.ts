import { requiredText, textList } from '../options/readers.js'
import { ConfigurationError } from '../options/configuration-error.js'
import { isScopeToken } from '../model/scopes.js'
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

/** Reads it in one order, whatever order it was written in; what is left out is as in `usual`. */
export function readTokenParameters(
  where: string,
  { audience, resource, scopes }: TokenRequestOptions,
  usual: TokenParameters = NOTHING,
): TokenParameters {
  return {
    audience: audience === undefined ? usual.audience : sorted(textList(`${where}.audience`, audience)),
    resource: resource === undefined ? usual.resource : readResource(`${where}.resource`, resource),
    scopes: scopes === undefined ? usual.scopes : readScopes(`${where}.scopes`, scopes),
  }
}

const NOTHING: TokenParameters = { audience: [], resource: [], scopes: [] }

/** Tells one audience and scope set from any other. */
export function keyOf({ audience, resource, scopes }: TokenParameters): string {
  return JSON.stringify([audience, resource, scopes])
}

function readResource(option: string, value: unknown): readonly string[] {
  const list = textList(option, value)
  if (!list.every((item) => URL.canParse(item) && !item.includes('#')))
    throw new ConfigurationError(
      option,
      'must be an absolute address without a fragment (RFC 8707 section 2)',
    )
  return sorted(list)
}

function readScopes(option: string, value: unknown): readonly string[] {
  const list: readonly unknown[] =
    typeof value === 'string' ? value.split(' ') : Array.isArray(value) ? value : [value]
  const words = list.filter((item) => item !== '').map((item) => requiredText(option, item))
  // To ask for none is to get the issuer's default, which may be everything the client may have.
  if (words.length === 0) throw new ConfigurationError(option, 'must name at least one scope')
  if (!words.every(isScopeToken))
    throw new ConfigurationError(
      option,
      'must be scopes: texts without spaces, quotes and backslashes, or one text of them',
    )
  return sorted(words)
}

function sorted(list: readonly string[]): readonly string[] {
  return Object.freeze([...new Set(list)].sort())
}
