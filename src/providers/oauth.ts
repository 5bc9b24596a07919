import { nested, readOptions } from '../options/read-options.js'
import { custom, mapped, optional, restricting, type Result, type TableOf } from '../options/reader.js'
import { boolean, nonEmptyString, oneOf } from '../options/readers.js'
import { issuerUrlWithoutQuery, secureUrl } from '../options/url.js'
import { introspectionRequest, readConfirmation, readIntrospection } from '../introspection/rfc7662.js'
import { atMostOne, audience, commonOptions, type CommonIssuerOptions } from './common-options.js'
import { readPem, readStaticJwks } from '../keys/pem.js'
import { mayStartJwt } from '../jwt/decode.js'
import { ConfigurationError } from '../options/configuration-error.js'
import type { Issuer, KeySource, OpaqueProfile, RemoteProfile, RemoteResult } from '../model/issuer.js'
import { introspectedJwtProfile, jwtProfile } from './jwt-access-token.js'
import { narrowToPayload } from './narrow-to-payload.js'

/** Options of {@link oauth}. */
export interface OAuthOptions extends CommonIssuerOptions {
  /** The issuer identifier, exactly as it stands in `iss`: an https: address without query or fragment (RFC 8414 section 2). */
  readonly issuer: string
  /** The audience this API goes by; `null` accepts tokens for any audience. */
  readonly audience: string | readonly string[] | null
  /** The key set's address. Without it, `jwks` or `publicKey`, it is discovered. */
  readonly jwksUri?: string
  /** A key set given here: no key is ever fetched. */
  readonly jwks?: { readonly keys: readonly unknown[] }
  /** One public key or certificate in PEM form: no key is ever fetched. */
  readonly publicKey?: string
  /** Lets the issuer answer for opaque tokens, and confirm JWTs where a policy asks for it (RFC 7662). */
  readonly introspection?: IntrospectionOptions
  /** Insists on the JWT access token profile: `typ` and all required claims (RFC 9068 section 2). Default `false`. */
  readonly requireAccessTokenType?: boolean
}

/** How an issuer's introspection endpoint is asked. */
export interface IntrospectionOptions {
  /** The endpoint's address. Default: `introspection_endpoint` of the discovery document. */
  readonly endpoint?: string
  /** Our own id at the issuer. */
  readonly clientId: string
  /** Our own secret at the issuer. */
  readonly clientSecret: string
  /** `basic` sends the credentials in the header (RFC 6749 section 2.3.1), `post` in the form. Default `'basic'`. */
  readonly authentication?: 'basic' | 'post'
  /** What the issuer's opaque tokens start with. Without it the issuer answers for every opaque token that no other claims. */
  readonly opaquePrefix?: string
  /**
   * Asks the issuer about JWTs as well, signed and encrypted ones (JWE), in place of verifying them with its keys, which are
   * then not needed. JWTs are routed by `iss`, a JWE by the `iss` in its header, and without one like an opaque token. What
   * the issuer's response says is what counts, so it must state the audience. What stands in a signed JWT only refuses: `exp`,
   * `nbf`, `iat`, `aud`, `cnf`, another client, another kind of token. Default `false`.
   */
  readonly jwts?: boolean
}

const opaquePrefix = mapped(nonEmptyString, (prefix, option) => {
  if (!mayStartJwt(prefix)) return prefix
  throw new ConfigurationError(
    option,
    'is what JWTs start with, those of other issuers too. Leave it out, and set introspection: { jwts: true } to have ' +
      'the issuer asked about its JWTs',
  )
})

/** The options of `oauth` at `introspection`. */
export const INTROSPECTION_OPTIONS = {
  endpoint: restricting(optional(secureUrl)),
  clientId: nonEmptyString,
  clientSecret: nonEmptyString,
  authentication: oneOf(['basic', 'post'], 'basic'),
  opaquePrefix: restricting(optional(opaquePrefix)),
  jwts: restricting(boolean({ default: false })),
} satisfies TableOf<IntrospectionOptions>

/** The options of {@link oauth}. */
export const OAUTH_OPTIONS = {
  ...commonOptions(),
  issuer: issuerUrlWithoutQuery,
  audience,
  jwksUri: restricting(optional(secureUrl)),
  jwks: restricting(optional(custom('JWK Set', readStaticJwks))),
  publicKey: restricting(optional(custom('PEM public key or certificate', readPem))),
  introspection: optional(nested('introspection', INTROSPECTION_OPTIONS)),
  requireAccessTokenType: restricting(boolean({ default: false })),
} satisfies TableOf<OAuthOptions>

type OAuthSettings = Result<typeof OAUTH_OPTIONS>

/**
 * Any OAuth 2 or OpenID Connect issuer: JWTs checked with its keys, opaque tokens by introspection.
 *
 * @throws ConfigurationError naming the option that is missing, wrong or unknown.
 */
export function oauth(options: OAuthOptions): Issuer {
  const own = readOptions('oauth', options, OAUTH_OPTIONS)
  const { issuer, requireAccessTokenType: strict } = own
  return Object.freeze({
    name: issuer,
    provider: 'oauth',
    audience: own.audience,
    scopeMatcher: own.scopeMatching,
    jwt:
      own.introspection?.jwts === true
        ? introspectedJwtProfile(issuer, withoutKeys(own), strict)
        : jwtProfile(issuer, keySource(own), own, strict),
    ...introspectionProfiles(own),
    ...(own.fetch === undefined ? {} : { fetch: own.fetch }),
  })
}

function keySource({ issuer, jwksUri, jwks, publicKey, keys: options }: OAuthSettings): KeySource {
  atMostOne('oauth', { jwksUri, jwks, publicKey })
  if (jwks !== undefined) return { kind: 'static', jwks }
  if (publicKey !== undefined) return { kind: 'pem', pem: publicKey }
  if (jwksUri !== undefined) return { kind: 'remote', url: jwksUri, options }
  return { kind: 'discovery', issuer, options }
}

/** Keys that would never be used were given for something. */
function withoutKeys(own: OAuthSettings): OAuthSettings {
  const given = (['jwksUri', 'jwks', 'publicKey'] as const).find((name) => own[name] !== undefined)
  if (given === undefined) return own
  throw new ConfigurationError(
    `oauth.${given}`,
    'has no effect with introspection: { jwts: true }: leave one of them out',
  )
}

function introspectionProfiles({
  issuer,
  introspection: client,
  remote: options,
  keys: discoveryOptions,
  scopeClaims,
}: OAuthSettings): { readonly opaque?: OpaqueProfile; readonly remote?: RemoteProfile } {
  if (client === undefined) return {}
  return {
    opaque: { prefix: client.opaquePrefix ?? null, encrypted: client.jwts },
    remote: {
      endpoint: client.endpoint ?? 'discovered',
      options,
      discoveryOptions,
      request: (token) => introspectionRequest(client, token),
      read: (answer, token) => {
        const result = readIntrospection(answer, { issuer, scopeClaims })
        return client.jwts ? narrowToPayload(result, token, clientIdsIn(result)) : result
      },
      readConfirmation: (answer) => readConfirmation(answer, { issuer, scopeClaims }),
    },
  }
}

function clientIdsIn(result: RemoteResult): readonly string[] {
  if ('fault' in result || !result.active || result.facts.clientId === undefined) return []
  return [result.facts.clientId]
}
