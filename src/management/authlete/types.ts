import type { AUTHLETE_GRANT_TYPES } from '../../providers/authlete/grant-types.js'
import type { Duration } from '../../options/duration.js'
import type { EpochSeconds } from '../../util/members.js'

/** How a token came to be. */
export type AuthleteGrantType = (typeof AUTHLETE_GRANT_TYPES)[number]

/** A word of the application's own, kept with a token. */
export interface AuthleteProperty {
  readonly key: string
  readonly value: string
  /** Not for clients: keep it out of every response to them. Default `false`. */
  readonly hidden?: boolean
}

/** One element of authorization details (RFC 9396). */
export interface AuthleteAuthorizationDetail {
  readonly type: string
  readonly locations?: readonly string[]
  readonly actions?: readonly string[]
  readonly dataTypes?: readonly string[]
  readonly identifier?: string
  readonly privileges?: readonly string[]
  /** Everything else the element says. */
  readonly otherFields?: Readonly<Record<string, unknown>>
}

/** Which tokens are listed, and how many per page. */
export interface AuthleteListInput {
  /** Only tokens of this client: its number or alias. */
  readonly clientId?: string | number
  /** Only tokens of this subject. */
  readonly subject?: string
  /** The first that is listed, counted from 0. Default 0. */
  readonly start?: number
  /** The first that is no longer listed. Default: all there are. */
  readonly end?: number
  /** Number of tokens of a page. Default: `end - start`, or 100 without `end`. */
  readonly limit?: number
}

/** Properties that can be set when a token is created or changed. */
interface TokenSettings {
  /** `'a b'` or `['a', 'b']`. */
  readonly scopes?: string | readonly string[]
  /** The token never expires. */
  readonly neverExpires?: true
  /** Replaces all there are. */
  readonly properties?: readonly AuthleteProperty[]
  /** The certificate the token is bound to: SHA-256 of its DER form, in base64url (RFC 8705). */
  readonly certificateThumbprint?: string
  /** The key the token is bound to, as an RFC 7638 thumbprint: the token's type is then `DPoP` (RFC 9449). */
  readonly dpopKeyThumbprint?: string
  /** Replaces all there are. */
  readonly authorizationDetails?: readonly AuthleteAuthorizationDetail[]
  readonly forExternalAttachment?: boolean
}

/** The token to create. */
export interface AuthleteCreateInput extends TokenSettings {
  readonly grantType: AuthleteGrantType
  /** The client's number or alias. A number beyond `Number.MAX_SAFE_INTEGER` must be a string. */
  readonly clientId: string | number
  /** The person. Required unless the grant type is `CLIENT_CREDENTIALS`; ASCII, at most 100 characters. */
  readonly subject?: string
  /** Lifetime of the token, in whole seconds, at least 1. Default: the service's. */
  readonly expiresIn?: Duration
  /** Lifetime of the refresh token, in whole seconds, at least 1. Default: the service's. */
  readonly refreshTokenExpiresIn?: Duration
  /** The value of the access token. Default: Authlete generates it. */
  readonly token?: string
  /** The value of the refresh token. Default: Authlete generates it. */
  readonly refreshToken?: string
  readonly clientIdAliasUsed?: boolean
  readonly clientEntityIdUsed?: boolean
  readonly metadataDocumentUsed?: boolean
  /** Resource indicators: absolute URIs (RFC 8707). */
  readonly resources?: readonly string[]
  /** Further claims of a JWT access token. */
  readonly jwtClaims?: Readonly<Record<string, unknown>>
  /** How the person was authenticated. */
  readonly acr?: string
  /** When the person was authenticated. */
  readonly authTime?: EpochSeconds
  readonly sessionId?: string
}

