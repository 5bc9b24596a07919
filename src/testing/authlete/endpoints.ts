import { requireServiceToken, type ServiceEndpoint } from './calls.js'
import { createToken } from './create.js'
import { introspect, introspectStandard } from './introspection.js'
import { reissueIdToken } from './id-tokens.js'
import { deleteToken, listTokens, revokeTokens, updateToken } from './management.js'
import type { Endpoint, Route } from '../server/endpoints.js'
import { json, type TestResponse } from '../server/http.js'
import type { IssuerState } from '../state/state.js'

/** Authlete's API under `/authlete`, and the metadata of an authorization server built on it. */
export function authleteRoutes(state: IssuerState): readonly Route[] {
  const issuer = state.endpoints.authlete
  const keys = (): TestResponse => json(200, state.keys.authlete.jwks())
  const metadata = (): TestResponse => json(200, { issuer, jwks_uri: `${issuer}/jwks` })
  const api = (
    method: Route['method'],
    path: string,
    endpoint: Endpoint,
    handler: ServiceEndpoint,
  ): Route => ({
    method,
    path: `/authlete/api/:service${path}`,
    endpoint,
    respond: requireServiceToken(state, handler),
  })
  return [
    api('POST', '/auth/introspection', 'authleteIntrospection', introspect),
    api('POST', '/auth/introspection/standard', 'authleteIntrospection', introspectStandard),
    api('GET', '/auth/token/get/list', 'authleteTokens', listTokens),
    api('POST', '/auth/token/create', 'authleteTokens', createToken),
    api('POST', '/auth/token/update', 'authleteTokens', updateToken),
    api('DELETE', '/auth/token/delete/:token', 'authleteTokens', deleteToken),
    api('POST', '/auth/token/revoke', 'authleteTokens', revokeTokens),
    api('POST', '/idtoken/reissue', 'authleteTokens', reissueIdToken),
    api('GET', '/service/jwks/get', 'jwks', keys),
    { method: 'GET', path: '/authlete/jwks', endpoint: 'jwks', respond: keys },
    {
      method: 'GET',
      path: '/authlete/.well-known/openid-configuration',
      endpoint: 'discovery',
      respond: metadata,
    },
    {
      method: 'GET',
      path: '/.well-known/oauth-authorization-server/authlete',
      endpoint: 'discovery',
      respond: metadata,
    },
  ]
}
