import { encodePathSegment } from '../../options/path-part.js'
import { readOptions } from '../../options/read-options.js'
import type { Listing } from '../api/listing.js'
import { nonEmptyString, record, string } from '../../util/members.js'
import { withSecrets } from '../api/hidden-members.js'
import { STYTCH_CLIENTS_OPTIONS, StytchApi, type StytchCall, type StytchClientsOptions } from './api.js'
import {
  createAuthenticateToken,
  type StytchAuthenticatedToken,
  type StytchAuthenticateTokenInput,
} from './authenticate-token.js'
import {
  readStytchClient,
  type StytchCreatedClient,
  type StytchRotatingClient,
  type StytchClient,
} from './client.js'
import {
  readClientId,
  readCreateInput,
  readUpdateInput,
  type StytchClientReference,
  type StytchCreateInput,
  type StytchTokenInput,
  type StytchUpdateInput,
} from './input.js'
import { searchClients, type StytchClientPage, type StytchSearchInput } from './search.js'
import { obtainToken, type StytchAccessToken } from './token.js'
import type { VendorResponse } from '../api/response.js'
import type { CallOptions } from '../api/call.js'

/**
 * Manages the M2M clients of a Stytch project.
 *
 * Every operation rejects with a `ConfigurationError` that names an invalid input, before anything is sent. It
 * rejects with a `ManagementError` for any unusable response, and with the reason of `signal` once it is aborted.
 * Changes are never retried. Results are frozen. Times and lifetimes are in seconds.
 */
export interface StytchClients {
  /**
   * Creates a client: `POST /v1/m2m/clients`. Its secret is returned only once. `clientId` and `clientSecret`
   * import an existing client.
   *
   * @example
   * ```ts
   * const { clientId, clientSecret } = await clients.create({ scopes: 'read:orders' })
   * ```
   */
  create(input: StytchCreateInput, options?: CallOptions): Promise<StytchCreatedClient>
  /**
   * Returns a client: `GET /v1/m2m/clients/{client_id}`. Rejects with status 404 if it does not exist.
   *
   * @example
   * ```ts
   * const { status, scopes } = await clients.get({ clientId })
   * ```
   */
  get(input: StytchClientReference, options?: CallOptions): Promise<StytchClient>
  /**
   * Searches clients: `POST /v1/m2m/clients/search`. Awaiting returns the first page, `for await` every client.
   * Without a query it finds all clients of the project. A page beyond the end is empty.
   *
   * @example
   * ```ts
   * for await (const { clientId } of clients.search()) console.log(clientId)
   * ```
   */
  search(input?: StytchSearchInput, options?: CallOptions): Listing<StytchClient, StytchClientPage>
  /**
   * Changes a client: `PUT /v1/m2m/clients/{client_id}`. Properties that are not set stay unchanged. Tokens
   * issued before stay valid with their scopes until they expire: within the hour, or earlier if the API sets
   * `maxTokenAge`.
   *
   * @example
   * ```ts
   * await clients.update({ clientId, status: 'inactive' })
   * ```
   */
  update(input: StytchUpdateInput, options?: CallOptions): Promise<StytchClient>
  /**
   * Deletes a client: `DELETE /v1/m2m/clients/{client_id}`. Its tokens stay valid until they expire, as with
   * {@link update}.
   *
   * @example
   * ```ts
   * await clients.delete({ clientId })
   * ```
   */
  delete(input: StytchClientReference, options?: CallOptions): Promise<StytchClientReference>
  /** Rotates a client's secret without downtime: start, deploy the new secret, rotate. */
  readonly secrets: StytchClientSecrets
  /**
   * Obtains a token with a client's credentials, sent as a form and without the project's credentials: `POST
   * /v1/public/{project_id}/oauth2/token`. Retried once after a network error, a 502, 503 or 504. To call an API
   * use `tokenSource` of `m2m-guard/client`, which caches and renews tokens.
   *
   * @example
   * ```ts
   * const { token, expiresIn } = await clients.token({ clientId, clientSecret })
   * ```
   */
  token(input: StytchTokenInput, options?: CallOptions): Promise<StytchAccessToken>
  /**
   * Verifies a token locally with the keys of the project, which are fetched once and cached. The result is that
   * of `createVerifier` with the issuer `stytch`, which guards an API.
   *
   * Rejects with a `Refusal`: 401 for an invalid token (`signature_invalid`, `token_expired`, `token_too_old`,
   * `issued_in_future`, `audience_mismatch`, `type_not_allowed` for a session, …), 403 `scope_insufficient`, or
   * 503 `keys_unavailable` if Stytch's keys cannot be fetched.
   *
   * @example
   * ```ts
   * const { clientId } = await clients.authenticateToken({ token, scopes: 'read:orders', maxTokenAge: '15m' })
   * ```
   */
  authenticateToken(
    input: StytchAuthenticateTokenInput,
    options?: CallOptions,
  ): Promise<StytchAuthenticatedToken>
}

