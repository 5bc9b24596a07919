import type { TestClient } from '../state/clients.js'
import type { Endpoint, Route } from '../server/endpoints.js'
import { AssertionVerifier } from './client-assertion.js'
import { json, stringField, type TestResponse, type Fields } from '../server/http.js'
import { mintJwt, mintOpaque } from '../mint.js'
import {
  asAuthenticatedClient,
  ASSERTION_ALGORITHMS,
  AUTHENTICATION_METHODS,
  type ClientEndpoint,
} from './client-authentication.js'
import { oauthError } from './errors.js'
import { GRANT_TYPES, isClientOptional, limitScopes, readGrant, requestedScopes } from './grants.js'
import { isActive, nowSeconds, type IssuerState } from '../state/state.js'

/** The endpoints of the OAuth 2 issuer. */
export function oauthRoutes(state: IssuerState): readonly Route[] {
  const metadata = (): TestResponse => json(200, discoveryDocument(state.endpoints.oauth))
  const judge = new AssertionVerifier()
  const forClients = (path: string, endpoint: Endpoint, handler: ClientEndpoint): Route => ({
    method: 'POST',
    path,
    endpoint,
    respond: asAuthenticatedClient(
      state,
      judge,
      path,
      handler,
      endpoint === 'token' ? anonymousToken : undefined,
    ),
  })
  return [
    { method: 'GET', path: '/.well-known/openid-configuration', endpoint: 'discovery', respond: metadata },
    {
      method: 'GET',
      path: '/.well-known/oauth-authorization-server',
      endpoint: 'discovery',
      respond: metadata,
    },
    { method: 'GET', path: '/jwks', endpoint: 'jwks', respond: () => json(200, state.keys.oauth.jwks()) },
    forClients('/token', 'token', issueToken),
    forClients('/introspect', 'introspection', introspect),
    forClients('/revoke', 'revocation', revoke),
  ]
}

function discoveryDocument(issuer: string): Readonly<Record<string, unknown>> {
  return {
    issuer,
    jwks_uri: `${issuer}/jwks`,
    token_endpoint: `${issuer}/token`,
    introspection_endpoint: `${issuer}/introspect`,
    revocation_endpoint: `${issuer}/revoke`,
    grant_types_supported: Object.values(GRANT_TYPES),
    response_types_supported: [],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    token_endpoint_auth_methods_supported: AUTHENTICATION_METHODS,
    token_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    introspection_endpoint_auth_methods_supported: AUTHENTICATION_METHODS,
    introspection_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    revocation_endpoint_auth_methods_supported: AUTHENTICATION_METHODS,
    revocation_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
  }
}

/** A token without client authentication, which the JWT bearer grant allows. The token names the subject as its client. */
function anonymousToken(state: IssuerState, fields: Fields): TestResponse | undefined {
  if (!isClientOptional(fields)) return undefined
  const grant = readGrant(state, fields)
  if ('status' in grant) return grant
  const clientId = grant.subject ?? ''
  return issueToken(state, fields, { clientId, clientSecret: '', scopes: null, audience: state.audience })
}

/** Issues the token of a grant, with resource indicators (RFC 8707). */
function issueToken(state: IssuerState, fields: Fields, client: TestClient): TestResponse {
  const grant = readGrant(state, fields)
  if ('status' in grant) return grant
  const scopes = grantedScopes(limitScopes(client, grant), requestedScopes(fields))
  if (scopes === undefined) return oauthError(400, 'invalid_scope', 'the client may not have this scope')
  const requested = audienceField(fields)
  if (requested !== undefined && !mayAskFor(client, requested, fields))
    return oauthError(400, 'invalid_target', 'the client may not have tokens for this audience')
  const { tokenLifetime: expiresIn = 3600, clientId } = client
  const audience = requested ?? client.audience
  const { subject = clientId, claims = {} } = grant
  const options = { clientId, subject, scopes, audience, expiresIn, claims }
  const format = fields['token_format'] ?? 'jwt'
  if (format !== 'jwt' && format !== 'opaque')
    return oauthError(400, 'invalid_request', 'unknown token_format')
  const { value } = format === 'jwt' ? mintJwt(state, options) : mintOpaque(state, options)
  const scope = scopes.length === 0 ? {} : { scope: scopes.join(' ') }
  const body = {
    access_token: value,
    token_type: 'Bearer',
    expires_in: expiresIn,
    ...scope,
    ...grant.response,
  }
  return json(200, body, { 'cache-control': 'no-store' })
}

/**
 * Returns the granted scopes: all requested ones, or `undefined` if one is not allowed. Without a request, all
 * scopes of the client.
 */
export function grantedScopes(
  client: Pick<TestClient, 'scopes'>,
  requested: readonly string[] | undefined,
): readonly string[] | undefined {
  if (requested === undefined) return client.scopes ?? []
  const { scopes } = client
  return scopes === null || requested.every((scope) => scopes.includes(scope)) ? requested : undefined
}

/**
 * Whether a client may request these audiences. A resource must be an absolute URI without a fragment (RFC 8707
 * section 2).
 */
function mayAskFor(
  { audiences }: TestClient,
  requested: string | readonly string[],
  fields: Fields,
): boolean {
  const isAddress = (item: string): boolean => URL.canParse(item) && !item.includes('#')
  const list = [requested].flat()
  const areNamedRightly = fields['resource'] === undefined ? list.length > 0 : list.every(isAddress)
  return areNamedRightly && list.every((item) => audiences?.includes(item) !== false)
}

function audienceField(fields: Fields): string | readonly string[] | undefined {
  const value = fields['resource'] ?? fields['audience']
  if (Array.isArray(value)) return value.filter((item) => typeof item === 'string')
  return typeof value === 'string' ? value : undefined
}

/** Introspects a token. An inactive token has no further members (RFC 7662 section 2.2). */
function introspect(state: IssuerState, fields: Fields): TestResponse {
  const token = stringField(fields, 'token')
  if (token === undefined) return oauthError(400, 'invalid_request', 'token is missing')
  const record = state.tokens.find('oauth', token)
  if (record === undefined || !isActive(state, record)) return json(200, { active: false })
  return json(200, { active: true, token_type: 'Bearer', ...record.claims })
}

/** Revokes a token. An unknown token succeeds; another client's token is refused (RFC 7009 section 2.1, 2.2). */
function revoke(state: IssuerState, fields: Fields, client: TestClient): TestResponse {
  const token = stringField(fields, 'token')
  if (token === undefined) return oauthError(400, 'invalid_request', 'token is missing')
  const record = state.tokens.find('oauth', token)
  if (record !== undefined && record.clientId !== client.clientId) {
    return oauthError(400, 'unauthorized_client', 'the token was issued to another client')
  }
  state.tokens.revoke(token, nowSeconds(state))
  return { status: 200, headers: { 'cache-control': 'no-store' }, body: '' }
}
