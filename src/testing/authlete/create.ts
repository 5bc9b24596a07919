import { actionResponse, resultFields, type ServiceCall } from './calls.js'
import type { AuthleteDetails, AuthleteTestProperty } from './details.js'
import { clientNumber, expiryOf, isClient, subjectOf } from './facts.js'
import { listField, stringField, type TestResponse, type Fields } from '../server/http.js'
import { mintOpaque } from '../mint.js'
import { randomString } from '../state/providers.js'
import { signJwt } from '../state/signing-keys.js'
import { nowSeconds, type IssuerState } from '../state/state.js'
import type { TokenRecord } from '../state/token-store.js'

/** Default lifetimes in seconds. */
export const DEFAULT_SECONDS = { access: 3600, refresh: 864_000 } as const

/** Grant types without a refresh token. */
const WITHOUT_REFRESH = ['IMPLICIT', 'CLIENT_CREDENTIALS']

/** Creates a token for a client of the service: its own, or one with a minted token. */
export function createToken(state: IssuerState, { fields }: ServiceCall): TestResponse {
  const refuse = (text: string): TestResponse => actionResponse('BAD_REQUEST', resultFields('A070201', text))
  const grantType = stringField(fields, 'grantType')
  if (grantType === undefined) return refuse('The grant type is missing.')
  const identifier = fields['clientId'] === undefined ? fields['clientIdentifier'] : fields['clientId']
  const clientId = findClient(state, identifier)
  if (clientId === undefined) return refuse('No such client.')
  const subject = grantType === 'CLIENT_CREDENTIALS' ? clientId : stringField(fields, 'subject')
  if (subject === undefined) return refuse('The subject is missing.')
  const preset = stringField(fields, 'accessToken')
  if (preset !== undefined && state.tokens.find('authlete', preset) !== undefined)
    return refuse('The access token exists.')

  const seconds = Number(fields['accessTokenDuration'] ?? 0) || DEFAULT_SECONDS.access
  const minted = mintOpaque(state, {
    provider: 'authlete',
    clientId,
    subject,
    scopes: listField(fields, 'scopes') ?? [],
    audience: listField(fields, 'resources') ?? null,
    expiresIn: isTrue(fields['accessTokenPersistent']) ? null : seconds,
  })
  const details = detailsFrom(state, fields, grantType)
  const record = state.tokens.replace(minted, {
    value: preset ?? minted.value,
    claims: { ...minted.claims, ...confirmationOf(details) },
    authlete: details,
  })
  const jwt = state.authlete.jwtAccessTokens ? signed(state, record, fields) : undefined
  if (jwt === undefined) return actionResponse('OK', CREATED, createdToken(state, record, fields))
  const withJwt = state.tokens.replace(record, { authlete: { ...details, jwt } })
  state.tokens.alias(jwt, withJwt)
  return actionResponse('OK', CREATED, { ...createdToken(state, withJwt, fields), jwtAccessToken: jwt })
}

const CREATED = resultFields('A070001', 'A new access token was successfully issued.')

/** Finds a client of the service: its own, or one with an existing token. */
function findClient(state: IssuerState, identifier: unknown): string | undefined {
  if (typeof identifier !== 'string' && typeof identifier !== 'number') return undefined
  const known = [state.authlete.clientId, ...state.tokens.list('authlete').map(({ clientId }) => clientId)]
  return known.find((clientId) => isClient(clientId, String(identifier)))
}

function detailsFrom(state: IssuerState, fields: Fields, grantType: string): AuthleteDetails {
  const certificateThumbprint = stringField(fields, 'certificateThumbprint')
  const dpopKeyThumbprint = stringField(fields, 'dpopKeyThumbprint')
  const seconds = Number(fields['refreshTokenDuration'] ?? 0) || DEFAULT_SECONDS.refresh
  const refresh = {
    value: stringField(fields, 'refreshToken') ?? randomString(32),
    expiresAt: Math.floor(nowSeconds(state)) + seconds,
  }
  return {
    grantType,
    tokenType: dpopKeyThumbprint === undefined ? 'Bearer' : 'DPoP',
    properties: propertiesField(fields),
    ...(WITHOUT_REFRESH.includes(grantType) ? {} : { refresh }),
    ...(certificateThumbprint === undefined ? {} : { certificateThumbprint }),
    ...(dpopKeyThumbprint === undefined ? {} : { dpopKeyThumbprint }),
    kept: Object.fromEntries(KEPT.filter((name) => name in fields).map((name) => [name, fields[name]])),
  }
}

const KEPT = ['acr', 'authTime', 'sessionId', 'authorizationDetails', 'forExternalAttachment']

/** Returns the `cnf` claim of a bound token (RFC 8705, RFC 9449). */
export function confirmationOf(
  details: Pick<AuthleteDetails, 'certificateThumbprint' | 'dpopKeyThumbprint'>,
): { readonly cnf?: Readonly<Record<string, string>> } {
  const { certificateThumbprint, dpopKeyThumbprint } = details
  if (certificateThumbprint === undefined && dpopKeyThumbprint === undefined) return {}
  return {
    cnf: {
      ...(certificateThumbprint === undefined ? {} : { 'x5t#S256': certificateThumbprint }),
      ...(dpopKeyThumbprint === undefined ? {} : { jkt: dpopKeyThumbprint }),
    },
  }
}

/** Reads properties, which are sent as JSON only. */
export function propertiesField(fields: Fields): readonly AuthleteTestProperty[] {
  const list: readonly unknown[] = Array.isArray(fields['properties']) ? fields['properties'] : []
  return list
    .filter((item) => typeof item === 'object' && item !== null)
    .map((item) => {
      const { key = '', value = '', hidden = false } = item as Partial<AuthleteTestProperty>
      return { key, value, hidden }
    })
}

/** Whether a field of a JSON body or a form is true. */
export function isTrue(value: unknown): boolean {
  return value === true || value === 'true'
}

/** Signs the JWT form of a token, which is valid as long as the token. */
function signed(state: IssuerState, record: TokenRecord, fields: Fields): string {
  const key = state.keys.authlete.signingKey(undefined, undefined)
  const text = stringField(fields, 'jwtAtClaims') ?? '{}'
  const further = JSON.parse(text) as Readonly<Record<string, unknown>>
  return signJwt(key, { alg: key.algorithm, typ: 'at+jwt', kid: key.kid }, { ...further, ...record.claims })
}

function createdToken(
  state: IssuerState,
  record: TokenRecord,
  fields: Fields,
): Readonly<Record<string, unknown>> {
  const { grantType, tokenType, properties, refresh, kept } = record.authlete ?? { properties: [] }
  return {
    accessToken: record.value,
    ...(refresh === undefined ? {} : { refreshToken: refresh.value, refreshTokenScopes: record.scopes }),
    tokenId: record.id,
    tokenType,
    grantType,
    clientId: clientNumber(record.clientId),
    clientIdentifier: fields['clientIdentifier'] ?? record.clientId,
    ...subjectOf(record),
    scopes: record.scopes,
    expiresAt: expiryOf(record),
    expiresIn: Math.round(expiryOf(record) / 1000 - nowSeconds(state)),
    properties,
    authorizationDetails: kept?.['authorizationDetails'],
    forExternalAttachment: kept?.['forExternalAttachment'],
    sessionId: kept?.['sessionId'],
  }
}
