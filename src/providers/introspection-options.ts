import type { ClientCertificate } from '../authentication/certificate.js'
import { METHODS, type ClientAuthentication } from '../authentication/contract.js'
import { authenticationOption, CLIENT_AUTHENTICATION_OPTIONS } from '../authentication/options.js'
import { mayStartJwt } from '../jwt/decode.js'
import type { PrivateKey } from '../model/key/private-key.js'
import { ConfigurationError } from '../options/configuration-error.js'
import { described, mapped, optional, restricting, type Result, type TableOf } from '../options/reader.js'
import { boolean, nonEmptyString } from '../options/readers.js'
import { secretOption, type Secret } from '../options/secret.js'
import { secureUrl } from '../options/url.js'

/** Options for calls to the introspection endpoint of an issuer (RFC 7662). `authentication` decides which others apply. */
export type IntrospectionOptions = IntrospectionCallOptions &
  (
    | OnlyCredentials<SecretIntrospection>
    | OnlyCredentials<BearerIntrospection>
    | OnlyCredentials<BearerSecretIntrospection>
    | OnlyCredentials<KeyIntrospection>
    | OnlyCredentials<AssertionIntrospection>
    | OnlyCredentials<CertificateIntrospection>
    | OnlyCredentials<CustomIntrospection>
    | OnlyCredentials<AnonymousIntrospection>
  )

/** Options of one kind of authentication, without those of the others. */
export type OnlyCredentials<T> = T &
  Readonly<
    Partial<
      Record<
        Exclude<
          | 'clientId'
          | 'clientSecret'
          | 'bearerToken'
          | 'privateKey'
          | 'keyId'
          | 'algorithm'
          | 'assertionAudience'
          | 'assertionHeader'
          | 'clientAssertion',
          keyof T
        >,
        never
      >
    >
  >

/** Options of {@link IntrospectionOptions} for every kind of client authentication. */
export interface IntrospectionCallOptions {
  /**
   * URL of the introspection endpoint. https, or http on loopback and `insecureHosts`. For an issuer with `tenants` it may have
   * `{tenant}` as a path segment. Only an endpoint without it accepts opaque tokens of tenants, and the response must then state
   * `iss`.
   *
   * The credentials are sent to it. A discovered endpoint of one issuer may have any origin, because the document of the issuer
   * names it. All tenants share the credentials, so a discovered endpoint of a tenant must have the origin of `issuer`.
   *
   * @defaultValue `introspection_endpoint` of the discovery document
   */
  readonly endpoint?: string
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
   * `nbf`, `iat`, `aud` or `cnf`, or because it names another client or another kind of token. Its `sub` may differ from the
   * subject of the response, which applies: an issuer may give each API another subject (RFC 7662 section 2.2).
   *
   * @defaultValue `false`; `true` with `keys: false`
   */
  readonly jwts?: boolean
  /**
   * Certificate that the connections to the endpoint present (RFC 8705). A function is called for every introspection request.
   * `introspection_endpoint` of `mtls_endpoint_aliases` is used if the discovery document has it.
   *
   * @defaultValue none
   */
  readonly clientCertificate?: ClientCertificate
}

/** Authentication with a client secret (RFC 6749 section 2.3.1). */
export interface SecretIntrospection {
  /**
   * Client authentication at the endpoint: `'basic'` in the `Authorization` header, `'post'` in the form, `'bearer'` with a
   * bearer token (RFC 7662 section 2.1), `'private_key_jwt'` with a signed JWT (RFC 7523 section 2.2), `'tls_client_auth'`
   * or `'self_signed_tls_client_auth'` with a certificate (RFC 8705), `'none'`, or a function.
   *
   * @defaultValue `'basic'`; `'private_key_jwt'` with `clientAssertion`
   */
  readonly authentication?: 'basic' | 'post'
  /** Client id of this service at the issuer. */
  readonly clientId: string
  /**
   * Client secret of this service at the issuer. The result of a function is cached. The function is called again when the
   * issuer rejects the secret, at most once per `remote.breakerPause`.
   */
  readonly clientSecret: Secret
}

