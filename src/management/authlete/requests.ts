import { AUTHLETE_GRANT_TYPES } from '../../providers/authlete/grant-types.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import * as read from './input.js'
import { readInput, type Reader, type Readers } from './input.js'
import type { AuthleteIntrospectInput, AuthletePair, AuthleteStandardInput } from './introspection-types.js'
import type {
  AuthleteAuthorizationDetail,
  AuthleteCreateInput,
  AuthleteDeleteInput,
  AuthleteProperty,
  AuthleteReissueInput,
  AuthleteRevokeInput,
  AuthleteUpdateInput,
} from './types.js'

type Json = Readonly<Record<string, unknown>>

/** Printable ASCII, at most 100 characters: what Authlete takes for a subject. */
const subject: Reader = (where, value) => {
  if (typeof value !== 'string' || !/^[\x20-\x7e]{1,100}$/.test(value) || value.trim() === '') {
    throw new ConfigurationError(where, 'must be 1 to 100 characters of ASCII')
  }
  return value
}

const DETAIL: Readers<AuthleteAuthorizationDetail> = {
  type: read.text,
  locations: read.texts,
  actions: read.texts,
  dataTypes: read.texts,
  identifier: read.text,
  privileges: read.texts,
  otherFields: read.jsonText,
}

const PROPERTY: Readers<AuthleteProperty> = {
  key: read.text,
  // A property may say nothing but its name.
  value: (where, value) => (value === '' ? '' : read.text(where, value)),
  hidden: read.trueOrFalse,
}

const PAIR: Readers<AuthletePair> = { key: read.text, value: PROPERTY.value }

const authorizationDetails: Reader = (where, value) => ({
  elements: read.listOf(DETAIL, 'type')(where, value),
})

/** What creating and updating have in common. */
const SETTINGS = {
  scopes: read.scopes,
  accessTokenPersistent: read.onlyTrue,
  properties: read.listOf(PROPERTY, 'key', 'value'),
  certificateThumbprint: read.hash,
  dpopKeyThumbprint: read.hash,
  authorizationDetails,
  forExternalAttachment: read.trueOrFalse,
}

const CREATE: Readers<AuthleteCreateInput> = {
  ...SETTINGS,
  grantType: read.oneOf(AUTHLETE_GRANT_TYPES),
  clientId: read.clientNumber,
  clientIdentifier: read.text,
  subject,
  accessTokenDuration: read.lifetime,
  refreshTokenDuration: read.lifetime,
  accessToken: read.text,
  refreshToken: read.text,
  clientIdAliasUsed: read.trueOrFalse,
  clientEntityIdUsed: read.trueOrFalse,
  metadataDocumentUsed: read.trueOrFalse,
  resources: read.resources,
  jwtAtClaims: read.jsonText,
  acr: read.text,
  authTime: read.momentInSeconds,
  sessionId: read.text,
}

/** The body that creates a token. */
export function createRequest(where: string, input: AuthleteCreateInput): Json {
  const { clientId, ...own } = readInput(where, input, CREATE)
  const given = { ...own, ...(clientId === undefined ? {} : { clientId }) }
  read.needed(where, given, 'grantType')
  if (own.grantType !== 'CLIENT_CREDENTIALS') read.needed(where, given, 'subject')
  read.notBoth(where, given, 'accessTokenPersistent', 'accessTokenDuration')
  if (read.onlyOne(where, given, ['clientId', 'clientIdentifier']) === 'clientIdentifier') return given
  // A number that JSON's readers would round goes where texts go: an identifier may be the number as well.
  const number = Number(clientId)
  return { ...own, ...(Number.isSafeInteger(number) ? { clientId: number } : { clientIdentifier: clientId }) }
}

const WHICH = ['accessToken', 'accessTokenHash', 'tokenId'] as const

const UPDATE: Readers<AuthleteUpdateInput> = {
  ...SETTINGS,
  accessToken: read.text,
  accessTokenHash: read.hash,
  tokenId: read.text,
  accessTokenExpiresAt: read.momentInMilliseconds,
  refreshTokenExpiresAt: read.momentInMilliseconds,
  accessTokenValueUpdated: read.trueOrFalse,
  accessTokenExpiresAtUpdatedOnScopeUpdate: read.trueOrFalse,
  refreshTokenExpiresAtUpdatedOnScopeUpdate: read.trueOrFalse,
}

/** The body that changes a token. */
export function updateRequest(where: string, input: AuthleteUpdateInput): Json {
  const own = readInput(where, input, UPDATE)
  read.onlyOne(where, own, WHICH)
  read.notBoth(where, own, 'accessTokenPersistent', 'accessTokenExpiresAt')
  if (Object.keys(own).length === 1) throw new ConfigurationError(where, 'names nothing to change')
  return own
}