/** Rotates the secret of a client. */
export interface StytchClientSecrets {
  /**
   * Creates the next secret: `POST /v1/m2m/clients/{client_id}/secrets/rotate/start`. Both secrets are then
   * valid. The next one is returned only once; if it is lost, cancel and start again.
   *
   * @example
   * ```ts
   * const { nextClientSecret } = await clients.secrets.rotateStart({ clientId })
   * ```
   */
  rotateStart(input: StytchClientReference, options?: CallOptions): Promise<StytchRotatingClient>
  /**
   * Ends the current secret, so that only the next one is valid: `POST
   * /v1/m2m/clients/{client_id}/secrets/rotate`. Rejects if no rotation is open.
   *
   * @example
   * ```ts
   * await clients.secrets.rotate({ clientId })
   * ```
   */
  rotate(input: StytchClientReference, options?: CallOptions): Promise<StytchClient>
  /**
   * Discards the next secret and keeps the current one: `POST /v1/m2m/clients/{client_id}/secrets/rotate/cancel`.
   * Rejects if no rotation is open.
   *
   * @example
   * ```ts
   * await clients.secrets.rotateCancel({ clientId })
   * ```
   */
  rotateCancel(input: StytchClientReference, options?: CallOptions): Promise<StytchClient>
}

/**
 * Creates a client for Stytch's API that manages M2M clients, rotates their secrets, and obtains and verifies
 * tokens.
 *
 * @throws ConfigurationError that names the option that is missing, invalid or unknown.
 *
 * @example
 * ```ts
 * const clients = stytchClients({ projectId, secret: process.env.STYTCH_SECRET! })
 * const { clientId, clientSecret } = await clients.create({ scopes: 'read:orders' })
 * const { token } = await clients.token({ clientId, clientSecret })
 * ```
 */
export function stytchClients(options: StytchClientsOptions): StytchClients {
  const own = readOptions('stytchClients', options, STYTCH_CLIENTS_OPTIONS)
  const api = new StytchApi('stytchClients', own)
  const authenticate = createAuthenticateToken(own)
  return Object.freeze<StytchClients>({
    create: (input, callOptions = {}) => create(api, input, callOptions),
    get: (input, callOptions = {}) => onClient(api, 'get', input, callOptions),
    search: (input = {}, callOptions = {}) => searchClients(api, input, callOptions),
    update: (input, callOptions = {}) => update(api, input, callOptions),
    delete: (input, callOptions = {}) => remove(api, input, callOptions),
    secrets: Object.freeze<StytchClientSecrets>({
      rotateStart: (input, callOptions = {}) => rotateStart(api, input, callOptions),
      rotate: (input, callOptions = {}) => onClient(api, 'secrets.rotate', input, callOptions),
      rotateCancel: (input, callOptions = {}) => onClient(api, 'secrets.rotateCancel', input, callOptions),
    }),
    token: (input, callOptions = {}) => obtainToken(api, input, callOptions),
    authenticateToken: (input, callOptions = {}) => authenticate(input, callOptions),
  })
}

