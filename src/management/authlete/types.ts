import type { AUTHLETE_GRANT_TYPES } from '../../providers/authlete/grant-types.js'
import type { Duration } from '../../options/duration.js'
import type { EpochSeconds } from '../../util/members.js'

/** How a token came to be. */
export type AuthleteGrantType = (typeof AUTHLETE_GRANT_TYPES)[number]

/** A word of the application's own, kept with a token. */
export interface AuthleteProperty {
  readonly key: string
  readonly value: string
  /** Not for clients: keep it out of every answer to them. Default `false`. */
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

/** Which tokens are listed, and how many of them at a time. */
export interface AuthleteListInput {
  /** Only those of this client: its number or its alias. */
  readonly clientIdentifier?: string
  /** Only those of this person. */
  readonly subject?: string
  /** The first that is listed, counted from 0. Default 0. */
  readonly start?: number
  /** The first that is no longer listed. Default: all there are. */
  readonly end?: number
  /** How many a page holds. Default: `end - start`, or 100 without `end`. */
  readonly pageSize?: number
}

/** What may be said of a token both when it is created and when it is changed. */
interface TokenSettings {
  /** `'a b'` or `['a', 'b']`. */
  readonly scopes?: string | readonly string[]
  /** The token never expires. */
  readonly accessTokenPersistent?: true
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

/** A token to be. */
export interface AuthleteCreateInput extends TokenSettings {
  readonly grantType: AuthleteGrantType
  /** The client's number: this, or `clientIdentifier`. As a text where it is long. */
  readonly clientId?: string | number
  /** The client's number or alias. */
  readonly clientIdentifier?: string
  /** The person. Required unless the grant type is `CLIENT_CREDENTIALS`; ASCII, at most 100 characters. */
  readonly subject?: string
  /** Whole seconds, at least 1. Default: the service's. */
  readonly accessTokenDuration?: Duration
  /** Whole seconds, at least 1. Default: the service's. */
  readonly refreshTokenDuration?: Duration
  /** The value of the access token. Default: Authlete makes it up. */
  readonly accessToken?: string
  /** The value of the refresh token. Default: Authlete makes it up. */
  readonly refreshToken?: string
  readonly clientIdAliasUsed?: boolean
  readonly clientEntityIdUsed?: boolean
  readonly metadataDocumentUsed?: boolean
  /** Resource indicators: absolute URIs (RFC 8707). */
  readonly resources?: readonly string[]
  /** Further claims of a JWT access token. */
  readonly jwtAtClaims?: Readonly<Record<string, unknown>>
  /** How the person was authenticated. */
  readonly acr?: string
  /** When the person was authenticated. */
  readonly authTime?: EpochSeconds
  readonly sessionId?: string
}

/** A token that was created. Its secrets are not enumerable: read them by their names. */
export interface AuthleteCreatedToken {
  /** The secret. Where there is a `jwtAccessToken`, that is the one for the client. */
  readonly accessToken: string
  /** The secret in JWT form, where the service signs its access tokens. */
  readonly jwtAccessToken: string | undefined
  /** A secret as well. `IMPLICIT` and `CLIENT_CREDENTIALS` have none. */
  readonly refreshToken: string | undefined
  /** What the token can be changed by, and which is no secret. */
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

/** A change of a token: which (exactly one of the first three), and what. */
export interface AuthleteUpdateInput extends TokenSettings {
  readonly accessToken?: string
  readonly accessTokenHash?: string
  readonly tokenId?: string
  readonly accessTokenExpiresAt?: EpochSeconds
  readonly refreshTokenExpiresAt?: EpochSeconds
  /** A new value takes the place of the access token, which is dead from then on. */
  readonly accessTokenValueUpdated?: boolean
  /** The access token's time starts afresh where its scopes change. */
  readonly accessTokenExpiresAtUpdatedOnScopeUpdate?: boolean
  /** The refresh token's time starts afresh where the scopes change. */
  readonly refreshTokenExpiresAtUpdatedOnScopeUpdate?: boolean
}

/** What a token is after a change. The access token is not enumerable. */
export interface AuthleteUpdatedToken {
  /** The token, or the new value that took its place. */
  readonly accessToken: string | undefined
  readonly accessTokenExpiresAt: EpochSeconds | undefined
  readonly refreshTokenExpiresAt: EpochSeconds | undefined
  /** What it has now: scopes the service does not know were dropped without a word. */
  readonly scopes: readonly string[]
  readonly properties: readonly Required<AuthleteProperty>[]
  readonly tokenType: string | undefined
  readonly tokenId: string | undefined
  readonly authorizationDetails: readonly AuthleteAuthorizationDetail[]
  readonly forExternalAttachment: boolean | undefined
}

/** A token to delete: exactly one of the two. */
export interface AuthleteDeleteInput {
  /** The token. It becomes part of an address, which servers log: give the hash where you have it. */
  readonly token?: string
  /** The token's hash, as lists have it. */
  readonly hash?: string
}

/** A token to revoke: exactly one of the four. */
export interface AuthleteRevokeInput {
  readonly accessToken?: string
  readonly accessTokenHash?: string
  readonly refreshToken?: string
  readonly refreshTokenHash?: string
}

/** How many tokens were revoked. */
export interface AuthleteRevocation {
  readonly count: number
}

/** An ID token to issue again. */
export interface AuthleteReissueInput {
  /** The `jwtAccessToken` of the token response if there was one, else its `accessToken`. */
  readonly accessToken: string
  readonly refreshToken: string
  /** The `sub` of the ID token. Default: the access token's subject. */
  readonly sub?: string
  /** Further claims of the ID token. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** Further header members of the ID token. */
  readonly idtHeaderParams?: Readonly<Record<string, unknown>>
  /** The form of the ID token's `aud`. Default: the service's, else `'array'`. */
  readonly idTokenAudType?: 'array' | 'string'
}

/** An ID token that was issued again. Neither member is enumerable: both hold tokens. */
export interface AuthleteReissuedIdToken {
  readonly idToken: string
  /** The body that the token endpoint is to answer: JSON with the ID token, the access token and the refresh token. */
  readonly responseContent: string | undefined
}
