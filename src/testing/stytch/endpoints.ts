import type { Route } from '../server/endpoints.js'
import { listField, readFields, stringField, type TestResponse, type TestRequest } from '../server/http.js'
import { mintJwt } from '../mint.js'
import { grantedScopes } from '../oauth/endpoints.js'
import type { IssuerState } from '../state/state.js'
import { apiError, stytchResponse, tokenError } from './responses.js'
import { stytchClientRoutes } from './client-endpoints.js'

/** Stytch's API, at the root of a separate listener, because its SDK drops every path from the base URL. */
export function stytchRoutes(state: IssuerState): readonly Route[] {
  const keys = (request: TestRequest): TestResponse =>
    (request.params['project'] ?? state.stytch.projectId) === state.stytch.projectId
      ? stytchResponse(200, state.keys.stytch.jwks())
      : apiError(404, 'project_not_found', 'No such project')
  return [
    { method: 'GET', path: '/v1/sessions/jwks/:project', endpoint: 'jwks', respond: keys },
    { method: 'GET', path: '/v1/b2b/sessions/jwks/:project', endpoint: 'jwks', respond: keys },
    { method: 'GET', path: '/.well-known/jwks.json', endpoint: 'jwks', respond: keys },
    {
      method: 'POST',
      path: '/v1/public/:project/oauth2/token',
      endpoint: 'stytchToken',
      respond: (request) => issueToken(state, request),
    },
    ...stytchClientRoutes(state),
  ]
}

/** The client credentials grant, as a form (Node, curl) or as JSON (Ruby). */
function issueToken(state: IssuerState, request: TestRequest): TestResponse {
  if (request.params['project'] !== state.stytch.projectId) {
    return tokenError(404, 'invalid_request', 'No such project')
  }
  const fields = readFields(request)
  if (fields === undefined) return tokenError(400, 'invalid_request', 'The body is neither a form nor JSON')
  if (fields['grant_type'] !== 'client_credentials') {
    return tokenError(400, 'unsupported_grant_type', 'Only client_credentials')
  }
  const client = state.stytch.clients.authenticate(
    stringField(fields, 'client_id'),
    stringField(fields, 'client_secret'),
  )
  if (client === undefined) return tokenError(401, 'invalid_client', 'Unknown client or wrong secret')
  if (client.status !== 'active') return tokenError(401, 'invalid_client', 'The client is not active')
  const scopes = grantedScopes(client, listField(fields, 'scope'))
  if (scopes === undefined) return tokenError(400, 'invalid_scope', 'The client may not have this scope')
  const { value } = mintJwt(state, { provider: 'stytch', clientId: client.clientId, scopes })
  return stytchResponse(200, { access_token: value, token_type: 'bearer', expires_in: 3600 })
}
