import { actionResponse, errorResponse, resultFields, type ServiceCall } from './calls.js'
import { confirmationOf, DEFAULT_SECONDS, isTrue, propertiesField } from './create.js'
import type { AuthleteDetails } from './details.js'
import { clientNumber, detailsOf, expiryOf, hashOf, isClient, subjectOf } from './facts.js'
import { json, listField, stringField, type TestResponse, type Fields } from '../server/http.js'
import { randomString } from '../state/providers.js'
import { nowSeconds, type IssuerState } from '../state/state.js'
import type { TokenRecord } from '../state/token-store.js'

/** Returns every token that is not revoked, expired or not. */
function kept(state: IssuerState): readonly TokenRecord[] {
  return state.tokens.list('authlete').filter(({ revoked }) => !revoked)
}

/** Lists tokens of the service, a client or a subject by creation, as hashes. `end` is exclusive. */
export function listTokens(state: IssuerState, { request: { query } }: ServiceCall): TestResponse {
  const clientIdentifier = query.get('clientIdentifier')
  const subject = query.get('subject')
  const start = Number(query.get('start') ?? 0)
  const end = Number(query.get('end') ?? 5)
  if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || end < start) {
    return errorResponse(400, 'A065201', 'The range is wrong.')
  }
  const found = kept(state).filter(
    (record) =>
      (clientIdentifier === null || isClient(record.clientId, clientIdentifier)) &&
      (subject === null || subjectOf(record).subject === subject),
  )
  return json(200, {
    start,
    end,
    totalCount: found.length,
    ...(clientIdentifier === null ? {} : { client: clientOf(found[0]?.clientId ?? clientIdentifier) }),
    ...(subject === null ? {} : { subject }),
    accessTokens: found.slice(start, end).map(listedToken),
  })
}

function clientOf(clientId: string): Readonly<Record<string, unknown>> {
  const number = clientNumber(clientId)
  const alias = String(number) === clientId ? {} : { clientIdAlias: clientId }
  return { number: 1, clientName: 'A client', clientId: number, clientType: 'CONFIDENTIAL', ...alias }
}

function listedToken(record: TokenRecord): Readonly<Record<string, unknown>> {
  const { grantType, properties, refresh } = detailsOf(record)
  return {
    accessTokenHash: hashOf(record.value),
    accessTokenExpiresAt: expiryOf(record),
    ...(refresh === undefined
      ? {}
      : {
          refreshTokenHash: hashOf(refresh.value),
          refreshTokenExpiresAt: refresh.expiresAt * 1000,
          refreshTokenScopes: record.scopes,
        }),
    createdAt: Math.round(record.issuedAt * 1000),
    lastRefreshedAt: 0,
    clientId: clientNumber(record.clientId),
    ...subjectOf(record),
    grantType,
    scopes: record.scopes,
    properties,
  }
}

/** Finds a token by its value in either form or by its hash. */
function findToken(state: IssuerState, identifier: string | undefined): TokenRecord | undefined {
  if (identifier === undefined) return undefined
  return kept(state).find(
    (record) =>
      [record.value, record.authlete?.jwt].includes(identifier) || hashOf(record.value) === identifier,
  )
}

/** Changes a token. */
export function updateToken(state: IssuerState, { fields }: ServiceCall): TestResponse {
  // The token takes precedence over its hash, which is ignored then, as at Authlete.
  const identifier = stringField(fields, 'accessToken') ?? stringField(fields, 'accessTokenHash')
  const id = stringField(fields, 'tokenId')
  if (identifier === undefined && id === undefined) {
    return actionResponse('BAD_REQUEST', resultFields('A075201', 'No access token was given.'))
  }
  const record =
    identifier === undefined ? kept(state).find((known) => known.id === id) : findToken(state, identifier)
  if (record === undefined)
    return actionResponse('NOT_FOUND', resultFields('A075202', 'The access token does not exist.'))
  const changed = state.tokens.replace(record, changesOf(state, record, fields))
  const { tokenType, properties, refresh, kept: further } = detailsOf(changed)
  return actionResponse('OK', resultFields('A075001', 'The access token was successfully updated.'), {
    accessToken: changed.value,
    accessTokenExpiresAt: expiryOf(changed),
    ...(refresh === undefined ? {} : { refreshTokenExpiresAt: refresh.expiresAt * 1000 }),
    scopes: changed.scopes,
    properties,
    tokenType,
    tokenId: changed.id,
    authorizationDetails: further['authorizationDetails'],
    forExternalAttachment: further['forExternalAttachment'],
  })
}