async function create(
  api: StytchApi,
  input: StytchCreateInput,
  options: CallOptions,
): Promise<StytchCreatedClient> {
  const operation = 'stytchClients.create'
  const json = readCreateInput(operation, input)
  const imported = string(json, 'client_secret')
  const call: StytchCall = {
    operation,
    method: 'POST',
    path: '/v1/m2m/clients',
    json,
    isRead: false,
    secrets: imported === undefined ? [] : [imported],
    options,
  }
  const response = await api.call(call)
  const client = clientOf(api, call, response)
  const secret = nonEmptyString(record(response.json, 'm2m_client') ?? {}, 'client_secret') ?? imported
  if (secret === undefined) throw api.unreadable(call, 'no client secret')
  return withSecrets(client, { clientSecret: secret })
}

async function update(api: StytchApi, input: StytchUpdateInput, options: CallOptions): Promise<StytchClient> {
  const operation = 'stytchClients.update'
  const { clientId, body: json } = readUpdateInput(operation, input)
  const call: StytchCall = { operation, method: 'PUT', path: pathOf(clientId), json, isRead: false, options }
  return Object.freeze(clientOf(api, call, await api.call(call), clientId))
}

async function remove(
  api: StytchApi,
  input: StytchClientReference,
  options: CallOptions,
): Promise<StytchClientReference> {
  const operation = 'stytchClients.delete'
  const clientId = readClientId(operation, input)
  const path = pathOf(clientId)
  const call: StytchCall = { operation, method: 'DELETE', path, json: {}, isRead: false, options }
  const { json } = await api.call(call)
  if (string(json, 'client_id') !== clientId) throw api.unreadable(call, 'no id of the deleted client')
  return Object.freeze({ clientId })
}

async function rotateStart(
  api: StytchApi,
  input: StytchClientReference,
  options: CallOptions,
): Promise<StytchRotatingClient> {
  const call = callOnClient('secrets.rotateStart', input, options)
  const response = await api.call(call)
  const client = clientOf(api, call, response, readClientId(call.operation, input))
  const secret = nonEmptyString(record(response.json, 'm2m_client') ?? {}, 'next_client_secret')
  if (secret === undefined) throw api.unreadable(call, 'no next client secret')
  return withSecrets(client, { nextClientSecret: secret })
}

const ON_CLIENT = {
  get: { method: 'GET', below: '' },
  'secrets.rotateStart': { method: 'POST', below: '/secrets/rotate/start' },
  'secrets.rotate': { method: 'POST', below: '/secrets/rotate' },
  'secrets.rotateCancel': { method: 'POST', below: '/secrets/rotate/cancel' },
} as const

/** The operations whose input is an id and whose result is the client. */
async function onClient(
  api: StytchApi,
  name: keyof typeof ON_CLIENT,
  input: StytchClientReference,
  options: CallOptions,
): Promise<StytchClient> {
  const call = callOnClient(name, input, options)
  const clientId = readClientId(call.operation, input)
  return Object.freeze(clientOf(api, call, await api.call(call), clientId))
}

function callOnClient(
  name: keyof typeof ON_CLIENT,
  input: StytchClientReference,
  options: CallOptions,
): StytchCall {
  const operation = `stytchClients.${name}`
  const { method, below } = ON_CLIENT[name]
  const path = pathOf(readClientId(operation, input)) + below
  return method === 'GET'
    ? { operation, method, path, isRead: true, options }
    : { operation, method, path, json: {}, isRead: false, options }
}

function pathOf(clientId: string): string {
  return `/v1/m2m/clients/${encodePathSegment('clientId', clientId)}`
}

/** Reads the client of a response, which must have the id `clientId` if that is set. */
function clientOf(
  api: StytchApi,
  call: StytchCall,
  { json }: VendorResponse,
  clientId?: string,
): StytchClient {
  const client = readStytchClient(record(json, 'm2m_client'))
  if (typeof client === 'string') throw api.unreadable(call, client)
  if (clientId !== undefined && client.clientId !== clientId) throw api.unreadable(call, 'another client')
  return client
}
