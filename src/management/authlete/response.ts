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
  number,
  own,
  record,
  records,
  secondsFromMilliseconds,
  text,
  texts,
  type EpochSeconds,
} from '../../util/members.js'
import { withSecrets } from '../api/hidden-members.js'

type Json = Readonly<Record<string, unknown>>

/** A token as a list has it: without its value. */
export interface AuthleteListedToken {
  readonly tokenHash: string
  readonly expiresAt: EpochSeconds | undefined
  readonly refreshTokenHash: string | undefined
  readonly refreshTokenExpiresAt: EpochSeconds | undefined
  readonly createdAt: EpochSeconds | undefined
  /** Undefined if it never was. */
  readonly lastRefreshedAt: EpochSeconds | undefined
  /** The client's number, exact however long it is. */
  readonly clientId: string | undefined
  readonly subject: string | undefined
  readonly grantType: AuthleteGrantType | undefined
  readonly scopes: readonly string[]
  readonly refreshTokenScopes: readonly string[]
  /** Those that are `hidden` are not for clients. */
  readonly properties: readonly Required<AuthleteProperty>[]
}

/** The client that a list was limited to. */
export interface AuthleteListedClient {
  readonly clientId: string | undefined
  readonly clientIdAlias: string | undefined
  readonly clientName: string | undefined
  /** `CONFIDENTIAL` or `PUBLIC`. */
  readonly clientType: string | undefined
}

/** Undefined if it has no hash, and so is no token. */
export function readListedToken(json: Json): AuthleteListedToken | undefined {
  const tokenHash = text(json, 'accessTokenHash')
  if (tokenHash === undefined) return undefined
  return Object.freeze({
    tokenHash,
    expiresAt: moment(json, 'accessTokenExpiresAt'),
    refreshTokenHash: text(json, 'refreshTokenHash'),
    refreshTokenExpiresAt: moment(json, 'refreshTokenExpiresAt'),
    createdAt: moment(json, 'createdAt'),
    lastRefreshedAt: moment(json, 'lastRefreshedAt'),
    clientId: clientNumberIn(json, 'clientId'),
    subject: text(json, 'subject'),
    grantType: grantTypeIn(json),
    scopes: Object.freeze(texts(json, 'scopes')),
    refreshTokenScopes: Object.freeze(texts(json, 'refreshTokenScopes')),
    properties: propertiesIn(json),
  })
}

export function readListedClient(json: Json): AuthleteListedClient | undefined {
  const client = record(json, 'client')
  if (client === undefined) return undefined
  return Object.freeze({
    clientId: clientNumberIn(client, 'clientId'),
    clientIdAlias: text(client, 'clientIdAlias'),
    clientName: text(client, 'clientName'),
    clientType: text(client, 'clientType'),
  })
}

/** Undefined if there is no token in the response. */
export function readCreatedToken(json: Json): AuthleteCreatedToken | undefined {
  const token = text(json, 'accessToken')
  if (token === undefined) return undefined
  return withSecrets(
    {
      tokenId: text(json, 'tokenId'),
      tokenType: text(json, 'tokenType'),
      grantType: text(json, 'grantType'),
      clientId: clientNumberIn(json, 'clientId'),
      clientIdentifier: text(json, 'clientIdentifier'),
      subject: text(json, 'subject'),
      scopes: Object.freeze(texts(json, 'scopes')),
      refreshTokenScopes: Object.freeze(texts(json, 'refreshTokenScopes')),
      expiresAt: moment(json, 'expiresAt'),
      expiresIn: number(json, 'expiresIn'),
      properties: propertiesIn(json),
      authorizationDetails: detailsIn(json),
      forExternalAttachment: bool(json, 'forExternalAttachment'),
      sessionId: text(json, 'sessionId'),
    },
    { token, jwt: text(json, 'jwtAccessToken'), refreshToken: text(json, 'refreshToken') },
  )
}

export function readUpdatedToken(json: Json): AuthleteUpdatedToken {
  return withSecrets(
    {
      expiresAt: moment(json, 'accessTokenExpiresAt'),
      refreshTokenExpiresAt: moment(json, 'refreshTokenExpiresAt'),
      scopes: Object.freeze(texts(json, 'scopes')),
      properties: propertiesIn(json),
      tokenType: text(json, 'tokenType'),
      tokenId: text(json, 'tokenId'),
      authorizationDetails: detailsIn(json),
      forExternalAttachment: bool(json, 'forExternalAttachment'),
    },
    { token: text(json, 'accessToken') },
  )
}

