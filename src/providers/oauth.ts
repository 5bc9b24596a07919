import { ownOptions } from '../options/read-options.js'
import { secureAddress } from '../options/url.js'
import { flag, optionalText, requiredText } from '../options/readers.js'
import { ConfigurationError } from '../options/configuration-error.js'
import { introspectionRequest, readIntrospection } from '../introspection/rfc7662.js'
import {
  atMostOne,
  COMMON_OPTIONS,
  readAudienceOption,
  readCommonOptions,
  type CommonIssuerOptions,
  type CommonIssuerSettings,
} from './common-options.js'
import { readPem, readStaticJwks } from '../keys/pem.js'
import type { Issuer, KeySource, OpaqueProfile, RemoteProfile } from '../model/issuer.js'
import { jwtProfile } from './jwt-access-token.js'

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
}

/**
 * Any OAuth 2 or OpenID Connect issuer: JWTs checked with its keys, opaque tokens by introspection.
 *
 * @throws ConfigurationError naming the option that is missing, wrong or unknown.
 */
export function oauth(options: OAuthOptions): Issuer {
  const own = ownOptions('oauth', options, {
    ...COMMON_OPTIONS,
    issuer: true,
    audience: true,
    jwksUri: true,
    jwks: true,
    publicKey: true,
    introspection: true,
    requireAccessTokenType: true,
  })
  const issuer = readIssuerIdentifier('oauth.issuer', own.issuer)
  const common = readCommonOptions('oauth', own)
  const strict = flag('oauth.requireAccessTokenType', own.requireAccessTokenType, false)
  const asking = own.introspection === undefined ? {} : askingProfiles(issuer, own.introspection, common)
  return Object.freeze({
    name: issuer,
    provider: 'oauth',
    audience: readAudienceOption('oauth.audience', own.audience),
    scopeMatcher: common.scopeMatcher,
    jwt: jwtProfile(issuer, keySource(issuer, own, common), common, strict),
    ...asking,
    ...(common.fetch === undefined ? {} : { fetch: common.fetch }),
  })
}

/** Reads an issuer identifier that is also an address (RFC 8414 section 2). */
export function readIssuerIdentifier(option: string, value: unknown): string {
  const issuer = secureAddress(option, value)
  if (new URL(issuer).search !== '') throw new ConfigurationError(option, 'must not have a query')
  return issuer
}

function keySource(issuer: string, own: OAuthOptions, common: CommonIssuerSettings): KeySource {
  const { jwksUri, jwks, publicKey } = own
  atMostOne('oauth', { jwksUri, jwks, publicKey })
  if (jwks !== undefined) return { kind: 'static', jwks: readStaticJwks('oauth.jwks', jwks) }
  if (publicKey !== undefined) return { kind: 'pem', pem: readPem('oauth.publicKey', publicKey) }
  if (jwksUri !== undefined) {
    return { kind: 'remote', url: secureAddress('oauth.jwksUri', jwksUri), options: common.keys }
  }
  return { kind: 'discovery', issuer, options: common.keys }
}

function askingProfiles(
  issuer: string,
  introspection: IntrospectionOptions,
  common: CommonIssuerSettings,
): { readonly opaque: OpaqueProfile; readonly remote: RemoteProfile } {
  const where = 'oauth.introspection'
  const own = ownOptions(where, introspection, {
    endpoint: true,
    clientId: true,
    clientSecret: true,
    authentication: true,
    opaquePrefix: true,
  })
  const { authentication = 'basic' } = own
  const client = {
    clientId: requiredText(`${where}.clientId`, own.clientId),
    clientSecret: requiredText(`${where}.clientSecret`, own.clientSecret),
    authentication,
  }
  if (client.authentication !== 'basic' && client.authentication !== 'post') {
    throw new ConfigurationError(`${where}.authentication`, "must be 'basic' or 'post'")
  }
  return {
    opaque: { prefix: optionalText(`${where}.opaquePrefix`, own.opaquePrefix) ?? null },
    remote: {
      endpoint: own.endpoint === undefined ? 'discovered' : secureAddress(`${where}.endpoint`, own.endpoint),
      options: common.remote,
      request: (token) => introspectionRequest(client, token),
      read: (answer) => readIntrospection(answer, { issuer, scopeClaims: common.scopeClaims }),
    },
  }
}