/** What stands for the token to delete in the path. */
export function deleteRequest(where: string, input: AuthleteDeleteInput): string {
  const own = readInput<AuthleteDeleteInput>(where, input, { token: read.text, hash: read.hash })
  read.onlyOne(where, own, ['token', 'hash'])
  return String(own.token ?? own.hash)
}

/** The body that revokes one token: never with a second member, of which Authlete would use the first it finds. */
export function revokeRequest(where: string, input: AuthleteRevokeInput): Json {
  const own = readInput<AuthleteRevokeInput>(where, input, {
    accessToken: read.text,
    accessTokenHash: read.hash,
    refreshToken: read.text,
    refreshTokenHash: read.hash,
  })
  read.onlyOne(where, own, ['accessToken', 'accessTokenHash', 'refreshToken', 'refreshTokenHash'])
  const { accessToken, accessTokenHash, refreshToken, refreshTokenHash } = own
  const accessTokenIdentifier = accessToken ?? accessTokenHash
  return accessTokenIdentifier === undefined
    ? { refreshTokenIdentifier: refreshToken ?? refreshTokenHash }
    : { accessTokenIdentifier }
}

/** Whose tokens are revoked. */
export interface RevokeAllInput {
  readonly clientIdentifier?: string
  readonly subject?: string
}

/** The body that revokes whatever there is of a client, a person, or both: all the names are needed. */
export function revokeAllRequest(where: string, input: RevokeAllInput, names: readonly string[]): Json {
  const readers = Object.fromEntries(names.map((name) => [name, read.text])) as Readers<RevokeAllInput>
  const own = readInput(where, input, readers)
  read.needed(where, own, ...names)
  return own
}

/** The body that issues an ID token again. */
export function reissueRequest(where: string, input: AuthleteReissueInput): Json {
  const own = readInput<AuthleteReissueInput>(where, input, {
    accessToken: read.text,
    refreshToken: read.text,
    sub: read.text,
    claims: read.jsonText,
    idtHeaderParams: read.jsonText,
    idTokenAudType: read.oneOf(['array', 'string']),
  })
  read.needed(where, own, 'accessToken', 'refreshToken')
  return own
}

/** The body that asks about a token. */
export function introspectRequest(where: string, input: AuthleteIntrospectInput): Json {
  const own = readInput<AuthleteIntrospectInput>(where, input, {
    token: read.text,
    scopes: read.scopes,
    subject: read.text,
    clientCertificate: read.text,
    dpop: read.text,
    htm: read.text,
    htu: read.uri,
    resources: read.resources,
    acrValues: read.texts,
    maxAge: read.age,
    dpopNonceRequired: read.trueOrFalse,
    targetUri: read.uri,
    headers: read.listOf(PAIR, 'key', 'value'),
    requestBodyContained: read.trueOrFalse,
  })
  read.needed(where, own, 'token')
  // A proof says nothing without the request it was made for.
  if (own.dpop !== undefined) read.needed(where, own, 'htm', 'htu')
  return own
}

/** RFC 9701. */
const JWT_ANSWER = 'application/token-introspection+jwt'

/** The body that hands a question of RFC 7662 on. */
export function standardRequest(where: string, input: AuthleteStandardInput): Json {
  const { token, tokenTypeHint, ...own } = readInput<AuthleteStandardInput>(where, input, {
    token: read.text,
    tokenTypeHint: read.oneOf(['access_token', 'refresh_token']),
    parameters: read.text,
    withHiddenProperties: read.trueOrFalse,
    rsUri: read.uri,
    httpAcceptHeader: read.text,
    introspectionSignAlg: read.text,
    introspectionEncryptionAlg: read.text,
    introspectionEncryptionEnc: read.text,
    sharedKeyForSign: read.text,
    sharedKeyForEncryption: read.text,
    publicKeyForEncryption: read.text,
  })
  const given = { ...own, ...(token === undefined ? {} : { token }) }
  const which = read.onlyOne(where, given, ['token', 'parameters'])
  if (which === 'parameters' && tokenTypeHint !== undefined) {
    throw new ConfigurationError(`${where}.tokenTypeHint`, 'goes with token: parameters have their own')
  }
  if (String(own.httpAcceptHeader).includes(JWT_ANSWER)) read.needed(where, given, 'rsUri')
  if (which === 'parameters') return own
  const hint = typeof tokenTypeHint === 'string' ? { token_type_hint: tokenTypeHint } : {}
  return { ...own, parameters: new URLSearchParams({ token: String(token), ...hint }).toString() }
}
