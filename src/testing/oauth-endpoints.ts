import type { TestClient } from './clients.js'
import type { Route } from './endpoints.js'
import {
  basicCredentials,
  json,
  listField,
  readFields,
  textField,
  type Answer,
  type Fields,
  type TestRequest,
} from './http.js'
import { mintJwt, mintOpaque } from './mint.js'
import { isActive, nowSeconds, type IssuerState } from './state.js'

/** The endpoints of the OAuth 2 issuer. */
export function oauthRoutes(state: IssuerState): readonly Route[] {
  const metadata = (): Answer => json(200, discoveryDocument(state.endpoints.oauth))
  return [
    { method: 'GET', path: '/.well-known/openid-configuration', endpoint: 'discovery', answer: metadata },
    {
      method: 'GET',
      path: '/.well-known/oauth-authorization-server',
      endpoint: 'discovery',
      answer: metadata,
    },
    { method: 'GET', path: '/jwks', endpoint: 'jwks', answer: () => json(200, state.keys.oauth.jwks()) },
    { method: 'POST', path: '/token', endpoint: 'token', answer: asClient(state, issueToken) },
    { method: 'POST', path: '/introspect', endpoint: 'introspection', answer: asClient(state, introspect) },
    { method: 'POST', path: '/revoke', endpoint: 'revocation', answer: asClient(state, revoke) },
  ]
}

function discoveryDocument(issuer: string): Readonly<Record<string, unknown>> {
  const authentication = ['client_secret_basic', 'client_secret_post']
  return {
    issuer,
    jwks_uri: `${issuer}/jwks`,
    token_endpoint: `${issuer}/token`,
    introspection_endpoint: `${issuer}/introspect`,
    revocation_endpoint: `${issuer}/revoke`,
    grant_types_supported: ['client_credentials'],
    response_types_supported: [],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    token_endpoint_auth_methods_supported: authentication,
    introspection_endpoint_auth_methods_supported: authentication,
    revocation_endpoint_auth_methods_supported: authentication,
  }
}

type ClientEndpoint = (state: IssuerState, fields: Fields, client: TestClient) => Answer

/** Lets only clients in: by Basic or by the form, never by both (RFC 6749 section 2.3). */
function asClient(state: IssuerState, endpoint: ClientEndpoint): (request: TestRequest) => Answer {
  return (request) => {
    const fields = readFields(request)
    if (fields === undefined) return oauthError(400, 'invalid_request', 'the body is neither a form nor JSON')
    const basic = basicCredentials(request)
    const secret = textField(fields, 'client_secret')
    if (basic !== undefined && secret !== undefined) {
      return oauthError(400, 'invalid_request', 'the client authenticates in more than one way')
    }
    const { clientId, clientSecret } = basic ?? {
      clientId: textField(fields, 'client_id'),
      clientSecret: secret,
    }
    const client = state.oauth.clients.authenticate(clientId, clientSecret)
    if (client === undefined) {
      return oauthError(401, 'invalid_client', 'unknown client or wrong secret', {
        'www-authenticate': 'Basic realm="test issuer"',
      })
    }
    return endpoint(state, fields, client)
  }
}

/** An error body of RFC 6749 section 5.2. */
function oauthError(
  status: number,
  error: string,
  description: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return json(status, { error, error_description: description }, { 'cache-control': 'no-store', ...headers })
}

/** The client credentials grant (RFC 6749 section 4.4), with resource indicators (RFC 8707). */
function issueToken(state: IssuerState, fields: Fields, client: TestClient): Answer {
  if (fields['grant_type'] !== 'client_credentials') {
    return oauthError(400, 'unsupported_grant_type', 'only client_credentials')
  }
  const scopes = grantedScopes(client, listField(fields, 'scope'))
  if (scopes === undefined) return oauthError(400, 'invalid_scope', 'the client may not have this scope')
  const options = {
    clientId: client.clientId,
    scopes,
    audience: audienceField(fields) ?? client.audience,
  }
  const format = fields['token_format'] ?? 'jwt'
  if (format !== 'jwt' && format !== 'opaque')
    return oauthError(400, 'invalid_request', 'unknown token_format')
  const { value } = format === 'jwt' ? mintJwt(state, options) : mintOpaque(state, options)
  const scope = scopes.length === 0 ? {} : { scope: scopes.join(' ') }
  const body = { access_token: value, token_type: 'Bearer', expires_in: 3600, ...scope }
  return json(200, body, { 'cache-control': 'no-store' })
}

/** What a client gets of what it asks for: all of it or nothing; without asking, all it may have. */
export function grantedScopes(
  client: TestClient,
  wanted: readonly string[] | undefined,
): readonly string[] | undefined {
  if (wanted === undefined) return client.scopes ?? []
  const { scopes } = client
  return scopes === null || wanted.every((scope) => scopes.includes(scope)) ? wanted : undefined
}

function audienceField(fields: Fields): string | readonly string[] | undefined {
  const value = fields['resource'] ?? fields['audience']
  if (Array.isArray(value)) return value.filter((item) => typeof item === 'string')
  return typeof value === 'string' ? value : undefined
}

/** RFC 7662: says nothing about tokens that are no good, not even why. */
function introspect(state: IssuerState, fields: Fields): Answer {
  const token = textField(fields, 'token')
  if (token === undefined) return oauthError(400, 'invalid_request', 'token is missing')
  const record = state.tokens.find('oauth', token)
  if (record === undefined || !isActive(state, record)) return json(200, { active: false })
  return json(200, { active: true, token_type: 'Bearer', ...record.claims })
}

/** RFC 7009: a token nobody knows is as good as revoked, another client's is not for this one to revoke. */
function revoke(state: IssuerState, fields: Fields, client: TestClient): Answer {
  const token = textField(fields, 'token')
  if (token === undefined) return oauthError(400, 'invalid_request', 'token is missing')
  const record = state.tokens.find('oauth', token)
  if (record !== undefined && record.clientId !== client.clientId) {
    return oauthError(400, 'unauthorized_client', 'the token was issued to another client')
  }
  state.tokens.revoke(token, nowSeconds(state))
  return { status: 200, headers: { 'cache-control': 'no-store' }, body: '' }
}
