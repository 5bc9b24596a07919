import { AUTHLETE_GRANT_TYPES } from '../../providers/authlete/grant-types.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import * as read from './input.js'
import { readInput, type Reader, type Readers } from './input.js'
import type {
  AuthleteIntrospectInput,
  AuthleteKeyValuePair,
  AuthleteIntrospectStandardInput,
} from './introspection-types.js'
import type {
  AuthleteAuthorizationDetail,
  AuthleteCreateInput,
  AuthleteDeleteInput,
  AuthleteProperty,
  AuthleteReissueIdTokenInput,
  AuthleteRevokeInput,
  AuthleteUpdateInput,
} from './types.js'

type Json = Readonly<Record<string, unknown>>

/** Authlete accepts a subject of printable ASCII, at most 100 characters. */
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
  // The value of a property may be empty.
  value: (where, value) => (value === '' ? '' : read.text(where, value)),
  hidden: read.trueOrFalse,
}

const PAIR: Readers<AuthleteKeyValuePair> = { key: read.text, value: PROPERTY.value }

const authorizationDetails: Reader = (where, value) => ({
  elements: read.listOf(DETAIL, 'type')(where, value),
})

/** Authlete's names of the properties of `create` and `update` that have another name here. */
const WIRE_NAMES = {
  token: 'accessToken',
  tokenHash: 'accessTokenHash',
  expiresIn: 'accessTokenDuration',
  refreshTokenExpiresIn: 'refreshTokenDuration',
  expiresAt: 'accessTokenExpiresAt',
  neverExpires: 'accessTokenPersistent',
  replaceToken: 'accessTokenValueUpdated',
  resetExpiryOnScopeChange: 'accessTokenExpiresAtUpdatedOnScopeUpdate',
  resetRefreshTokenExpiryOnScopeChange: 'refreshTokenExpiresAtUpdatedOnScopeUpdate',
  jwtClaims: 'jwtAtClaims',
} as const

/** The properties that `create` and `update` share. */
const SETTINGS = {
  scopes: read.scopes,
  neverExpires: read.onlyTrue,
  properties: read.listOf(PROPERTY, 'key', 'value'),
  certificateThumbprint: read.hash,
  dpopKeyThumbprint: read.hash,
  authorizationDetails,
  forExternalAttachment: read.trueOrFalse,
}

const CREATE: Readers<AuthleteCreateInput> = {
  ...SETTINGS,
  grantType: read.oneOf(AUTHLETE_GRANT_TYPES),
  clientId: read.clientId,
  subject,
  expiresIn: read.lifetime,
  refreshTokenExpiresIn: read.lifetime,
  token: read.text,
  refreshToken: read.text,
  clientIdAliasUsed: read.trueOrFalse,
  clientEntityIdUsed: read.trueOrFalse,
  metadataDocumentUsed: read.trueOrFalse,
  resources: read.resources,
  jwtClaims: read.jsonText,
  acr: read.text,
  authTime: read.momentInSeconds,
  sessionId: read.text,
}

/** The body that creates a token. */
export function createRequest(where: string, input: AuthleteCreateInput): Json {
  const fields = readInput(where, input, CREATE)
  read.requireFields(where, fields, 'grantType', 'clientId')
  if (fields.grantType !== 'CLIENT_CREDENTIALS') read.requireFields(where, fields, 'subject')
  read.refuseBoth(where, fields, 'neverExpires', 'expiresIn')
  // Authlete's `clientId` is a JSON number, which cannot hold 64 bits. `clientIdentifier` takes the number or the alias as a string.
  return read.renameFields(fields, {
    ...WIRE_NAMES,
    clientId: typeof fields.clientId === 'number' ? 'clientId' : 'clientIdentifier',
  })
}

const TOKEN_SELECTORS = ['token', 'tokenHash', 'tokenId'] as const

const UPDATE: Readers<AuthleteUpdateInput> = {
  ...SETTINGS,
  token: read.text,
  tokenHash: read.hash,
  tokenId: read.text,
  expiresAt: read.momentInMilliseconds,
  refreshTokenExpiresAt: read.momentInMilliseconds,
  replaceToken: read.trueOrFalse,
  resetExpiryOnScopeChange: read.trueOrFalse,
  resetRefreshTokenExpiryOnScopeChange: read.trueOrFalse,
}

/** The body that changes a token. */
export function updateRequest(where: string, input: AuthleteUpdateInput): Json {
  const fields = readInput(where, input, UPDATE)
  read.requireExactlyOne(where, fields, TOKEN_SELECTORS)
  read.refuseBoth(where, fields, 'neverExpires', 'expiresAt')
  if (Object.keys(fields).length === 1)
    throw new ConfigurationError(where, 'must have at least one field to change')
  return read.renameFields(fields, WIRE_NAMES)
}