/** A created token. Its secrets are not enumerable: read them by name. */
export interface AuthleteCreatedToken {
  /** The access token, a secret. If `jwt` is defined, give the client that instead. */
  readonly token: string
  /** The access token as a JWT, if the service signs its access tokens. A secret. */
  readonly jwt: string | undefined
  /** The refresh token, a secret. `IMPLICIT` and `CLIENT_CREDENTIALS` have none. */
  readonly refreshToken: string | undefined
  /** Identifies the token for `update`. Not a secret. */
  readonly tokenId: string | undefined
  /** `Bearer` or `DPoP`. */
  readonly tokenType: string | undefined
  readonly grantType: string | undefined
  /** The client's number, exact however long it is. */
  readonly clientId: string | undefined
  readonly clientIdentifier: string | undefined
  readonly subject: string | undefined
  readonly scopes: readonly string[]
  readonly refreshTokenScopes: readonly string[]
  readonly expiresAt: EpochSeconds | undefined
  /** In seconds. */
  readonly expiresIn: number | undefined
  readonly properties: readonly Required<AuthleteProperty>[]
  readonly authorizationDetails: readonly AuthleteAuthorizationDetail[]
  readonly forExternalAttachment: boolean | undefined
  readonly sessionId: string | undefined
}

/** The token to change (exactly one of `token`, `tokenHash` and `tokenId`) and the changes. */
export interface AuthleteUpdateInput extends TokenSettings {
  readonly token?: string
  readonly tokenHash?: string
  readonly tokenId?: string
  readonly expiresAt?: EpochSeconds
  readonly refreshTokenExpiresAt?: EpochSeconds
  /** Replaces the value of the access token. The old value stops working. */
  readonly replaceToken?: boolean
  /** Restarts the lifetime of the access token if its scopes change. */
  readonly resetExpiryOnScopeChange?: boolean
  /** Restarts the lifetime of the refresh token if the scopes change. */
  readonly resetRefreshTokenExpiryOnScopeChange?: boolean
}

/** A token after a change. `token` is not enumerable. */
export interface AuthleteUpdatedToken {
  /** The access token, or the new value that replaced it. */
  readonly token: string | undefined
  readonly expiresAt: EpochSeconds | undefined
  readonly refreshTokenExpiresAt: EpochSeconds | undefined
  /** The scopes of the token after the change. Authlete silently drops scopes that the service does not know. */
  readonly scopes: readonly string[]
  readonly properties: readonly Required<AuthleteProperty>[]
  readonly tokenType: string | undefined
  readonly tokenId: string | undefined
  readonly authorizationDetails: readonly AuthleteAuthorizationDetail[]
  readonly forExternalAttachment: boolean | undefined
}

/** The token to delete: exactly one of the two properties. */
export interface AuthleteDeleteInput {
  /** The access token. It becomes part of the URL, which servers log: prefer `tokenHash`. */
  readonly token?: string
  /** The hash of the access token, as `list` returns it. */
  readonly tokenHash?: string
}

/** The token to revoke: exactly one of the four properties. */
export interface AuthleteRevokeInput {
  /** The access token. */
  readonly token?: string
  readonly tokenHash?: string
  readonly refreshToken?: string
  readonly refreshTokenHash?: string
}

/** How many tokens were revoked. */
export interface AuthleteRevokeResult {
  readonly count: number
}

/** The token response whose ID token is reissued. */
export interface AuthleteReissueIdTokenInput {
  /** The access token of the token response, as a JWT if the service issued one. */
  readonly token: string
  readonly refreshToken: string
  /** The `sub` of the ID token. Default: the access token's subject. */
  readonly subject?: string
  /** Further claims of the ID token. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** Further header parameters of the ID token. */
  readonly header?: Readonly<Record<string, unknown>>
  /** The form of the ID token's `aud`. Default: the service's, else `'array'`. */
  readonly audienceFormat?: 'array' | 'string'
}

/** A reissued ID token. Neither property is enumerable, because both hold tokens. */
export interface AuthleteReissuedIdToken {
  readonly idToken: string
  /** The body for the token endpoint's response: JSON with the ID token, the access token and the refresh token. */
  readonly tokenResponse: string | undefined
}
