import type { Duration } from '../../options/duration.js'
import type { AuthleteAuthorizationDetail, AuthleteGrantType, AuthleteProperty } from './types.js'
import type { TokenIntrospection } from '../oauth/introspection.js'
import type { EpochSeconds } from '../../util/members.js'

/** A key and its value. */
export interface AuthleteKeyValuePair {
  /** Name of the attribute, header or other pair. */
  readonly key: string
  /** Value as a string; empty if Authlete returned none. */
  readonly value: string
}

/** A token, and the requirements that Authlete checks. */
export interface AuthleteIntrospectInput {
  /** The token, opaque or a JWT. Authlete's database decides in both cases. */
  readonly token: string
  /** Required scopes. The action is `FORBIDDEN` if one is missing. Without this option scopes are not checked. */
  readonly scopes?: string | readonly string[]
  /** Required subject of the token. */
  readonly subject?: string
  /** Client certificate of the TLS connection, in PEM form (RFC 8705). */
  readonly clientCertificate?: string
  /** The `DPoP` header of the request that contained the token (RFC 9449). Requires `htm` and `htu`. */
  readonly dpop?: string
  /** HTTP method of that request. */
  readonly htm?: string
  /** URL of that request, without query and fragment. */
  readonly htu?: string
  /** Required resources (RFC 8707). Without this option the audience is not checked. */
  readonly resources?: readonly string[]
  /** Authentication context classes, one of which the token must have (RFC 9470). */
  readonly acrValues?: readonly string[]
  /** Maximum time since the authentication of the user, in whole seconds (RFC 9470). */
  readonly maxAge?: Duration
  /** Requires a nonce in the DPoP proof even if the service does not. */
  readonly dpopNonceRequired?: boolean
  /** URL of that request with its query, for HTTP message signatures (RFC 9421). */
  readonly targetUri?: string
  /** Headers of that request, for HTTP message signatures. */
  readonly headers?: readonly AuthleteKeyValuePair[]
  /** Whether that request had a body, for HTTP message signatures. */
  readonly requestBodyContained?: boolean
}

/** Authlete's result for a token. Serve the request only if `action` is `'OK'`. */
export interface AuthleteIntrospection {
  /**
   * `OK`: serve the request. `UNAUTHORIZED`: the token is invalid, respond 401. `FORBIDDEN`: scopes or subject
   * are insufficient, respond 403.
   */
  readonly action: 'OK' | 'UNAUTHORIZED' | 'FORBIDDEN'
  /**
   * Value of `WWW-Authenticate` for the response to the client; `undefined` for `OK`. Its scheme is always
   * `Bearer`.
   */
  readonly challenge: string | undefined
  /** Value of `DPoP-Nonce` for the response to the client, for every action. */
  readonly dpopNonce: string | undefined
  /** Whether the response to the client must be signed (RFC 9421). */
  readonly responseSigningRequired: boolean
  /** Whether the token exists. */
  readonly existent: boolean
  /** Whether the token exists and has not expired. */
  readonly usable: boolean
  /** Whether the token has the required scopes. Always `true` if no scopes were required. */
  readonly sufficient: boolean
  /** Whether the token can be refreshed. */
  readonly refreshable: boolean
  /** Expiry of the access token, in seconds since the epoch; `undefined` if Authlete states none. */
  readonly expiresAt: EpochSeconds | undefined
  /** Subject of the token; `undefined` for a token that belongs to a client only. */
  readonly subject: string | undefined
  /** Number of the client, as a string because it may exceed `Number.MAX_SAFE_INTEGER`. */
  readonly clientId: string | undefined
  /** Alias of the client id; `undefined` if the client has none. */
  readonly clientIdAlias: string | undefined
  /** Whether the request for the token identified the client by its alias. */
  readonly clientIdAliasUsed: boolean
  /** Entity id of the client (OpenID Federation 1.0); `undefined` if it has none. */
  readonly clientEntityId: string | undefined
  /** Whether the request for the token identified the client by its entity id. */
  readonly clientEntityIdUsed: boolean
  /** URL of the client id metadata document of the client; `undefined` if it has none. */
  readonly metadataDocumentLocation: string | undefined
  /** Whether the request for the token identified the client by the URL of its metadata document. */
  readonly metadataDocumentUsed: boolean
  /** Scopes of the token; empty if it has none. */
  readonly scopes: readonly string[]
  /** Properties of the token. Do not show `hidden` ones to clients. */
  readonly properties: readonly Required<AuthleteProperty>[]
  /**
   * Thumbprint of the certificate that the token is bound to. Compare it with the client's certificate if
   * `clientCertificate` was not set.
   */
  readonly certificateThumbprint: string | undefined
  /** Resources of the authorization request. The audience of the token is `tokenResources`. */
  readonly resources: readonly string[]
  /** Resources that the token is for: its audience. */
  readonly tokenResources: readonly string[]
  /** Authorization details of the token (RFC 9396); empty if it has none. */
  readonly authorizationDetails: readonly AuthleteAuthorizationDetail[]
  /** Attributes of the Authlete service. */
  readonly serviceAttributes: readonly AuthleteKeyValuePair[]
  /** Attributes of the client. */
  readonly clientAttributes: readonly AuthleteKeyValuePair[]
  /** Id of the grant (`grant_id` of FAPI Grant Management); `undefined` if the token has none. */
  readonly grantId: string | undefined
  /** Names of the user claims that the client may receive, as the user consented. */
  readonly consentedClaims: readonly string[]
  /** Grant type with which the token was issued; `undefined` if Authlete does not state it. */
  readonly grantType: AuthleteGrantType | undefined
  /** Authentication context class of the user's authentication (`acr`, RFC 9470); `undefined` if unknown. */
  readonly acr: string | undefined
  /** Time of the user's authentication. */
  readonly authTime: EpochSeconds | undefined
  /** Whether the token is for an external attachment (OpenID Connect for Identity Assurance). */
  readonly forExternalAttachment: boolean
  /** Whether the token can be used at a credential endpoint (OpenID4VCI). */
  readonly forCredentialIssuance: boolean
  /** Nonce for key proofs at the credential endpoint (`c_nonce`, OpenID4VCI); `undefined` if absent. */
  readonly cnonce: string | undefined
  /** Expiry of `cnonce`, in seconds since the epoch; `undefined` if absent. */
  readonly cnonceExpiresAt: EpochSeconds | undefined
  /** Issuable credentials as JSON, unchanged. */
  readonly issuableCredentials: string | undefined
}

