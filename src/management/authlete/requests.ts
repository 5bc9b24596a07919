import { AUTHLETE_GRANT_TYPES } from '../../providers/authlete/grant-types.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import * as read from './input.js'
import { readInput } from './input.js'
import {
  custom,
  optional,
  optionals,
  type Table,
  type TableOf,
  allRestricting,
} from '../../options/reader.js'
import { boolean, nonEmptyString, oneOf, string, nonBlankText } from '../../options/readers.js'
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

/** Authlete accepts a subject of printable ASCII, at most 100 characters and not blank. */
const subject = string({
  pattern: /^(?=.*\S)[\x20-\x7e]{1,100}$/,
  expectation: 'must be 1 to 100 printable ASCII characters',
})

const DETAIL = {
  type: nonEmptyString,
  ...optionals({
    locations: read.strings,
    actions: read.strings,
    dataTypes: read.strings,
    identifier: nonEmptyString,
    privileges: read.strings,
    otherFields: read.jsonString,
  }),
} satisfies TableOf<AuthleteAuthorizationDetail>

const PAIR = {
  key: nonEmptyString,
  // The value of a property may be empty.
  value: string({ pattern: /^$|\S/, expectation: 'must be a string that is not blank' }),
} satisfies TableOf<AuthleteKeyValuePair>

const PROPERTY = { ...PAIR, hidden: optional(boolean()) } satisfies TableOf<AuthleteProperty>

const details = read.objects(DETAIL)
const authorizationDetails = custom(details.describe, (option, value) => ({
  elements: details.read(option, value),
}))

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
  ...allRestricting(
    optionals({
      scopes: read.scopes,
      certificateThumbprint: read.hash,
      dpopKeyThumbprint: read.hash,
      authorizationDetails,
    }),
  ),
  ...optionals({
    neverExpires: read.onlyTrue,
    properties: read.objects(PROPERTY),
    forExternalAttachment: boolean(),
  }),
}

const CREATE = {
  ...SETTINGS,
  grantType: oneOf(AUTHLETE_GRANT_TYPES),
  clientId: read.clientId,
  ...allRestricting(
    optionals({ expiresIn: read.lifetime, refreshTokenExpiresIn: read.lifetime, resources: read.resources }),
  ),
  ...optionals({
    subject,
    token: nonEmptyString,
    refreshToken: nonEmptyString,
    clientIdAliasUsed: boolean(),
    clientEntityIdUsed: boolean(),
    metadataDocumentUsed: boolean(),
    jwtClaims: read.jsonString,
    acr: nonEmptyString,
    authTime: read.momentInSeconds,
    sessionId: nonEmptyString,
  }),
} satisfies TableOf<AuthleteCreateInput>

/** The body that creates a token. */
export function createRequest(where: string, input: AuthleteCreateInput): Json {
  const fields = readInput(where, input, CREATE)
  if (fields.grantType !== 'CLIENT_CREDENTIALS') read.requireFields(where, fields, 'subject')
  read.refuseBoth(where, fields, 'neverExpires', 'expiresIn')
  // Authlete's `clientId` is a JSON number, which cannot hold 64 bits. `clientIdentifier` takes the number or the alias as a string.
  return read.renameFields(fields, {
    ...WIRE_NAMES,
    clientId: typeof fields.clientId === 'number' ? 'clientId' : 'clientIdentifier',
  })
}

const TOKEN_SELECTORS = ['token', 'tokenHash', 'tokenId'] as const

const UPDATE = {
  ...SETTINGS,
  ...allRestricting(
    optionals({ expiresAt: read.momentInMilliseconds, refreshTokenExpiresAt: read.momentInMilliseconds }),
  ),
  ...optionals({
    token: nonEmptyString,
    tokenHash: read.hash,
    tokenId: nonEmptyString,
    replaceToken: boolean(),
    resetExpiryOnScopeChange: boolean(),
    resetRefreshTokenExpiryOnScopeChange: boolean(),
  }),
} satisfies TableOf<AuthleteUpdateInput>

/** The body that changes a token. */
export function updateRequest(where: string, input: AuthleteUpdateInput): Json {
  const fields = readInput(where, input, UPDATE)
  read.requireExactlyOne(where, fields, TOKEN_SELECTORS)
  read.refuseBoth(where, fields, 'neverExpires', 'expiresAt')
  if (Object.keys(fields).length === 1)
    throw new ConfigurationError(where, 'changes nothing: specify at least one field to change')
  return read.renameFields(fields, WIRE_NAMES)
}

const DELETE = optionals({
  token: nonEmptyString,
  tokenHash: read.hash,
}) satisfies TableOf<AuthleteDeleteInput>

/** The token or hash that the path of a delete call ends with. */
export function deleteRequest(where: string, input: AuthleteDeleteInput): string {
  const fields = readInput(where, input, DELETE)
  read.requireExactlyOne(where, fields, ['token', 'tokenHash'])
  return String(fields.token ?? fields.tokenHash)
}