/** What is not said is not so: `existent` and the like are true only where Authlete says `true`. */
export function readTokenDetails(json: Json, action: AuthleteIntrospection['action']): AuthleteIntrospection {
  return Object.freeze({
    action,
    challenge: action === 'OK' ? undefined : headerValue(text(json, 'responseContent')),
    dpopNonce: headerValue(text(json, 'dpopNonce')),
    responseSigningRequired: bool(json, 'responseSigningRequired') === true,
    existent: bool(json, 'existent') === true,
    usable: bool(json, 'usable') === true,
    sufficient: bool(json, 'sufficient') === true,
    refreshable: bool(json, 'refreshable') === true,
    expiresAt: moment(json, 'expiresAt'),
    subject: text(json, 'subject'),
    clientId: clientNumberIn(json, 'clientId'),
    clientIdAlias: text(json, 'clientIdAlias'),
    clientIdAliasUsed: bool(json, 'clientIdAliasUsed') === true,
    clientEntityId: text(json, 'clientEntityId'),
    clientEntityIdUsed: bool(json, 'clientEntityIdUsed') === true,
    metadataDocumentLocation: text(json, 'metadataDocumentLocation'),
    metadataDocumentUsed: bool(json, 'metadataDocumentUsed') === true,
    scopes: Object.freeze(texts(json, 'scopes')),
    properties: propertiesIn(json),
    certificateThumbprint: text(json, 'certificateThumbprint'),
    resources: Object.freeze(texts(json, 'resources')),
    tokenResources: Object.freeze(texts(json, 'accessTokenResources')),
    authorizationDetails: detailsIn(json),
    serviceAttributes: pairsIn(json, 'serviceAttributes'),
    clientAttributes: pairsIn(json, 'clientAttributes'),
    grantId: text(json, 'grantId'),
    consentedClaims: Object.freeze(texts(json, 'consentedClaims')),
    grantType: grantTypeIn(json),
    acr: text(json, 'acr'),
    authTime: positive(number(json, 'authTime')),
    forExternalAttachment: bool(json, 'forExternalAttachment') === true,
    forCredentialIssuance: bool(json, 'forCredentialIssuance') === true,
    cnonce: text(json, 'cnonce'),
    cnonceExpiresAt: moment(json, 'cnonceExpiresAt'),
    issuableCredentials: text(json, 'issuableCredentials'),
  })
}

/** Milliseconds as seconds; 0 is Authlete's way to say never. */
function moment(json: Json, name: string): EpochSeconds | undefined {
  return positive(secondsFromMilliseconds(json, name))
}

function positive(value: number | undefined): number | undefined {
  return value !== undefined && value > 0 ? value : undefined
}

function bool(json: Json, name: string): boolean | undefined {
  const value = own(json, name)
  return typeof value === 'boolean' ? value : undefined
}

/** It comes from elsewhere and is meant for a header: with control characters in it, it is none. */
function headerValue(value: string | undefined): string | undefined {
  return value !== undefined && /^[\x20-\x7e]+$/.test(value) ? value : undefined
}

function grantTypeIn(json: Json): AuthleteGrantType | undefined {
  return text(json, 'grantType') as AuthleteGrantType | undefined
}

function propertiesIn(json: Json): readonly Required<AuthleteProperty>[] {
  return Object.freeze(
    (records(json, 'properties') ?? []).map((property) =>
      Object.freeze({
        key: text(property, 'key') ?? '',
        value: text(property, 'value') ?? '',
        hidden: bool(property, 'hidden') === true,
      }),
    ),
  )
}

function pairsIn(json: Json, name: string): readonly AuthleteKeyValuePair[] {
  const pairs = records(json, name) ?? []
  return Object.freeze(
    pairs.map((pair) => Object.freeze({ key: text(pair, 'key') ?? '', value: text(pair, 'value') ?? '' })),
  )
}

function detailsIn(json: Json): readonly AuthleteAuthorizationDetail[] {
  const details = record(json, 'authorizationDetails') ?? {}
  return Object.freeze((records(details, 'elements') ?? []).map(readDetail))
}

function readDetail(element: Json): AuthleteAuthorizationDetail {
  const identifier = text(element, 'identifier')
  const otherFields = parseJson(text(element, 'otherFields') ?? '')
  const lists = ['locations', 'actions', 'dataTypes', 'privileges'].flatMap((name) => {
    const list = texts(element, name)
    return list.length === 0 ? [] : [[name, Object.freeze(list)] as const]
  })
  return Object.freeze({
    type: text(element, 'type') ?? '',
    ...Object.fromEntries(lists),
    ...(identifier === undefined ? {} : { identifier }),
    ...(isRecord(otherFields) ? { otherFields } : {}),
  })
}
