import { encodePathSegment } from '../../options/path-part.js'
import { isRecord } from '../../util/members.js'
import { parseJson } from '../../util/json.js'
import { AuthleteApi, type AuthleteTokensOptions } from './api.js'
import type {
  AuthleteIntrospectInput,
  AuthleteIntrospection,
  AuthleteStandardIntrospection,
  AuthleteIntrospectStandardInput,
} from './introspection-types.js'
import { listTokens } from './list.js'
import { readCreatedToken, readTokenDetails, readUpdatedToken } from './response.js'
import { withSecrets } from '../api/hidden-members.js'
import {
  createRequest,
  deleteRequest,
  introspectRequest,
  reissueRequest,
  standardRequest,
  updateRequest,
} from './requests.js'
import { revokeAll, revokeOne } from './revoke.js'
import type {
  AuthleteCreatedToken,
  AuthleteCreateInput,
  AuthleteDeleteInput,
  AuthleteReissuedIdToken,
  AuthleteReissueIdTokenInput,
  AuthleteUpdatedToken,
  AuthleteUpdateInput,
} from './types.js'
import { readIntrospection } from '../oauth/introspection.js'
import { string } from '../../util/members.js'
import { type CallOptions } from '../api/call.js'
import type { AuthleteTokens } from './operations.js'

/**
 * Creates a client that lists, creates, changes, deletes, revokes and introspects tokens at Authlete.
 *
 * @throws ConfigurationError that names the option that is missing, invalid or unknown.
 *
 * @example
 * ```ts
 * const tokens = authleteTokens({ serviceId, serviceAccessToken, apiUrl: 'https://us.authlete.com' })
 * const { token } = await tokens.create({ grantType: 'CLIENT_CREDENTIALS', clientId, scopes: 'orders:read' })
 * await tokens.revoke({ token })
 * ```
 */
export function authleteTokens(options: AuthleteTokensOptions): AuthleteTokens {
  const api = new AuthleteApi('authleteTokens', options)
  return Object.freeze<AuthleteTokens>({
    list: (input = {}, call) => listTokens(api, 'authleteTokens.list', input, call),
    create: (input, call) => create(api, input, call),
    update: (input, call) => update(api, input, call),
    delete: (input, call) => deleteToken(api, input, call),
    revoke: (input, call) => revokeOne(api, input, call),
    revokeAllOfClient: (input, call) => revokeAll(api, 'revokeAllOfClient', input, ['clientId'], call),
    revokeAllOfClientAndSubject: (input, call) =>
      revokeAll(api, 'revokeAllOfClientAndSubject', input, ['clientId', 'subject'], call),
    revokeAllOfSubject: (input, call) => revokeAll(api, 'revokeAllOfSubject', input, ['subject'], call),
    reissueIdToken: (input, call) => reissueIdToken(api, input, call),
    introspect: (input, call) => introspect(api, input, call),
    introspectStandard: (input, call) => introspectStandard(api, input, call),
  })
}

async function create(
  api: AuthleteApi,
  input: AuthleteCreateInput,
  options: CallOptions | undefined,
): Promise<AuthleteCreatedToken> {
  const json = createRequest('authleteTokens.create', input)
  const secrets = [json['accessToken'], json['refreshToken']]
  const call = { name: 'create', path: '/auth/token/create', json, secrets, options, ...CHANGE }
  const response = await api.callAction(call, ['OK'])
  const token = readCreatedToken(response.json)
  if (token === undefined) throw response.incomplete('no access token')
  return token
}

async function update(
  api: AuthleteApi,
  input: AuthleteUpdateInput,
  options: CallOptions | undefined,
): Promise<AuthleteUpdatedToken> {
  const json = updateRequest('authleteTokens.update', input)
  // A token has the length of a hash and may have been passed by mistake.
  const secrets = [json['accessToken'], json['accessTokenHash'], json['tokenId']]
  const call = { name: 'update', path: '/auth/token/update', json, secrets, options, ...CHANGE }
  const response = await api.callAction(call, ['OK'])
  const token = readUpdatedToken(response.json)
  if (json['accessTokenValueUpdated'] === true && token.token === undefined) {
    throw response.incomplete('no new access token')
  }
  return token
}

async function deleteToken(
  api: AuthleteApi,
  input: AuthleteDeleteInput,
  options: CallOptions | undefined,
): Promise<void> {
  const identifier = deleteRequest('authleteTokens.delete', input)
  const { status, incomplete } = await api.call({
    name: 'delete',
    method: 'DELETE',
    path: `/auth/token/delete/${encodePathSegment('authleteTokens.delete.token', identifier)}`,
    isRead: false,
    secrets: [identifier],
    options,
  })
  if (status !== 204) throw incomplete('another status than 204')
}

async function reissueIdToken(
  api: AuthleteApi,
  input: AuthleteReissueIdTokenInput,
  options: CallOptions | undefined,
): Promise<AuthleteReissuedIdToken> {
  const json = reissueRequest('authleteTokens.reissueIdToken', input)
  const secrets = [json['accessToken'], json['refreshToken']]
  const call = { name: 'reissueIdToken', path: '/idtoken/reissue', json, secrets, options, ...CHANGE }
  const response = await api.callAction(call, ['OK'])
  const idToken = string(response.json, 'idToken')
  if (idToken === undefined) throw response.incomplete('no ID token')
  return withSecrets({}, { idToken, tokenResponse: string(response.json, 'responseContent') })
}

async function introspect(
  api: AuthleteApi,
  input: AuthleteIntrospectInput,
  options: CallOptions | undefined,
): Promise<AuthleteIntrospection> {
  const json = introspectRequest('authleteTokens.introspect', input)
  const call = {
    ...READ,
    name: 'introspect',
    path: '/auth/introspection',
    json,
    // A DPoP proof must be sent only once. A retry would be refused as a repetition.
    isRepeatable: json['dpop'] === undefined,
    secrets: [json['token'], json['dpop']],
    options,
  }
  const response = await api.callAction(call, ACTIONS)
  return readTokenDetails(response.json, response.action as (typeof ACTIONS)[number])
}

const ACTIONS = ['OK', 'UNAUTHORIZED', 'FORBIDDEN'] as const

async function introspectStandard(
  api: AuthleteApi,
  input: AuthleteIntrospectStandardInput,
  options: CallOptions | undefined,
): Promise<AuthleteStandardIntrospection> {
  const json = standardRequest('authleteTokens.introspectStandard', input)
  const token = new URLSearchParams(String(json['parameters'])).get('token')
  const secrets = [token, json['parameters'], json['sharedKeyForSign'], json['sharedKeyForEncryption']]
  const path = '/auth/introspection/standard'
  const call = { name: 'introspectStandard', path, json, secrets, options, ...READ }
  const { action, json: response, incomplete } = await api.callAction(call, ['OK', 'JWT'])
  const content = string(response, 'responseContent')
  if (content === undefined || content === '') throw incomplete('no responseContent')
  if (action === 'JWT') return Object.freeze({ format: 'jwt', jwt: content })
  const inner = parseJson(content)
  const introspection = isRecord(inner) ? readIntrospection(inner) : undefined
  if (introspection === undefined) throw incomplete('no active member')
  return Object.freeze({ format: 'json', ...introspection })
}

const CHANGE = { method: 'POST', isRead: false } as const
const READ = { method: 'POST', isRead: true } as const
