import { createHash } from 'node:crypto'
import { actionResponse, resultFields, type ServiceCall } from './calls.js'
import { clientNumber, detailsOf, expiryOf, subjectOf } from './facts.js'
import { formFields, listField, stringField, type TestResponse, type Fields } from '../server/http.js'
import { signJwt } from '../state/signing-keys.js'
import { isActive, nowSeconds, type IssuerState } from '../state/state.js'
import type { TokenRecord } from '../state/token-store.js'

/** Introspects a token. The status is always 200, and the result is in `action`. */
export function introspect(state: IssuerState, { fields }: ServiceCall): TestResponse {
  const token = stringField(fields, 'token')
  if (token === undefined) {
    return verdict('BAD_REQUEST', 'invalid_request', resultFields('A056201', 'No access token was given.'))
  }
  const record = state.tokens.find('authlete', token)
  if (record === undefined || record.revoked) {
    return verdict(
      'UNAUTHORIZED',
      'invalid_token',
      resultFields('A056301', 'The access token does not exist.'),
      {
        existent: false,
        usable: false,
        sufficient: false,
        refreshable: false,
      },
    )
  }
  const facts = tokenFacts(state, record)
  if (!isActive(state, record)) {
    const expired = resultFields('A056302', 'The access token has expired.')
    return verdict('UNAUTHORIZED', 'invalid_token', expired, { ...facts, existent: true, usable: false })
  }
  const known = { ...facts, existent: true, usable: true }
  const wanted = listField(fields, 'scopes')
  if (wanted?.every((scope) => record.scopes.includes(scope)) === false) {
    const lacking = resultFields('A056303', 'The access token does not cover the required scopes.')
    return verdict('FORBIDDEN', 'insufficient_scope', lacking, { ...known, sufficient: false })
  }
  const subject = stringField(fields, 'subject')
  if (subject !== undefined && subject !== facts['subject']) {
    const foreign = resultFields('A056304', 'The subject is another.')
    return verdict('FORBIDDEN', 'invalid_request', foreign, { ...known, sufficient: true })
  }
  const unproven = missingProof(state, record, fields)
  if (unproven !== undefined) {
    return verdict('UNAUTHORIZED', 'invalid_token', resultFields('A056305', unproven), {
      ...known,
      sufficient: true,
    })
  }
  const valid = resultFields('A056001', 'The access token is valid.')
  // Authlete sends an error string in a positive response as well. It has no meaning.
  return verdict('OK', 'invalid_request', valid, { ...known, sufficient: true })
}

function verdict(
  action: string,
  error: string,
  diagnostics: Readonly<Record<string, unknown>>,
  facts: Readonly<Record<string, unknown>> = {},
): TestResponse {
  return actionResponse(action, diagnostics, { responseContent: `Bearer error="${error}"`, ...facts })
}

/**
 * Returns the requirement that a token does not meet. Authlete does not document the action; it is 401 here, as
 * in RFC 9449, RFC 8707 and RFC 9470. Only the key of a proof is compared.
 */
function missingProof(state: IssuerState, record: TokenRecord, fields: Fields): string | undefined {
  const { dpopKeyThumbprint, kept } = detailsOf(record)
  const proof = stringField(fields, 'dpop')
  if (dpopKeyThumbprint !== undefined && (proof === undefined || keyOf(proof) !== dpopKeyThumbprint)) {
    return 'The DPoP proof is missing or made with another key.'
  }
  const resources = listField(fields, 'resources') ?? []
  if (!resources.every((resource) => record.audience.includes(resource))) {
    return 'The access token is for other resources.'
  }
  const acrValues = listField(fields, 'acrValues') ?? []
  if (acrValues.length > 0 && !acrValues.some((acr) => acr === kept['acr']))
    return 'The acr does not suffice.'
  const maxAge = fields['maxAge'] === undefined ? undefined : Number(fields['maxAge'])
  const authTime = typeof kept['authTime'] === 'number' ? kept['authTime'] : 0
  if (maxAge !== undefined && nowSeconds(state) - authTime > maxAge) return 'The authentication is too old.'
  return undefined
}

