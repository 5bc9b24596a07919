import { parseJson } from '../../util/json.js'
import { isRecord } from '../../util/members.js'
import { clientNumberIn } from './api.js'
import type { AuthleteIntrospection, AuthleteKeyValuePair } from './introspection-types.js'
import type {
  AuthleteAuthorizationDetail,
  AuthleteCreatedToken,
  AuthleteGrantType,
  AuthleteProperty,
  AuthleteUpdatedToken,
} from './types.js'
import {
  boolean,
  number,
  record,
  records,
  secondsFromMilliseconds,
  string,
  stringList,
  type EpochSeconds,
} from '../../util/members.js'
import { withSecrets } from '../api/hidden-members.js'

type Json = Readonly<Record<string, unknown>>

/** A listed token, without its value. */
export interface AuthleteListedToken {
  /** SHA-256 of the token in base64url, which identifies it. */
  readonly tokenHash: string
  /** Expiry of the access token, in seconds since the epoch; `undefined` if Authlete states none. */
  readonly expiresAt: EpochSeconds | undefined
  /** SHA-256 of the refresh token in base64url; `undefined` if there is no refresh token. */
  readonly refreshTokenHash: string | undefined
  /** Expiry of the refresh token, in seconds since the epoch; `undefined` if Authlete states none. */
  readonly refreshTokenExpiresAt: EpochSeconds | undefined
  /** Time of creation, in seconds since the epoch; `undefined` if Authlete does not state it. */
  readonly createdAt: EpochSeconds | undefined
  /** Time of the last refresh; `undefined` if there was none. */
  readonly lastRefreshedAt: EpochSeconds | undefined
  /** Number of the client, as a string because it may exceed `Number.MAX_SAFE_INTEGER`. */
  readonly clientId: string | undefined
  /** Subject of the token; `undefined` for a token that belongs to a client only. */
  readonly subject: string | undefined
  /** Grant type with which the token was issued; `undefined` if Authlete does not state it. */
  readonly grantType: AuthleteGrantType | undefined
  /** Scopes of the access token; empty if it has none. */
  readonly scopes: readonly string[]
  /** Scopes of the refresh token; empty if it has none. */
  readonly refreshTokenScopes: readonly string[]
  /** Properties of the token. Do not show `hidden` ones to clients. */
  readonly properties: readonly Required<AuthleteProperty>[]
}

/** The client that a list is limited to. */
export interface AuthleteListedClient {
  /** Number of the client, as a string because it may exceed `Number.MAX_SAFE_INTEGER`. */
  readonly clientId: string | undefined
  /** Alias of the client id; `undefined` if the client has none. */
  readonly clientIdAlias: string | undefined
  /** Display name of the client; `undefined` if it has none. */
  readonly clientName: string | undefined
  /** Client type: `CONFIDENTIAL` or `PUBLIC`. */
  readonly clientType: string | undefined
}

/** Reads a listed token. Returns `undefined` if it has no hash. */
export function readListedToken(json: Json): AuthleteListedToken | undefined {
  const tokenHash = string(json, 'accessTokenHash')
  if (tokenHash === undefined) return undefined
  return Object.freeze({
    tokenHash,
    expiresAt: moment(json, 'accessTokenExpiresAt'),
    refreshTokenHash: string(json, 'refreshTokenHash'),
    refreshTokenExpiresAt: moment(json, 'refreshTokenExpiresAt'),
    createdAt: moment(json, 'createdAt'),
    lastRefreshedAt: moment(json, 'lastRefreshedAt'),
    clientId: clientNumberIn(json, 'clientId'),
    subject: string(json, 'subject'),
    grantType: grantTypeIn(json),
    scopes: Object.freeze(stringList(json, 'scopes')),
    refreshTokenScopes: Object.freeze(stringList(json, 'refreshTokenScopes')),
    properties: propertiesIn(json),
  })
}

export function readListedClient(json: Json): AuthleteListedClient | undefined {
  const client = record(json, 'client')
  if (client === undefined) return undefined
  return Object.freeze({
    clientId: clientNumberIn(client, 'clientId'),
    clientIdAlias: string(client, 'clientIdAlias'),
    clientName: string(client, 'clientName'),
    clientType: string(client, 'clientType'),
  })
}

/** Reads a created token. Returns `undefined` if the response has no token. */
export function readCreatedToken(json: Json): AuthleteCreatedToken | undefined {
  const token = string(json, 'accessToken')
  if (token === undefined) return undefined
  return withSecrets(
    {
      tokenId: string(json, 'tokenId'),
      tokenType: string(json, 'tokenType'),
      grantType: string(json, 'grantType'),
      clientId: clientNumberIn(json, 'clientId'),
      clientIdentifier: string(json, 'clientIdentifier'),
      subject: string(json, 'subject'),
      scopes: Object.freeze(stringList(json, 'scopes')),
      refreshTokenScopes: Object.freeze(stringList(json, 'refreshTokenScopes')),
      expiresAt: moment(json, 'expiresAt'),
      expiresIn: number(json, 'expiresIn'),
      properties: propertiesIn(json),
      authorizationDetails: detailsIn(json),
      forExternalAttachment: boolean(json, 'forExternalAttachment'),
      sessionId: string(json, 'sessionId'),
    },
    { token, jwt: string(json, 'jwtAccessToken'), refreshToken: string(json, 'refreshToken') },
  )
}