const REVOKE = optionals({
  token: nonEmptyString,
  tokenHash: read.hash,
  refreshToken: nonEmptyString,
  refreshTokenHash: read.hash,
}) satisfies TableOf<AuthleteRevokeInput>

/** The body that revokes one token. It has one property only, because Authlete uses the first one it finds and ignores the others. */
export function revokeRequest(where: string, input: AuthleteRevokeInput): Json {
  const fields = readInput(where, input, REVOKE)
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

const REVOKE_ALL = {
  clientId: read.clientIdentifier,
  subject: nonEmptyString,
} satisfies TableOf<RevokeAllInput>

/** The body that revokes all tokens of a client, of a subject, or of both. Every name in `names` is required. */
export function revokeAllRequest(where: string, input: RevokeAllInput, names: readonly string[]): Json {
  const table: Table = Object.fromEntries(Object.entries(REVOKE_ALL).filter(([name]) => names.includes(name)))
  return read.renameFields(readInput(where, input, table), { clientId: 'clientIdentifier' })
}

const REISSUE = {
  token: nonEmptyString,
  refreshToken: nonEmptyString,
  ...optionals({
    subject: nonEmptyString,
    claims: read.jsonString,
    header: read.jsonString,
    audienceFormat: oneOf(['array', 'string']),
  }),
} satisfies TableOf<AuthleteReissueIdTokenInput>

/** The body that reissues an ID token. */
export function reissueRequest(where: string, input: AuthleteReissueIdTokenInput): Json {
  return read.renameFields(readInput(where, input, REISSUE), {
    token: 'accessToken',
    subject: 'sub',
    header: 'idtHeaderParams',
    audienceFormat: 'idTokenAudType',
  })
}

const INTROSPECT = {
  token: nonEmptyString,
  // Requirements that Authlete checks.
  ...allRestricting(
    optionals({
      scopes: read.scopes,
      subject: nonEmptyString,
      clientCertificate: nonBlankText,
      dpop: nonEmptyString,
      resources: read.resources,
      acrValues: read.strings,
      maxAge: read.age,
    }),
  ),
  ...optionals({
    htm: nonEmptyString,
    htu: read.uri,
    dpopNonceRequired: boolean(),
    targetUri: read.uri,
    headers: read.objects(PAIR),
    requestBodyContained: boolean(),
  }),
} satisfies TableOf<AuthleteIntrospectInput>

/** The body that introspects a token. */
export function introspectRequest(where: string, input: AuthleteIntrospectInput): Json {
  const fields = readInput(where, input, INTROSPECT)
  // A DPoP proof can be checked only against the method and URL of its request.
  if (fields.dpop !== undefined) read.requireFields(where, fields, 'htm', 'htu')
  return fields
}

/** The media type of a JWT response (RFC 9701). */
const JWT_RESPONSE_TYPE = 'application/token-introspection+jwt'

const STANDARD = optionals({
  token: nonEmptyString,
  tokenTypeHint: oneOf(['access_token', 'refresh_token']),
  parameters: nonEmptyString,
  includeHiddenProperties: boolean(),
  resourceServerUri: read.uri,
  accept: nonEmptyString,
  signatureAlgorithm: nonEmptyString,
  encryptionAlgorithm: nonEmptyString,
  contentEncryptionAlgorithm: nonEmptyString,
  sharedKeyForSign: nonEmptyString,
  sharedKeyForEncryption: nonEmptyString,
  publicKeyForEncryption: nonBlankText,
}) satisfies TableOf<AuthleteIntrospectStandardInput>

/** The body that forwards an RFC 7662 introspection request. */
export function standardRequest(where: string, input: AuthleteIntrospectStandardInput): Json {
  const { token, tokenTypeHint, ...rest } = readInput(where, input, STANDARD)
  const fields = { ...rest, ...(token === undefined ? {} : { token }) }
  const source = read.requireExactlyOne(where, fields, ['token', 'parameters'])
  if (source === 'parameters' && tokenTypeHint !== undefined) {
    throw new ConfigurationError(
      `${where}.tokenTypeHint`,
      'requires token, because parameters contain their own hint',
    )
  }
  if (rest.accept?.includes(JWT_RESPONSE_TYPE) === true)
    read.requireFields(where, fields, 'resourceServerUri')
  const json = read.renameFields(rest, {
    includeHiddenProperties: 'withHiddenProperties',
    resourceServerUri: 'rsUri',
    accept: 'httpAcceptHeader',
    signatureAlgorithm: 'introspectionSignAlg',
    encryptionAlgorithm: 'introspectionEncryptionAlg',
    contentEncryptionAlgorithm: 'introspectionEncryptionEnc',
  })
  if (source === 'parameters') return json
  const hint = tokenTypeHint === undefined ? {} : { token_type_hint: tokenTypeHint }
  return { ...json, parameters: new URLSearchParams({ token: String(token), ...hint }).toString() }
}
