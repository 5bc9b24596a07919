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
import { listTokens, type AuthleteTokenPage } from './list.js'
import { readCreatedToken, readTokenDetails, readUpdatedToken, type AuthleteListedToken } from './response.js'
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
  AuthleteListInput,
  AuthleteReissuedIdToken,
  AuthleteReissueIdTokenInput,
  AuthleteRevokeResult,
  AuthleteRevokeInput,
  AuthleteUpdatedToken,
  AuthleteUpdateInput,
} from './types.js'
import type { Listing } from '../api/listing.js'
import { readIntrospection } from '../oauth/introspection.js'
import { string } from '../../util/members.js'
import { type CallOptions } from '../api/call.js'

/**
 * The tokens of a service at Authlete. Every operation rejects with a `ConfigurationError` naming the input
 * that is wrong, before anything is sent; with a `ManagementError` for whatever is no good response, a failure
 * that Authlete reports with status 200 included (`code` is its `resultCode`); and with the reason of `signal`
 * once that is aborted. What changes something is sent once and never again by itself. What comes back is
 * frozen; times are seconds since the epoch; what is a secret is not enumerable.
 */
export interface AuthleteTokens {
  /**
   * Lists tokens: `GET /auth/token/get/list`. Their values are nowhere: a token is known by its hash. Awaiting
   * gives the first page; `for await` gives every token from `start` to before `end`. Beyond the end is an
   * empty page. Tokens that are removed meanwhile move the others up: collect first, then delete.
   */
  list(input?: AuthleteListInput, options?: CallOptions): Listing<AuthleteListedToken, AuthleteTokenPage>
  /** Creates a token: `POST /auth/token/create`. Durations go out in whole seconds. */
  create(input: AuthleteCreateInput, options?: CallOptions): Promise<AuthleteCreatedToken>
  /**
   * Changes a token: `POST /auth/token/update`. What is left out stays as it is. Scopes the service does not
   * know are dropped without a word: the response has those that are left. A guard that remembers the token
   * learns of the change once it asks again.
   */
  update(input: AuthleteUpdateInput, options?: CallOptions): Promise<AuthleteUpdatedToken>
  /**
   * Deletes a token: `DELETE /auth/token/delete/{token or hash}`. Its refresh token is gone with it.
   */
  delete(input: AuthleteDeleteInput, options?: CallOptions): Promise<void>
  /**
   * Revokes exactly one token, and the access or refresh token that belongs to it: `POST /auth/token/revoke`.
   * Rejects if there is no such token, so that a typing error does not pass for a revocation.
   */
  revoke(input: AuthleteRevokeInput, options?: CallOptions): Promise<AuthleteRevokeResult>
  /** Revokes **every token of a client**, whoever's: `POST /auth/token/revoke`. */
  revokeAllOfClient(
    input: { readonly clientId: string | number },
    options?: CallOptions,
  ): Promise<AuthleteRevokeResult>
  /** Revokes **every token of a client that belongs to one person**: `POST /auth/token/revoke`. */
  revokeAllOfClientAndSubject(
    input: { readonly clientId: string | number; readonly subject: string },
    options?: CallOptions,
  ): Promise<AuthleteRevokeResult>
  /** Revokes **every token of a person**, at every client: `POST /auth/token/revoke`. */
  revokeAllOfSubject(
    input: { readonly subject: string },
    options?: CallOptions,
  ): Promise<AuthleteRevokeResult>
  /**
   * Issues an ID token again, for a token endpoint that was told `ID_TOKEN_REISSUABLE`:
   * `POST /idtoken/reissue`.
   */
  reissueIdToken(input: AuthleteReissueIdTokenInput, options?: CallOptions): Promise<AuthleteReissuedIdToken>
  /**
   * Asks what to make of a token: `POST /auth/introspection`. The verdict is `action`, and a bad token is a
   * result, not an error. Only what is asked for is checked. To guard an API use `createVerifier`.
   */
  introspect(input: AuthleteIntrospectInput, options?: CallOptions): Promise<AuthleteIntrospection>
  /**
   * Answers a question of RFC 7662, for an introspection endpoint of your own:
   * `POST /auth/introspection/standard`. Who asks there is for you to authenticate.
   */
  introspectStandard(
    input: AuthleteIntrospectStandardInput,
    options?: CallOptions,
  ): Promise<AuthleteStandardIntrospection>
}