export function readUpdatedToken(json: Json): AuthleteUpdatedToken {
  return withSecrets(
    {
      expiresAt: moment(json, 'accessTokenExpiresAt'),
      refreshTokenExpiresAt: moment(json, 'refreshTokenExpiresAt'),
      scopes: Object.freeze(stringList(json, 'scopes')),
      properties: propertiesIn(json),
      tokenType: string(json, 'tokenType'),
      tokenId: string(json, 'tokenId'),
      authorizationDetails: detailsIn(json),
      forExternalAttachment: boolean(json, 'forExternalAttachment'),
    },
    { token: string(json, 'accessToken') },
  )
}

/** Reads an introspection result. Booleans such as `existent` are `true` only if Authlete says `true`. */
export function readTokenDetails(json: Json, action: AuthleteIntrospection['action']): AuthleteIntrospection {
  return Object.freeze({
    action,
    challenge: action === 'OK' ? undefined : headerValue(string(json, 'responseContent')),
    dpopNonce: headerValue(string(json, 'dpopNonce')),
    responseSigningRequired: boolean(json, 'responseSigningRequired') === true,
    existent: boolean(json, 'existent') === true,
    usable: boolean(json, 'usable') === true,
    sufficient: boolean(json, 'sufficient') === true,
    refreshable: boolean(json, 'refreshable') === true,
    expiresAt: moment(json, 'expiresAt'),
    subject: string(json, 'subject'),
    clientId: clientNumberIn(json, 'clientId'),
    clientIdAlias: string(json, 'clientIdAlias'),
    clientIdAliasUsed: boolean(json, 'clientIdAliasUsed') === true,
    clientEntityId: string(json, 'clientEntityId'),
    clientEntityIdUsed: boolean(json, 'clientEntityIdUsed') === true,
    metadataDocumentLocation: string(json, 'metadataDocumentLocation'),
    metadataDocumentUsed: boolean(json, 'metadataDocumentUsed') === true,
    scopes: Object.freeze(stringList(json, 'scopes')),
    properties: propertiesIn(json),
    certificateThumbprint: string(json, 'certificateThumbprint'),
    resources: Object.freeze(stringList(json, 'resources')),
    tokenResources: Object.freeze(stringList(json, 'accessTokenResources')),
    authorizationDetails: detailsIn(json),
    serviceAttributes: pairsIn(json, 'serviceAttributes'),
    clientAttributes: pairsIn(json, 'clientAttributes'),
    grantId: string(json, 'grantId'),
    consentedClaims: Object.freeze(stringList(json, 'consentedClaims')),
    grantType: grantTypeIn(json),
    acr: string(json, 'acr'),
    authTime: positive(number(json, 'authTime')),
    forExternalAttachment: boolean(json, 'forExternalAttachment') === true,
    forCredentialIssuance: boolean(json, 'forCredentialIssuance') === true,
    cnonce: string(json, 'cnonce'),
    cnonceExpiresAt: moment(json, 'cnonceExpiresAt'),
    issuableCredentials: string(json, 'issuableCredentials'),
  })
}

/** Converts milliseconds to seconds. Authlete uses 0 for "never". */
function moment(json: Json, name: string): EpochSeconds | undefined {
  return positive(secondsFromMilliseconds(json, name))
}

function positive(value: number | undefined): number | undefined {
  return value !== undefined && value > 0 ? value : undefined
}

/** The value is intended for a header, so one with control characters is ignored. */
function headerValue(value: string | undefined): string | undefined {
  return value !== undefined && /^[\x20-\x7e]+$/.test(value) ? value : undefined
}

function grantTypeIn(json: Json): AuthleteGrantType | undefined {
  return string(json, 'grantType') as AuthleteGrantType | undefined
}

function propertiesIn(json: Json): readonly Required<AuthleteProperty>[] {
  return Object.freeze(
    (records(json, 'properties') ?? []).map((property) =>
      Object.freeze({
        key: string(property, 'key') ?? '',
        value: string(property, 'value') ?? '',
        hidden: boolean(property, 'hidden') === true,
      }),
    ),
  )
}

function pairsIn(json: Json, name: string): readonly AuthleteKeyValuePair[] {
  const pairs = records(json, name) ?? []
  return Object.freeze(
    pairs.map((pair) =>
      Object.freeze({ key: string(pair, 'key') ?? '', value: string(pair, 'value') ?? '' }),
    ),
  )
}

function detailsIn(json: Json): readonly AuthleteAuthorizationDetail[] {
  const details = record(json, 'authorizationDetails') ?? {}
  return Object.freeze((records(details, 'elements') ?? []).map(readDetail))
}

function readDetail(element: Json): AuthleteAuthorizationDetail {
  const identifier = string(element, 'identifier')
  const otherFields = parseJson(string(element, 'otherFields') ?? '')
  const lists = ['locations', 'actions', 'dataTypes', 'privileges'].flatMap((name) => {
    const list = stringList(element, name)
    return list.length === 0 ? [] : [[name, Object.freeze(list)] as const]
  })
  return Object.freeze({
    type: string(element, 'type') ?? '',
    ...Object.fromEntries(lists),
    ...(identifier === undefined ? {} : { identifier }),
    ...(isRecord(otherFields) ? { otherFields } : {}),
  })
}
