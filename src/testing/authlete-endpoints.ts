import type { Route } from './endpoints.js'
import {
  bearerToken,
  formFields,
  json,
  listField,
  readFields,
  textField,
  type Answer,
  type Fields,
  type TestRequest,
} from './http.js'
import { signJwt } from './signing-keys.js'
import { isActive, nowSeconds, type IssuerState } from './state.js'
import type { TokenRecord } from './token-store.js'

/** Authlete's API, under `/authlete`, and what an authorization server built on it publishes. */
export function authleteRoutes(state: IssuerState): readonly Route[] {
  const issuer = state.endpoints.authlete
  const keys = (): Answer => json(200, state.keys.authlete.jwks())
  const metadata = (): Answer => json(200, { issuer, jwks_uri: `${issuer}/jwks` })
  const api = '/authlete/api/:service'
  return [
    {
      method: 'POST',
      path: `${api}/auth/introspection`,
      endpoint: 'authleteIntrospection',
      answer: asService(state, introspect),
    },
    {
      method: 'POST',
      path: `${api}/auth/introspection/standard`,
      endpoint: 'authleteIntrospection',
      answer: asService(state, introspectStandard),
    },
    { method: 'GET', path: `${api}/service/jwks/get`, endpoint: 'jwks', answer: asService(state, keys) },
    { method: 'GET', path: '/authlete/jwks', endpoint: 'jwks', answer: keys },
    {
      method: 'GET',
      path: '/authlete/.well-known/openid-configuration',
      endpoint: 'discovery',
      answer: metadata,
    },
    {
      method: 'GET',
      path: '/.well-known/oauth-authorization-server/authlete',
      endpoint: 'discovery',
      answer: metadata,
    },
  ]
}

type ServiceEndpoint = (state: IssuerState, fields: Fields) => Answer

function asService(state: IssuerState, endpoint: ServiceEndpoint): (request: TestRequest) => Answer {
  return (request) => {
    const token = bearerToken(request)
    if (token === undefined) return problem(401, 'A001202', 'Authorization header is missing.')
    if (token !== state.authlete.serviceAccessToken)
      return problem(401, 'A001203', 'The access token is not valid.')
    if (request.params['service'] !== state.authlete.serviceId) {
      return problem(403, 'A001215', 'The access token is not for this service.')
    }
    return endpoint(state, readFields(request) ?? {})
  }
}

/** A problem of the call to the API, which is no verdict on any token. */
function problem(status: number, code: string, text: string): Answer {
  return json(status, result(code, text))
}

/** Codes are diagnostics nobody may branch on; only some of these are Authlete's own. */
function result(code: string, text: string): { readonly resultCode: string; readonly resultMessage: string } {
  return { resultCode: code, resultMessage: `[${code}] ${text}` }
}

/** The answer is 200 for every verdict; the verdict is in `action`. */
function introspect(state: IssuerState, fields: Fields): Answer {
  const token = textField(fields, 'token')
  if (token === undefined) {
    return verdict('BAD_REQUEST', 'invalid_request', result('A056201', 'No access token was given.'))
  }
  const record = state.tokens.find('authlete', token)
  if (record === undefined || record.revoked) {
    return verdict('UNAUTHORIZED', 'invalid_token', result('A056301', 'The access token does not exist.'), {
      existent: false,
      usable: false,
      sufficient: false,
      refreshable: false,
    })
  }
  const facts = tokenFacts(record)
  if (!isActive(state, record)) {
    const expired = result('A056302', 'The access token has expired.')
    return verdict('UNAUTHORIZED', 'invalid_token', expired, { ...facts, existent: true, usable: false })
  }
  const known = { ...facts, existent: true, usable: true }
  const wanted = listField(fields, 'scopes')
  if (wanted?.every((scope) => record.scopes.includes(scope)) === false) {
    const lacking = result('A056303', 'The access token does not cover the required scopes.')
    return verdict('FORBIDDEN', 'insufficient_scope', lacking, { ...known, sufficient: false })
  }
  const subject = textField(fields, 'subject')
  if (subject !== undefined && subject !== facts['subject']) {
    const foreign = result('A056304', 'The subject is another.')
    return verdict('FORBIDDEN', 'invalid_request', foreign, { ...known, sufficient: true })
  }
  const valid = result('A056001', 'The access token is valid.')
  // Also in a positive answer there is an error text, which says nothing: a trap that is Authlete's own.
  return verdict('OK', 'invalid_request', valid, { ...known, sufficient: true })
}