/**
 * Lists, creates, changes, deletes, revokes and introspects tokens at Authlete.
 *
 * ```ts
 * const tokens = authleteTokens({ serviceId, serviceAccessToken, apiUrl: 'https://us.authlete.com' })
 * const { token } = await tokens.create({ grantType: 'CLIENT_CREDENTIALS', clientId, scopes: 'orders:read' })
 * await tokens.revoke({ token })
 * ```
 *
 * @throws ConfigurationError naming the option that is missing, wrong or unknown.
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
  if (token === undefined) throw response.incomplete('an access token')
  return token
}

async function update(
  api: AuthleteApi,
  input: AuthleteUpdateInput,
  options: CallOptions | undefined,
): Promise<AuthleteUpdatedToken> {
  const json = updateRequest('authleteTokens.update', input)
  // A token is as long as a hash, and easily taken for one.
  const secrets = [json['accessToken'], json['accessTokenHash'], json['tokenId']]
  const call = { name: 'update', path: '/auth/token/update', json, secrets, options, ...CHANGE }
  const response = await api.callAction(call, ['OK'])
  const token = readUpdatedToken(response.json)
  if (json['accessTokenValueUpdated'] === true && token.token === undefined) {
    throw response.incomplete('the new access token')
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
  if (status !== 204) throw incomplete('the status 204 that means it is done')
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
  if (idToken === undefined) throw response.incomplete('an ID token')
  return withSecrets({}, { idToken, tokenResponse: string(response.json, 'responseContent') })
}

async function introspect(
  api: AuthleteApi,
  input: AuthleteIntrospectInput,
  options: CallOptions | undefined,
): Promise<AuthleteIntrospection> {
  const json = introspectRequest('authleteTokens.introspect', input)
  const call = {
    ...QUESTION,
    name: 'introspect',
    path: '/auth/introspection',
    json,
    // A proof is good for one time: the response to its second would be about the repetition.
    isRepeatable: json['dpop'] === undefined,
    secrets: [json['token'], json['dpop']],
    options,
  }
  const response = await api.callAction(call, VERDICTS)
  return readTokenDetails(response.json, response.action as (typeof VERDICTS)[number])
}

const VERDICTS = ['OK', 'UNAUTHORIZED', 'FORBIDDEN'] as const

async function introspectStandard(
  api: AuthleteApi,
  input: AuthleteIntrospectStandardInput,
  options: CallOptions | undefined,
): Promise<AuthleteStandardIntrospection> {
  const json = standardRequest('authleteTokens.introspectStandard', input)
  const token = new URLSearchParams(String(json['parameters'])).get('token')
  const secrets = [token, json['parameters'], json['sharedKeyForSign'], json['sharedKeyForEncryption']]
  const path = '/auth/introspection/standard'
  const call = { name: 'introspectStandard', path, json, secrets, options, ...QUESTION }
  const { action, json: response, incomplete } = await api.callAction(call, ['OK', 'JWT'])
  const content = string(response, 'responseContent')
  if (content === undefined || content === '') throw incomplete('the content of an answer')
  if (action === 'JWT') return Object.freeze({ format: 'jwt', jwt: content })
  const inner = parseJson(content)
  const introspection = isRecord(inner) ? readIntrospection(inner) : undefined
  if (introspection === undefined) throw incomplete('saying whether the token is active')
  return Object.freeze({ format: 'json', ...introspection })
}

const CHANGE = { method: 'POST', isRead: false } as const
const QUESTION = { method: 'POST', isRead: true } as const
