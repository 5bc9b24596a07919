import { AUTHLETE_GRANT_TYPES } from '../../providers/authlete/grant-types.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import * as read from './input.js'
import { readInput } from './input.js'
import { custom, optional, optionals, type Table, type TableOf } from '../../options/reader.js'
import { boolean, nonEmptyString, oneOf, string } from '../../options/readers.js'
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

/** Printable ASCII, at most 100 characters and not blank: what Authlete takes for a subject. */
const subject = string({
  pattern: /^(?=.*\S)[\x20-\x7e]{1,100}$/,
  expectation: 'must be 1 to 100 characters of ASCII',
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
  // A property may say nothing but its name.
  value: string({ pattern: /^$|\S/, expectation: 'must be a string that is not blank' }),
} satisfies TableOf<AuthletePair>

const PROPERTY = { ...PAIR, hidden: optional(boolean()) } satisfies TableOf<AuthleteProperty>

const details = read.objects(DETAIL)
const authorizationDetails = custom(details.describe, (option, value) => ({
  elements: details.read(option, value),
}))

/** What creating and updating have in common. */
const SETTINGS = optionals({
  scopes: read.scopes,
  accessTokenPersistent: read.onlyTrue,
  properties: read.objects(PROPERTY),
  certificateThumbprint: read.hash,
  dpopKeyThumbprint: read.hash,
  authorizationDetails,
  forExternalAttachment: boolean(),
})

const CREATE = {
  ...SETTINGS,
  grantType: oneOf(AUTHLETE_GRANT_TYPES),
  ...optionals({
    clientId: read.clientNumber,
    clientIdentifier: nonEmptyString,
    subject,
    accessTokenDuration: read.lifetime,
    refreshTokenDuration: read.lifetime,
    accessToken: nonEmptyString,
    refreshToken: nonEmptyString,
    clientIdAliasUsed: boolean(),
    clientEntityIdUsed: boolean(),
    metadataDocumentUsed: boolean(),
    resources: read.resources,
    jwtAtClaims: read.jsonString,
    acr: nonEmptyString,
    authTime: read.momentInSeconds,
    sessionId: nonEmptyString,
  }),
} satisfies TableOf<AuthleteCreateInput>

/** The body that creates a token. */
export function createRequest(where: string, input: AuthleteCreateInput): Json {
  const { clientId, ...own } = readInput(where, input, CREATE)
  const given = { ...own, ...(clientId === undefined ? {} : { clientId }) }
  if (own.grantType !== 'CLIENT_CREDENTIALS') read.needed(where, given, 'subject')
  read.notBoth(where, given, 'accessTokenPersistent', 'accessTokenDuration')
  if (read.onlyOne(where, given, ['clientId', 'clientIdentifier']) === 'clientIdentifier') return given
  // A number that JSON's readers would round goes where texts go: an identifier may be the number as well.
  const number = Number(clientId)
  return { ...own, ...(Number.isSafeInteger(number) ? { clientId: number } : { clientIdentifier: clientId }) }
}

const WHICH = ['accessToken', 'accessTokenHash', 'tokenId'] as const

const UPDATE = {
  ...SETTINGS,
  ...optionals({
    accessToken: nonEmptyString,
    accessTokenHash: read.hash,
    tokenId: nonEmptyString,
    accessTokenExpiresAt: read.momentInMilliseconds,
    refreshTokenExpiresAt: read.momentInMilliseconds,
    accessTokenValueUpdated: boolean(),
    accessTokenExpiresAtUpdatedOnScopeUpdate: boolean(),
    refreshTokenExpiresAtUpdatedOnScopeUpdate: boolean(),
  }),
} satisfies TableOf<AuthleteUpdateInput>

/** The body that changes a token. */
export function updateRequest(where: string, input: AuthleteUpdateInput): Json {
  const own = readInput(where, input, UPDATE)
  read.onlyOne(where, own, WHICH)
  read.notBoth(where, own, 'accessTokenPersistent', 'accessTokenExpiresAt')
  if (Object.keys(own).length === 1)
    throw new ConfigurationError(where, 'changes nothing: specify at least one field to change')
  return own
}

const DELETE = optionals({
  token: nonEmptyString,
  hash: read.hash,
}) satisfies TableOf<AuthleteDeleteInput>

/** What stands for the token to delete in the path. */
export function deleteRequest(where: string, input: AuthleteDeleteInput): string {
  const own = readInput(where, input, DELETE)
  read.onlyOne(where, own, ['token', 'hash'])
  return String(own.token ?? own.hash)
}

const REVOKE = optionals({
  accessToken: nonEmptyString,
  accessTokenHash: read.hash,
  refreshToken: nonEmptyString,
  refreshTokenHash: read.hash,
}) satisfies TableOf<AuthleteRevokeInput>

/** The body that revokes one token: never with a second member, of which Authlete would use the first it finds. */
export function revokeRequest(where: string, input: AuthleteRevokeInput): Json {
  const own = readInput(where, input, REVOKE)
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
  const table: Table = Object.fromEntries(names.map((name) => [name, nonEmptyString]))
  return readInput(where, input, table)
}

const REISSUE = {
  accessToken: nonEmptyString,
  refreshToken: nonEmptyString,
  ...optionals({
    sub: nonEmptyString,
    claims: read.jsonString,
    idtHeaderParams: read.jsonString,
    idTokenAudType: oneOf(['array', 'string']),
  }),
} satisfies TableOf<AuthleteReissueInput>

/** The body that issues an ID token again. */
export function reissueRequest(where: string, input: AuthleteReissueInput): Json {
  return readInput(where, input, REISSUE)
}

const INTROSPECT = {
  token: nonEmptyString,
  ...optionals({
    scopes: read.scopes,
    subject: nonEmptyString,
    clientCertificate: nonEmptyString,
    dpop: nonEmptyString,
    htm: nonEmptyString,
    htu: read.uri,
    resources: read.resources,
    acrValues: read.strings,
    maxAge: read.age,
    dpopNonceRequired: boolean(),
    targetUri: read.uri,
    headers: read.objects(PAIR),
    requestBodyContained: boolean(),
  }),
} satisfies TableOf<AuthleteIntrospectInput>

/** The body that asks about a token. */
export function introspectRequest(where: string, input: AuthleteIntrospectInput): Json {
  const own = readInput(where, input, INTROSPECT)
  // A proof says nothing without the request it was made for.
  if (own.dpop !== undefined) read.needed(where, own, 'htm', 'htu')
  return own
}

/** RFC 9701. */
const JWT_ANSWER = 'application/token-introspection+jwt'

const STANDARD = optionals({
  token: nonEmptyString,
  tokenTypeHint: oneOf(['access_token', 'refresh_token']),
  parameters: nonEmptyString,
  withHiddenProperties: boolean(),
  rsUri: read.uri,
  httpAcceptHeader: nonEmptyString,
  introspectionSignAlg: nonEmptyString,
  introspectionEncryptionAlg: nonEmptyString,
  introspectionEncryptionEnc: nonEmptyString,
  sharedKeyForSign: nonEmptyString,
  sharedKeyForEncryption: nonEmptyString,
  publicKeyForEncryption: nonEmptyString,
}) satisfies TableOf<AuthleteStandardInput>

/** The body that passes a request of RFC 7662 on. */
export function standardRequest(where: string, input: AuthleteStandardInput): Json {
  const { token, tokenTypeHint, ...own } = readInput(where, input, STANDARD)
  const given = { ...own, ...(token === undefined ? {} : { token }) }
  const which = read.onlyOne(where, given, ['token', 'parameters'])
  if (which === 'parameters' && tokenTypeHint !== undefined) {
    throw new ConfigurationError(`${where}.tokenTypeHint`, 'goes with token: parameters have their own')
  }
  if (own.httpAcceptHeader?.includes(JWT_ANSWER) === true) read.needed(where, given, 'rsUri')
  if (which === 'parameters') return own
  const hint = tokenTypeHint === undefined ? {} : { token_type_hint: tokenTypeHint }
  return { ...own, parameters: new URLSearchParams({ token: String(token), ...hint }).toString() }
}
