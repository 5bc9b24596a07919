import { mayStartJwt } from '../jwt/decode.js'
import { readPem, readStaticJwks } from '../keys/pem.js'
import { ConfigurationError } from '../options/configuration-error.js'
import { nested } from '../options/read-options.js'
import { custom, mapped, optional, restricting, type Result, type TableOf } from '../options/reader.js'
import { boolean, nonEmptyString, oneOf } from '../options/readers.js'
import { issuerUrlWithoutQuery, secureUrl } from '../options/url.js'
import { audience, commonOptions, type CommonIssuerOptions } from './common-options.js'
import { tokenTypes } from './token-types.js'

/** Options of `oauth`. At most one of `jwksUri`, `jwks` and `publicKey` is allowed. */
export interface OAuthOptions extends CommonIssuerOptions {
  /**
   * Issuer identifier, exactly as in the `iss` claim: an https: URL without query or fragment (RFC 8414 section 2). http: is
   * allowed for loopback addresses only.
   */
  readonly issuer: string
  /**
   * Audiences that identify this API: a token's `aud` must name one of them (RFC 7519 section 4.1.3). `null` disables the
   * check, so that tokens for every other service of the issuer are accepted.
   */
  readonly audience: string | readonly string[] | null
  /**
   * URL of the issuer's key set (RFC 7517 section 5). https, or http on loopback.
   *
   * @defaultValue `jwks_uri` of the discovery document, unless `jwks` or `publicKey` is set
   */
  readonly jwksUri?: string
  /** Key set of the issuer (RFC 7517 section 5). No keys are fetched. At least one key must be usable. */
  readonly jwks?: {
    /** Public keys as JWKs (RFC 7517 section 4). Unusable ones are ignored. */
    readonly keys: readonly unknown[]
  }
  /** Public key or certificate of the issuer in PEM form. No keys are fetched. RSA keys need at least 2048 bits. */
  readonly publicKey?: string
  /** Enables opaque tokens, and the confirmation of JWTs for a policy's `confirmAfter`, by introspection (RFC 7662). */
  readonly introspection?: IntrospectionOptions
  /**
   * Whether JWTs must have the access token profile: `typ` and all required claims (RFC 9068 section 2). Other JWTs get 401
   * `type_not_allowed` or `claim_missing`.
   *
   * @defaultValue `false`
   */
  readonly requireAccessTokenType?: boolean
  /**
   * Further `typ` header values of JWTs, besides `at+jwt`, `JWT` and none, such as `'JOSE'`. Compared as media types: without
   * case, with or without `application/` (RFC 7515 section 4.1.9). Other JWTs get 401 `type_not_allowed`.
   *
   * ID tokens and other kinds of token are refused by their claims, whatever the type. Types of these kinds, such as
   * `'dpop+jwt'`, and `requireAccessTokenType: true` beside this option are refused.
   *
   * @defaultValue none
   */
  readonly tokenTypes?: string | readonly string[]
  /**
   * Whether anyone who can obtain a token of the issuer with this audience may call. A public shared issuer, such as Google,
   * GitHub Actions or GitLab.com, requires either this or a rule about the caller in `claims`, because there anyone can
   * obtain a token with any audience. With both, such an issuer is refused. For other issuers it changes nothing.
   *
   * @defaultValue `false`
   */
  readonly anyCaller?: boolean
}

/** Options for calls to the introspection endpoint of an issuer (RFC 7662). */
export interface IntrospectionOptions {
  /**
   * URL of the introspection endpoint. https, or http on loopback.
   *
   * @defaultValue `introspection_endpoint` of the discovery document
   */
  readonly endpoint?: string
  /** Client id of this service at the issuer. */
  readonly clientId: string
  /** Client secret of this service at the issuer. */
  readonly clientSecret: string
  /**
   * Client authentication at the endpoint: `'basic'` in the `Authorization` header, `'post'` in the form (RFC 6749 section
   * 2.3.1).
   *
   * @defaultValue `'basic'`
   */
  readonly authentication?: 'basic' | 'post'
  /**
   * Prefix of the issuer's opaque tokens. Without it, every opaque token that no other issuer's prefix matches is
   * introspected here. A prefix that a JWT may have, such as `'ey'`, is refused.
   *
   * @defaultValue none
   */
  readonly opaquePrefix?: string
  /**
   * Whether JWTs, signed or encrypted (JWE), are introspected in place of being verified with the issuer's keys. No keys
   * are fetched, so `jwksUri`, `jwks` and `publicKey` are refused beside it.
   *
   * JWTs are routed by `iss`. A JWE is routed by the `iss` of its header, or like an opaque token if it has none. The facts
   * are those of the response, which must state the audience. The payload of a signed JWT can only refuse it: by `exp`,
   * `nbf`, `iat`, `aud` or `cnf`, or because it names another client or another kind of token.
   *
   * @defaultValue `false`
   */
  readonly jwts?: boolean
}

const opaquePrefix = mapped(nonEmptyString, (prefix, option) => {
  if (!mayStartJwt(prefix)) return prefix
  throw new ConfigurationError(
    option,
    'must not be a prefix of JWTs, because JWTs of other issuers have it too. Leave it out, and set ' +
      'introspection: { jwts: true } to introspect the JWTs of this issuer',
  )
})

/** Readers of the `introspection` option. */
export const INTROSPECTION_OPTIONS = {
  endpoint: restricting(optional(secureUrl)),
  clientId: nonEmptyString,
  clientSecret: nonEmptyString,
  authentication: oneOf(['basic', 'post'], 'basic'),
  opaquePrefix: restricting(optional(opaquePrefix)),
  jwts: restricting(boolean({ default: false })),
} satisfies TableOf<IntrospectionOptions>

/** Readers of {@link OAuthOptions}. */
export const OAUTH_OPTIONS = {
  ...commonOptions(),
  issuer: issuerUrlWithoutQuery,
  audience,
  jwksUri: restricting(optional(secureUrl)),
  jwks: restricting(optional(custom('JWK Set', readStaticJwks))),
  publicKey: restricting(optional(custom('PEM public key or certificate', readPem))),
  introspection: optional(nested('introspection', INTROSPECTION_OPTIONS)),
  requireAccessTokenType: restricting(boolean({ default: false })),
  tokenTypes: restricting(optional(tokenTypes)),
  anyCaller: boolean({ default: false }),
} satisfies TableOf<OAuthOptions>

/** Validated {@link OAuthOptions} with defaults. */
export type OAuthSettings = Result<typeof OAUTH_OPTIONS>
