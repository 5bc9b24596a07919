import type { Duration } from '../../options/duration.js'
import type { AuthleteAuthorizationDetail, AuthleteGrantType, AuthleteProperty } from './types.js'
import type { TokenIntrospection } from '../oauth/introspection.js'
import type { EpochSeconds } from '../../util/members.js'

/** A key and its value. */
export interface AuthleteKeyValuePair {
  readonly key: string
  readonly value: string
}

/** A token, and what it is to be checked for. */
export interface AuthleteIntrospectInput {
  /** Opaque, or a JWT: of both Authlete's database has the last word. */
  readonly token: string
  /** The scopes it needs: the verdict is `FORBIDDEN` where one is missing. Without them scopes are not checked. */
  readonly scopes?: string | readonly string[]
  /** The person it must belong to. */
  readonly subject?: string
  /** The certificate the client showed in mutual TLS, in PEM form. */
  readonly clientCertificate?: string
  /** The `DPoP` header of the request the token came with. Needs `htm` and `htu`. */
  readonly dpop?: string
  /** The method of that request. */
  readonly htm?: string
  /** The address of that request, without query and fragment. */
  readonly htu?: string
  /** The resources it must be for (RFC 8707). Without them the audience is not checked. */
  readonly resources?: readonly string[]
  /** One of these must say how the person was authenticated (RFC 9470). */
  readonly acrValues?: readonly string[]
  /** How long ago the person may have been authenticated, in whole seconds. */
  readonly maxAge?: Duration
  /** Demands a nonce in the DPoP proof even if the service does not. */
  readonly dpopNonceRequired?: boolean
  /** The address of that request with its query, for HTTP message signatures (RFC 9421). */
  readonly targetUri?: string
  /** The headers of that request, for HTTP message signatures. */
  readonly headers?: readonly AuthleteKeyValuePair[]
  /** Whether that request had a body, for HTTP message signatures. */
  readonly requestBodyContained?: boolean
}

/** What Authlete makes of a token. Serve the request on `action: 'OK'` only. */
export interface AuthleteIntrospection {
  /** `OK`: serve. `UNAUTHORIZED`: the token is no good, 401. `FORBIDDEN`: scopes or subject do not suffice, 403. */
  readonly action: 'OK' | 'UNAUTHORIZED' | 'FORBIDDEN'
  /** The value of `WWW-Authenticate` for a response to the client; undefined for `OK`. It speaks of the scheme `Bearer`. */
  readonly challenge: string | undefined
  /** The `DPoP-Nonce` header of the response to the client, whatever the verdict. */
  readonly dpopNonce: string | undefined
  /** The response to the client must be signed (RFC 9421). */
  readonly responseSigningRequired: boolean
  readonly existent: boolean
  /** It exists and has not expired. */
  readonly usable: boolean
  /** It has the scopes that were asked for; `true` says nothing if none were. */
  readonly sufficient: boolean
  readonly refreshable: boolean
  readonly expiresAt: EpochSeconds | undefined
  /** The person; a token of a client alone has none. */
  readonly subject: string | undefined
  /** The client's number, exact however long it is. */
  readonly clientId: string | undefined
  readonly clientIdAlias: string | undefined
  readonly clientIdAliasUsed: boolean
  readonly clientEntityId: string | undefined
  readonly clientEntityIdUsed: boolean
  readonly metadataDocumentLocation: string | undefined
  readonly metadataDocumentUsed: boolean
  readonly scopes: readonly string[]
  /** Those that are `hidden` are not for clients. */
  readonly properties: readonly Required<AuthleteProperty>[]
  /** The certificate the token is bound to. Compare it with the client's where none was sent along. */
  readonly certificateThumbprint: string | undefined
  /** The resources of the authorization request. For the token's audience use `tokenResources`. */
  readonly resources: readonly string[]
  readonly tokenResources: readonly string[]
  readonly authorizationDetails: readonly AuthleteAuthorizationDetail[]
  readonly serviceAttributes: readonly AuthleteKeyValuePair[]
  readonly clientAttributes: readonly AuthleteKeyValuePair[]
  readonly grantId: string | undefined
  readonly consentedClaims: readonly string[]
  readonly grantType: AuthleteGrantType | undefined
  readonly acr: string | undefined
  /** When the person was authenticated. */
  readonly authTime: EpochSeconds | undefined
  readonly forExternalAttachment: boolean
  readonly forCredentialIssuance: boolean
  readonly cnonce: string | undefined
  readonly cnonceExpiresAt: EpochSeconds | undefined
  /** JSON, as Authlete sends it. */
  readonly issuableCredentials: string | undefined
}

/** An RFC 7662 introspection request for Authlete: `token`, or the received `parameters`. */
export interface AuthleteIntrospectStandardInput {
  readonly token?: string
  /** Goes with `token`. */
  readonly tokenTypeHint?: 'access_token' | 'refresh_token'
  /** The body of the request at your introspection endpoint, form-encoded. */
  readonly parameters?: string
  /** Includes properties that are hidden from clients. Default `false`. */
  readonly includeHiddenProperties?: boolean
  /** The resource server that sent the request: tokens for other resource servers are then inactive. Required for a JWT response. */
  readonly resourceServerUri?: string
  /** The `Accept` header of the request. `application/token-introspection+jwt` requests a JWT response (RFC 9701). */
  readonly accept?: string
  /** The `alg` of a signed response. Default `RS256`. */
  readonly signatureAlgorithm?: string
  readonly encryptionAlgorithm?: string
  readonly contentEncryptionAlgorithm?: string
  readonly sharedKeyForSign?: string
  readonly sharedKeyForEncryption?: string
  readonly publicKeyForEncryption?: string
}

/** An RFC 7662 introspection response, or an RFC 9701 response: a JWT, which the resource server reads. */
export type AuthleteStandardIntrospection =
  ({ readonly format: 'json' } & TokenIntrospection) | { readonly format: 'jwt'; readonly jwt: string }