/** An RFC 7662 introspection request for Authlete: `token`, or the received `parameters`. */
export interface AuthleteIntrospectStandardInput {
  /** The token to introspect. Cannot be combined with `parameters`, which contain their own. */
  readonly token?: string
  /** Kind of the token. Requires `token`. */
  readonly tokenTypeHint?: 'access_token' | 'refresh_token'
  /** Body of the request at your introspection endpoint, form-encoded. */
  readonly parameters?: string
  /**
   * Includes properties that are hidden from clients.
   *
   * @defaultValue `false`
   */
  readonly includeHiddenProperties?: boolean
  /**
   * Resource server that sent the request. Tokens for other resource servers are then inactive. Required for a
   * JWT response.
   */
  readonly resourceServerUri?: string
  /** The `Accept` header of the request. `application/token-introspection+jwt` requests a JWT response (RFC 9701). */
  readonly accept?: string
  /**
   * Algorithm (`alg`) of a signed response.
   *
   * @defaultValue `RS256`
   */
  readonly signatureAlgorithm?: string
  /** Key encryption algorithm (`alg`, RFC 7518 section 4.1) of an encrypted JWT response. */
  readonly encryptionAlgorithm?: string
  /** Content encryption algorithm (`enc`, RFC 7518 section 5.1) of an encrypted JWT response. */
  readonly contentEncryptionAlgorithm?: string
  /** Shared key for a symmetric `signatureAlgorithm`. A secret. */
  readonly sharedKeyForSign?: string
  /** Shared key for a symmetric `encryptionAlgorithm`. A secret. */
  readonly sharedKeyForEncryption?: string
  /** Public key of the resource server for an asymmetric `encryptionAlgorithm`. */
  readonly publicKeyForEncryption?: string
}

/** An RFC 7662 introspection response, or an RFC 9701 response: a JWT, which the resource server reads. */
export type AuthleteStandardIntrospection =
  | ({
      /** Format of the response: JSON (RFC 7662), read into the other properties. */
      readonly format: 'json'
    } & TokenIntrospection)
  | {
      /** Format of the response: a signed or encrypted JWT (RFC 9701). */
      readonly format: 'jwt'
      /** Body of the response to the resource server, with the type `application/token-introspection+jwt`. */
      readonly jwt: string
    }
