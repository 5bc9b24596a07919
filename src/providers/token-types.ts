import { mediaType } from '../http/media-type.js'
import { isOtherKind } from '../model/claims.js'
import { ConfigurationError } from '../options/configuration-error.js'
import { mapped } from '../options/reader.js'
import { stringList } from '../options/readers.js'

/** Types of signed messages that are never access tokens, without `application/`. */
const OTHER_TYPES = new Set([
  'client-authentication+jwt',
  'dpop+jwt',
  'entity-statement+jwt',
  'introspection+jwt',
  'kb+jwt',
  'oauth-authz-req+jwt',
  'oauth-id-jag+jwt',
  'openid4vci-proof+jwt',
  'secevent+jwt',
  'token-introspection+jwt',
])

/** Reads `typ` values as media types for comparison: see {@link mediaType}. Types of other kinds of token are refused. */
export const tokenTypes = mapped(stringList, (types, option) =>
  types.map((given) => {
    const type = mediaType(given) ?? ''
    if (!OTHER_TYPES.has(type) && !isOtherKind({ typ: type })) return type
    throw new ConfigurationError(
      option,
      `must name types of access tokens. ${JSON.stringify(given)} is the type of another kind of token`,
    )
  }),
)

/** Refuses further types beside the access token profile, which allows only one. */
export function assertTypesConsistent(settings: {
  readonly requireAccessTokenType: boolean
  readonly tokenTypes: readonly string[] | undefined
}): void {
  if (!settings.requireAccessTokenType || settings.tokenTypes === undefined) return
  throw new ConfigurationError(
    'oauth.tokenTypes',
    'contradicts oauth.requireAccessTokenType: true, which accepts at+jwt only (RFC 9068). Leave one of the two out',
  )
}