function changesOf(state: IssuerState, record: TokenRecord, fields: Fields): Partial<TokenRecord> {
  const scopes = listField(fields, 'scopes')
  const isAfresh = scopes !== undefined && isTrue(fields['accessTokenExpiresAtUpdatedOnScopeUpdate'])
  const fresh = isAfresh ? Math.floor(nowSeconds(state)) + DEFAULT_SECONDS.access : record.expiresAt
  const isPersistent = isTrue(fields['accessTokenPersistent'])
  const expiresAt = isPersistent ? null : (moment(fields['accessTokenExpiresAt']) ?? fresh)
  const details = changedDetails(state, record, fields)
  const { exp: _exp, scope, ...claims } = record.claims
  const granted = scopes === undefined ? scope : scopes.join(' ')
  return {
    ...(isTrue(fields['accessTokenValueUpdated']) ? { value: randomString(32) } : {}),
    scopes: scopes ?? record.scopes,
    expiresAt,
    claims: {
      ...claims,
      ...(granted === undefined || granted === '' ? {} : { scope: granted }),
      ...(expiresAt === null ? {} : { exp: expiresAt }),
      ...confirmationOf(details),
    },
    authlete: details,
    updatedAt: nowSeconds(state),
  }
}

function changedDetails(state: IssuerState, record: TokenRecord, fields: Fields): AuthleteDetails {
  const before = detailsOf(record)
  const certificateThumbprint = stringField(fields, 'certificateThumbprint')
  const dpopKeyThumbprint = stringField(fields, 'dpopKeyThumbprint')
  const isAfresh =
    listField(fields, 'scopes') !== undefined && isTrue(fields['refreshTokenExpiresAtUpdatedOnScopeUpdate'])
  const fresh = isAfresh ? Math.floor(nowSeconds(state)) + DEFAULT_SECONDS.refresh : before.refresh?.expiresAt
  const refreshExpiry = moment(fields['refreshTokenExpiresAt']) ?? fresh
  const further = ['authorizationDetails', 'forExternalAttachment'].filter((name) => name in fields)
  return {
    ...before,
    ...(fields['properties'] === undefined ? {} : { properties: propertiesField(fields) }),
    ...(certificateThumbprint === undefined ? {} : { certificateThumbprint }),
    ...(dpopKeyThumbprint === undefined ? {} : { dpopKeyThumbprint, tokenType: 'DPoP' as const }),
    ...(before.refresh === undefined || refreshExpiry === undefined
      ? {}
      : { refresh: { ...before.refresh, expiresAt: refreshExpiry } }),
    kept: { ...before.kept, ...Object.fromEntries(further.map((name) => [name, fields[name]])) },
  }
}

/** Converts milliseconds to seconds. An absent value, 0 and less leave a time unchanged. */
function moment(value: unknown): number | undefined {
  const milliseconds = Number(value ?? 0)
  return milliseconds > 0 ? milliseconds / 1000 : undefined
}

/** Deletes a token by its value or hash. */
export function deleteToken(state: IssuerState, { request: { params } }: ServiceCall): TestResponse {
  const record = findToken(state, params['token'])
  if (record === undefined) return errorResponse(404, 'A080201', 'The access token does not exist.')
  state.tokens.revoke(record.value, nowSeconds(state))
  return { status: 204, headers: {}, body: '' }
}

/** Revokes the tokens that the first field selects. The others are ignored. */
export function revokeTokens(state: IssuerState, { fields }: ServiceCall): TestResponse {
  const accessToken = stringField(fields, 'accessTokenIdentifier')
  const refreshToken = stringField(fields, 'refreshTokenIdentifier')
  const client = stringField(fields, 'clientIdentifier')
  const subject = stringField(fields, 'subject')
  const isOne = accessToken !== undefined || refreshToken !== undefined
  if (!isOne && client === undefined && subject === undefined) {
    return errorResponse(400, 'A133201', 'Nothing to revoke was given.')
  }
  const doomed = kept(state).filter((record) => {
    if (accessToken !== undefined) return record === findToken(state, accessToken)
    const { refresh } = detailsOf(record)
    if (refreshToken !== undefined)
      return refresh !== undefined && [refresh.value, hashOf(refresh.value)].includes(refreshToken)
    return (
      (client === undefined || isClient(record.clientId, client)) &&
      (subject === undefined || subjectOf(record).subject === subject)
    )
  })
  // As documented: the code is a number, and the message is empty.
  if (isOne && doomed.length === 0) return json(404, { resultCode: 404, resultMessage: '' })
  for (const record of doomed) state.tokens.revoke(record.value, nowSeconds(state))
  const done = resultFields('A133001', 'Tokens were successfully revoked.')
  return json(200, { ...done, count: doomed.length })
}