/** Authentication with a bearer token or an API key in the `Authorization` header (RFC 7662 section 2.1). */
export interface BearerIntrospection {
  /** Sends `bearerToken` as `Authorization: Bearer`. */
  readonly authentication: 'bearer'
  /**
   * Token or API key for the endpoint, without `Bearer`. The result of a function is cached. The function is called again
   * when the issuer rejects the token, at most once per `remote.breakerPause`.
   */
  readonly bearerToken: Secret
  /** Client id of this service, which is not sent. Services with the same one share results: see `answers` of `createVerifier()`. */
  readonly clientId?: string
}

/** {@link BearerIntrospection} with the token as the secret of the client. */
export interface BearerSecretIntrospection {
  /** Sends `clientSecret` as `Authorization: Bearer`. */
  readonly authentication: 'bearer'
  /** Token or API key for the endpoint, as `bearerToken` of {@link BearerIntrospection}. */
  readonly clientSecret: Secret
  /** As for {@link BearerIntrospection}. */
  readonly clientId?: string
}

/** Authentication with a JWT that is signed by the client's key (RFC 7523 section 2.2). The key itself is never sent. */
export interface KeyIntrospection {
  /** Sends a client assertion, signed anew for each request. */
  readonly authentication: 'private_key_jwt'
  /** Client id of this service at the issuer. */
  readonly clientId: string
  /**
   * Private key of this service: PEM, JWK, `KeyObject`, `CryptoKey` or a signer. The result of a function is cached. The
   * function is called again when the issuer rejects the key, at most once per `remote.breakerPause`.
   */
  readonly privateKey: PrivateKey
  /**
   * The `kid` header of client assertions.
   *
   * @defaultValue the `kid` of the JWK or of the signer
   */
  readonly keyId?: string
  /**
   * Signature algorithm of client assertions (JWS `alg`).
   *
   * @defaultValue the `alg` of the JWK, otherwise RS256, ES256, ES384, ES512 or EdDSA by key type
   */
  readonly algorithm?: string
  /**
   * The `aud` claim of client assertions. Some issuers require the URL of their token endpoint.
   *
   * @defaultValue the option `issuer`
   */
  readonly assertionAudience?: string
  /**
   * Further header members of client assertions, such as `x5t` or `x5t#S256`. `typ` may be replaced.
   *
   * @defaultValue none
   */
  readonly assertionHeader?: Readonly<Record<string, unknown>>
}

/** Authentication with a JWT that a platform signed, such as Kubernetes (RFC 7523 section 2.2). */
export interface AssertionIntrospection {
  /** Optional, because `clientAssertion` selects it. */
  readonly authentication?: 'private_key_jwt'
  /** Client id of this service at the issuer. */
  readonly clientId: string
  /** The assertion. A function is called for every introspection request. */
  readonly clientAssertion: Secret
}

/** Authentication by the certificate of the connection (RFC 8705 section 2). */
export interface CertificateIntrospection {
  /** Names the client in the form. Requires `clientCertificate`, or a custom `fetch` that presents the certificate. */
  readonly authentication: 'tls_client_auth' | 'self_signed_tls_client_auth'
  /** Client id of this service at the issuer. */
  readonly clientId: string
}

/** Authentication by a custom function. */
export interface CustomIntrospection {
  /** Returns the headers and form parameters that authenticate one request. Called for every introspection request. */
  readonly authentication: ClientAuthentication
  /** Client id of this service, which is passed to the function. */
  readonly clientId?: string
}

/** No authentication, for endpoints that only this service can reach, such as the admin port of Ory Hydra. */
export interface AnonymousIntrospection {
  /** Sends no credentials. */
  readonly authentication: 'none'
  /** Client id of this service, sent as `client_id` in the form. */
  readonly clientId?: string
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
  ...CLIENT_AUTHENTICATION_OPTIONS,
  authentication: authenticationOption([...METHODS, 'bearer']),
  bearerToken: optional(secretOption),
  opaquePrefix: restricting(optional(opaquePrefix)),
  jwts: restricting(described(optional(boolean()), { default: false })),
} satisfies TableOf<IntrospectionOptions>

/** Validated {@link IntrospectionOptions}. `jwts` is `undefined` if it is absent. */
export type IntrospectionSettings = Result<typeof INTROSPECTION_OPTIONS>
