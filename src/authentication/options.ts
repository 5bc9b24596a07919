import type { PrivateKey } from '../model/key/private-key.js'
import { ConfigurationError } from '../options/configuration-error.js'
import {
  custom,
  described,
  mismatch,
  optional,
  type Reader,
  type Result,
  type TableOf,
} from '../options/reader.js'
import { nonEmptyString, oneOf, unchecked } from '../options/readers.js'
import { secretOption, type Secret } from '../options/secret.js'
import { readAssertionHeader } from './assertion.js'
import type { ClientCertificate } from './certificate.js'
import { METHODS, type ClientAuthentication, type ClientAuthenticationMethod } from './contract.js'

/** How a client authenticates at an issuer. */
export interface ClientAuthenticationOptions {
  /** Client identifier at the issuer (RFC 6749 section 2.2). Optional with `'none'` and with a function. */
  readonly clientId?: string
  /**
   * Client secret, for `'basic'` and `'post'`. A function is called for every token request, so that the secret can be
   * rotated without a restart.
   */
  readonly clientSecret?: Secret
  /**
   * How the client authenticates: a named method, or a function that returns the headers and the form parameters that
   * authenticate one request. The function is called for every request.
   *
   * @defaultValue `'basic'`; `'private_key_jwt'` with `clientAssertion`
   */
  readonly authentication?: ClientAuthenticationMethod | ClientAuthentication
  /** Private key for `'private_key_jwt'`. A function is called for every token request. */
  readonly privateKey?: PrivateKey
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
   * The `aud` claim of client assertions.
   *
   * @defaultValue the issuer, or the URL of the endpoint if no issuer is configured
   */
  readonly assertionAudience?: string
  /**
   * Further header members of client assertions, such as `x5t` or `x5t#S256`. `typ` may be replaced.
   *
   * @defaultValue none
   */
  readonly assertionHeader?: Readonly<Record<string, unknown>>
  /**
   * A client assertion that a platform signed, such as Kubernetes, GitHub Actions or Google, in place of `privateKey`. A
   * function is called for every request to the issuer, so that a file that the platform replaces is read anew.
   */
  readonly clientAssertion?: Secret
  /**
   * Certificate that the connections to the issuer present (RFC 8705). A function is called for every request to the issuer.
   * The endpoints of `mtls_endpoint_aliases` are used if the discovery document has them.
   */
  readonly clientCertificate?: ClientCertificate
}

/** Reads a named method or a function. */
export function authenticationOption<const T extends string>(
  names: readonly T[],
): Reader<T | ClientAuthentication | undefined> {
  const named = oneOf(names)
  const type = `${named.describe.type}, or function`
  return optional(
    custom({ type }, (option, value) => {
      if (typeof value === 'function') return value as ClientAuthentication
      if (typeof value !== 'string' || !(names as readonly string[]).includes(value))
        throw mismatch(option, value, `must be ${type}`)
      return named.read(option, value)
    }),
  )
}

const certificate = custom<ClientCertificate>('{ cert, key, ca? } or function', (option, value) => {
  if (typeof value === 'function' || (typeof value === 'object' && value !== null))
    return value as ClientCertificate
  throw new ConfigurationError(option, 'must be { cert, key } in PEM form, or a function that returns it')
})

/** Readers of {@link ClientAuthenticationOptions}. `createAuthenticator` checks which of them belong together. */
export const CLIENT_AUTHENTICATION_OPTIONS = {
  clientId: optional(nonEmptyString),
  clientSecret: optional(secretOption),
  authentication: authenticationOption(METHODS),
  privateKey: unchecked<PrivateKey>('PEM, JWK, KeyObject, CryptoKey, signer, promise or function'),
  keyId: optional(nonEmptyString),
  algorithm: optional(described(nonEmptyString, { bounds: 'asymmetric' })),
  assertionAudience: optional(nonEmptyString),
  assertionHeader: optional(custom('object', readAssertionHeader)),
  clientAssertion: optional(secretOption),
  clientCertificate: optional(certificate),
} satisfies TableOf<ClientAuthenticationOptions>

/** Validated options of client authentication. Introspection has a method more, which needs `bearerToken`. */
export interface AuthenticationSettings extends Omit<
  Result<typeof CLIENT_AUTHENTICATION_OPTIONS>,
  'authentication'
> {
  readonly authentication: ClientAuthenticationMethod | 'bearer' | ClientAuthentication | undefined
  readonly bearerToken?: Secret | undefined
}