function verdict(
  action: string,
  error: string,
  diagnostics: Readonly<Record<string, unknown>>,
  facts: Readonly<Record<string, unknown>> = {},
): Answer {
  return json(200, { ...diagnostics, action, responseContent: `Bearer error="${error}"`, ...facts })
}

/**
 * What Authlete tells of a token; times in milliseconds. A token of a client alone has no subject. It is
 * left out, not null: Authlete's own TypeScript SDK cannot read a null there.
 */
function tokenFacts(record: TokenRecord): Readonly<Record<string, unknown>> {
  const isNumber = /^\d{1,15}$/.test(record.clientId)
  const isMachine = record.subject === record.clientId
  const confirmation = record.claims['cnf']
  return {
    clientId: isNumber ? Number(record.clientId) : aliasNumber(record.clientId),
    ...(isNumber ? {} : { clientIdAlias: record.clientId }),
    clientIdAliasUsed: !isNumber,
    ...(isMachine ? {} : { subject: record.subject }),
    grantType: isMachine ? 'CLIENT_CREDENTIALS' : 'AUTHORIZATION_CODE',
    scopes: record.scopes,
    // Never expiring is, at Authlete, a date in a far future.
    expiresAt: record.expiresAt === null ? FAR_FUTURE_MS : Math.round(record.expiresAt * 1000),
    refreshable: false,
    accessTokenResources: record.audience,
    properties: propertiesOf(record),
    responseSigningRequired: false,
    ...(hasThumbprint(confirmation) ? { certificateThumbprint: confirmation['x5t#S256'] } : {}),
  }
}

const FAR_FUTURE_MS = Date.UTC(9999, 11, 31)

/** A client with an alias has a number as well. */
function aliasNumber(alias: string): number {
  return Array.from(alias).reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 1e12, 7)
}

function propertiesOf(record: TokenRecord): readonly Readonly<Record<string, unknown>>[] {
  return Object.entries(record.extraClaims)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ({
      key,
      value: typeof value === 'string' ? value : JSON.stringify(value),
      hidden: false,
    }))
}

function hasThumbprint(value: unknown): value is Readonly<Record<'x5t#S256', unknown>> {
  return typeof value === 'object' && value !== null && 'x5t#S256' in value
}

/** For building an own RFC 7662 endpoint: its whole answer is a text within this one. */
function introspectStandard(state: IssuerState, fields: Fields): Answer {
  const token = textField(formFields(textField(fields, 'parameters') ?? ''), 'token')
  if (token === undefined) {
    const content = { error: 'invalid_request', error_description: 'token is missing' }
    return standard(
      'BAD_REQUEST',
      result('A145201', 'The token parameter is missing.'),
      JSON.stringify(content),
    )
  }
  const record = state.tokens.find('authlete', token)
  const resource = textField(fields, 'rsUri')
  const isForResource =
    resource === undefined || record?.audience.length === 0 || record?.audience.includes(resource) === true
  const content =
    record !== undefined && isForResource && isActive(state, record)
      ? { active: true, token_type: 'Bearer', ...record.claims }
      : { active: false }
  const done = result('A145001', 'The introspection request is valid.')
  if (fields['httpAcceptHeader'] !== 'application/token-introspection+jwt') {
    return standard('OK', done, JSON.stringify(content))
  }
  if (resource === undefined) return standard('BAD_REQUEST', result('A145202', 'rsUri is required.'), '')
  return standard('JWT', done, signedAnswer(state, resource, content))
}

function standard(
  action: string,
  diagnostics: Readonly<Record<string, unknown>>,
  responseContent: string,
): Answer {
  return json(200, { ...diagnostics, action, responseContent })
}

/** RFC 9701 section 5. */
function signedAnswer(
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