/** The RFC 7638 thumbprint of the key in a proof's header; `undefined` if absent. */
function keyOf(proof: string): string | undefined {
  try {
    const text = Buffer.from(proof.split('.')[0] ?? '', 'base64url').toString('utf8')
    const { jwk = {} } = JSON.parse(text) as { readonly jwk?: Readonly<Record<string, unknown>> }
    const members = ['crv', 'e', 'kty', 'n', 'x', 'y'].filter((name) => typeof jwk[name] === 'string')
    const canonical = JSON.stringify(Object.fromEntries(members.map((name) => [name, jwk[name]])))
    return createHash('sha256').update(canonical).digest('base64url')
  } catch {
    return undefined
  }
}

/** Returns Authlete's facts about a token. Times are in milliseconds. */
function tokenFacts(state: IssuerState, record: TokenRecord): Readonly<Record<string, unknown>> {
  const { grantType, properties, certificateThumbprint, refresh, kept } = detailsOf(record)
  const isNumber = /^\d{1,15}$/.test(record.clientId)
  const { acr, authTime, authorizationDetails, forExternalAttachment } = kept
  return {
    clientId: clientNumber(record.clientId),
    ...(isNumber ? {} : { clientIdAlias: record.clientId }),
    clientIdAliasUsed: !isNumber,
    ...subjectOf(record),
    grantType,
    scopes: record.scopes,
    expiresAt: expiryOf(record),
    refreshable: refresh !== undefined && nowSeconds(state) < refresh.expiresAt,
    resources: record.audience,
    accessTokenResources: record.audience,
    properties,
    responseSigningRequired: false,
    ...(certificateThumbprint === undefined ? {} : { certificateThumbprint }),
    // JSON omits properties that are undefined.
    acr,
    authTime,
    authorizationDetails,
    forExternalAttachment,
  }
}

/** Creates the response of an RFC 7662 endpoint as a string in `responseContent`. */
export function introspectStandard(state: IssuerState, { fields }: ServiceCall): TestResponse {
  const token = stringField(formFields(stringField(fields, 'parameters') ?? ''), 'token')
  if (token === undefined) {
    const content = { error: 'invalid_request', error_description: 'token is missing' }
    return standard(
      'BAD_REQUEST',
      resultFields('A145201', 'The token parameter is missing.'),
      JSON.stringify(content),
    )
  }
  const record = state.tokens.find('authlete', token)
  const resource = stringField(fields, 'rsUri')
  const isForResource =
    resource === undefined || record?.audience.length === 0 || record?.audience.includes(resource) === true
  const content =
    record !== undefined && isForResource && isActive(state, record)
      ? describe(record, fields['withHiddenProperties'] === true)
      : { active: false }
  const done = resultFields('A145001', 'The introspection request is valid.')
  if (fields['httpAcceptHeader'] !== 'application/token-introspection+jwt') {
    return standard('OK', done, JSON.stringify(content))
  }
  if (resource === undefined)
    return standard('BAD_REQUEST', resultFields('A145202', 'rsUri is required.'), '')
  return standard('JWT', done, signedResponse(state, resource, content))
}

/** Returns the claims of a minted token, or the properties of a created one. */
function describe(record: TokenRecord, withHidden: boolean): Readonly<Record<string, unknown>> {
  const { authlete } = record
  const shown = authlete?.properties.filter(({ hidden }) => withHidden || !hidden) ?? []
  return {
    ...Object.fromEntries(shown.map(({ key, value }) => [key, value])),
    active: true,
    token_type: authlete?.tokenType ?? 'Bearer',
    ...record.claims,
  }
}

function standard(
  action: string,
  diagnostics: Readonly<Record<string, unknown>>,
  responseContent: string,
): TestResponse {
  return actionResponse(action, diagnostics, { responseContent })
}

/** RFC 9701 section 5. */
function signedResponse(
  state: IssuerState,
  audience: string,
  content: Readonly<Record<string, unknown>>,
): string {
  const key = state.keys.authlete.signingKey(undefined, undefined)
  const header = { alg: key.algorithm, typ: 'token-introspection+jwt', kid: key.kid }
  const iat = Math.floor(nowSeconds(state))
  return signJwt(key, header, {
    iss: state.endpoints.authlete,
    aud: audience,
    iat,
    token_introspection: content,
  })
}
