import { readPem, readStaticJwks } from '../keys/pem.js'
import { nested } from '../options/read-options.js'
import { custom, optional, restricting, type Reader, type Result, type TableOf } from '../options/reader.js'
import { boolean } from '../options/readers.js'
import { issuerIdentifier, secureUrl } from '../options/url.js'
import { KEY_OPTIONS, type KeyOptions } from '../keys/options.js'
import { audience, commonOptions, type CommonIssuerOptions } from './common-options.js'
import { INTROSPECTION_OPTIONS, type IntrospectionOptions } from './introspection-options.js'
import { TENANT_OPTIONS, type TenantOptions } from './tenants.js'
import { tokenTypes } from './token-types.js'

/** Options of `oauth`. At most one of `jwksUri`, `jwks` and `publicKey` is allowed. */
export interface OAuthOptions extends Omit<CommonIssuerOptions, 'keys'>, TenantOptions {
  /**
   * Issuer identifier, exactly as in the `iss` claim.
   *
   * If the discovery document is needed, it is an https: URL without query or fragment (RFC 8414 section 2); http: is allowed
   * for loopback and `insecureHosts` only. If nothing is fetched from it, because keys and `introspection.endpoint` are
   * configured, it may be any string (RFC 7519 section 2, StringOrURI), such as an e-mail address.
   *
   * With `tenants` it is a template of `iss`: `{tenant}` stands for one path segment, such as in
   * `'https://login.example.com/{tenant}/v2.0'`.
   */
  readonly issuer: string
  /**
   * Audiences that identify this API: a token's `aud` must name one of them (RFC 7519 section 4.1.3). `null` disables the
   * check, so that tokens for every other service of the issuer are accepted.
   */
  readonly audience: string | readonly string[] | null
  /**
   * URL of the issuer's key set (RFC 7517 section 5). https, or http on loopback and
   * `insecureHosts`. Tenants share the key set, unless the URL has `{tenant}` as a path segment too.
   *
   * @defaultValue `jwks_uri` of the discovery document, unless `jwks` or `publicKey` is set
   */
  readonly jwksUri?: string
  /** Key set of the issuer (RFC 7517 section 5). No keys are fetched. At least one key must be usable. */
  readonly jwks?: {
    /** Public keys as JWKs (RFC 7517 section 4). Unusable ones are ignored. */
    readonly keys: readonly unknown[]
  }
  /**
   * How keys are fetched and how long they are used. `false`: no keys are used, and every token is introspected, JWTs
   * included. It requires `introspection`.
   */
  readonly keys?: KeyOptions | false
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

const keyOptions = nested('keys', KEY_OPTIONS)

const keysOrNone: Reader<Result<typeof KEY_OPTIONS> | false> = {
  ...keyOptions,
  read: (option, value, siblings) => (value === false ? false : keyOptions.read(option, value, siblings)),
}

/** Readers of {@link OAuthOptions}. */
export const OAUTH_OPTIONS = {
  ...commonOptions(),
  keys: restricting(keysOrNone),
  issuer: issuerIdentifier,
  audience,
  ...TENANT_OPTIONS,
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