/** The token or hash that the path of a delete call ends with. */
export function deleteRequest(where: string, input: AuthleteDeleteInput): string {
  const fields = readInput<AuthleteDeleteInput>(where, input, { token: read.text, tokenHash: read.hash })
  read.requireExactlyOne(where, fields, ['token', 'tokenHash'])
  return String(fields.token ?? fields.tokenHash)
}

/** The body that revokes one token. It has one property only, because Authlete uses the first one it finds and ignores the others. */
export function revokeRequest(where: string, input: AuthleteRevokeInput): Json {
  const fields = readInput<AuthleteRevokeInput>(where, input, {
    token: read.text,
    tokenHash: read.hash,
    refreshToken: read.text,
    refreshTokenHash: read.hash,
  })
  read.requireExactlyOne(where, fields, ['token', 'tokenHash', 'refreshToken', 'refreshTokenHash'])
  const { token, tokenHash, refreshToken, refreshTokenHash } = fields
  const accessTokenIdentifier = token ?? tokenHash
  return accessTokenIdentifier === undefined
    ? { refreshTokenIdentifier: refreshToken ?? refreshTokenHash }
    : { accessTokenIdentifier }
}

/** The client, the subject, or both, whose tokens are revoked. */
export interface RevokeAllInput {
  readonly clientId?: string | number
  readonly subject?: string
}

/** The body that revokes all tokens of a client, of a subject, or of both. Every name in `names` is required. */
export function revokeAllRequest(where: string, input: RevokeAllInput, names: readonly string[]): Json {
  const all: Readers<RevokeAllInput> = { clientId: read.clientIdentifier, subject: read.text }
  const readers = Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)))
  const fields = readInput(where, input, readers as Readers<RevokeAllInput>)
  read.requireFields(where, fields, ...names)
  return read.renameFields(fields, { clientId: 'clientIdentifier' })
}

/** The body that reissues an ID token. */
export function reissueRequest(where: string, input: AuthleteReissueIdTokenInput): Json {
  const fields = readInput<AuthleteReissueIdTokenInput>(where, input, {
    token: read.text,
    refreshToken: read.text,
    subject: read.text,
    claims: read.jsonText,
    header: read.jsonText,
    audienceFormat: read.oneOf(['array', 'string']),
  })
  read.requireFields(where, fields, 'token', 'refreshToken')
  return read.renameFields(fields, {
    token: 'accessToken',
    subject: 'sub',
    header: 'idtHeaderParams',
    audienceFormat: 'idTokenAudType',
  })
}

/** The body that introspects a token. */
export function introspectRequest(where: string, input: AuthleteIntrospectInput): Json {
  const fields = readInput<AuthleteIntrospectInput>(where, input, {
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
  read.requireFields(where, fields, 'token')
  // A DPoP proof can be checked only against the method and URL of its request.
  if (fields.dpop !== undefined) read.requireFields(where, fields, 'htm', 'htu')
  return fields
}

/** The media type of a JWT response (RFC 9701). */
const JWT_RESPONSE_TYPE = 'application/token-introspection+jwt'

/** The body that forwards an RFC 7662 introspection request. */
export function standardRequest(where: string, input: AuthleteIntrospectStandardInput): Json {
  const { token, tokenTypeHint, ...rest } = readInput<AuthleteIntrospectStandardInput>(where, input, {
    token: read.text,
    tokenTypeHint: read.oneOf(['access_token', 'refresh_token']),
    parameters: read.text,
    includeHiddenProperties: read.trueOrFalse,
    resourceServerUri: read.uri,
    accept: read.text,
    signatureAlgorithm: read.text,
    encryptionAlgorithm: read.text,
    contentEncryptionAlgorithm: read.text,
    sharedKeyForSign: read.text,
    sharedKeyForEncryption: read.text,
    publicKeyForEncryption: read.text,
  })
  const fields = { ...rest, ...(token === undefined ? {} : { token }) }
  const source = read.requireExactlyOne(where, fields, ['token', 'parameters'])
  if (source === 'parameters' && tokenTypeHint !== undefined) {
    throw new ConfigurationError(`${where}.tokenTypeHint`, 'goes with token: parameters have their own')
  }
  if (String(rest.accept).includes(JWT_RESPONSE_TYPE)) read.requireFields(where, fields, 'resourceServerUri')
  const json = read.renameFields(rest, {
    includeHiddenProperties: 'withHiddenProperties',
    resourceServerUri: 'rsUri',
    accept: 'httpAcceptHeader',
    signatureAlgorithm: 'introspectionSignAlg',
    encryptionAlgorithm: 'introspectionEncryptionAlg',
    contentEncryptionAlgorithm: 'introspectionEncryptionEnc',
  })
  if (source === 'parameters') return json
  const hint = typeof tokenTypeHint === 'string' ? { token_type_hint: tokenTypeHint } : {}
  return { ...json, parameters: new URLSearchParams({ token: String(token), ...hint }).toString() }
}
