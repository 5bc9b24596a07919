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
 * The M2M clients of a Stytch project. Every operation rejects with a `ConfigurationError` naming the input
 * that is wrong, before anything is sent; with a `ManagementError` for whatever is no good response; and with
 * the reason of `signal` once that is aborted. What changes something is never repeated by itself. What comes
 * back is frozen; times and lifetimes are in seconds.
 */
export interface StytchClients {
  /**
   * Creates a client: `POST /v1/m2m/clients`. Its secret is shown this once. With `clientId` and
   * `clientSecret` a client that exists elsewhere is imported.
   */
  create(input: StytchCreateInput, options?: CallOptions): Promise<StytchCreatedClient>
  /** Gets a client: `GET /v1/m2m/clients/{client_id}`. Rejects with status 404 where there is none. */
  get(input: StytchClientReference, options?: CallOptions): Promise<StytchClient>
  /**
   * Searches clients: `POST /v1/m2m/clients/search`. Awaiting gives the first page, `for await` every client;
   * without a query that is all of the project. A page beyond the end is empty.
   */
  search(input?: StytchSearchInput, options?: CallOptions): Listing<StytchClient, StytchClientPage>
  /**
   * Changes a client: `PUT /v1/m2m/clients/{client_id}`. What is not named stays. Tokens that were issued
   * before stay good, with the scopes they have, until they expire: within the hour, or sooner where the API
   * sets a `maxTokenAge`.
   */
  update(input: StytchUpdateInput, options?: CallOptions): Promise<StytchClient>
  /**
   * Deletes a client: `DELETE /v1/m2m/clients/{client_id}`. Its tokens stay good until they expire, as with
   * {@link update}.
   */
  delete(input: StytchClientReference, options?: CallOptions): Promise<StytchClientReference>
  /** Changing a client's secret without a pause: start, hand out the new secret, rotate. */
  readonly secrets: StytchClientSecrets
  /**
   * Obtains a token with a client's own credentials: `POST /v1/public/{project_id}/oauth2/token`, as a form,
   * without the credentials of the project. Tried once more after a network error, a 502, 503 or 504. To call
   * an API use `tokenSource` of `m2m-guard/client`, which remembers and renews its tokens.
   */
  token(input: StytchTokenInput, options?: CallOptions): Promise<StytchAccessToken>
  /**
   * Judges a token here, with the keys of the project, which are fetched once and remembered; Stytch is not
   * asked about the token. The verdict is that of `createVerifier` with the issuer `stytch`, which is what an
   * API is guarded with.
   *
   * Rejects with a `Refusal`: 401 for a token that is not good (`signature_invalid`, `token_expired`,
   * `token_too_old`, `issued_in_future`, `audience_mismatch`, `type_not_allowed` for a session, ...), 403
   * `scope_insufficient`, 503 `keys_unavailable` where Stytch's keys cannot be had and nothing can be said.
   */
  authenticateToken(
    input: StytchAuthenticateTokenInput,
    options?: CallOptions,
  ): Promise<StytchAuthenticatedToken>
}

/** The rotation of a client's secret. */
export interface StytchClientSecrets {
  /**
   * Makes the next secret: `POST /v1/m2m/clients/{client_id}/secrets/rotate/start`. From now on both are good.
   * The next one is shown this once; where it is lost, cancel and start anew.
   */
  rotateStart(input: StytchClientReference, options?: CallOptions): Promise<StytchRotatingClient>
  /**
   * Makes the next secret the only one: `POST /v1/m2m/clients/{client_id}/secrets/rotate`. Rejects where no
   * rotation was started.
   */
  rotate(input: StytchClientReference, options?: CallOptions): Promise<StytchClient>
  /**
   * Gives up the next secret; the current one stays: `POST /v1/m2m/clients/{client_id}/secrets/rotate/cancel`.
   * Rejects where no rotation was started.
   */
  rotateCancel(input: StytchClientReference, options?: CallOptions): Promise<StytchClient>
}

/**
 * Creates, finds, changes and deletes M2M clients at Stytch, rotates their secrets, obtains and judges tokens.
 *
 * ```ts
 * const clients = stytchClients({ projectId, secret: process.env.STYTCH_SECRET! })
 * const { clientId, clientSecret } = await clients.create({ scopes: 'read:orders' })
 * const { token } = await clients.token({ clientId, clientSecret })
 * ```
 *
 * @throws ConfigurationError naming the option that is missing, wrong or unknown.
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
  if (secret === undefined) throw api.unreadable(call, 'the secret of the client')
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
  if (string(json, 'client_id') !== clientId) throw api.unreadable(call, 'the id of the client')
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
  if (secret === undefined) throw api.unreadable(call, 'the next secret of the client')
  return withSecrets(client, { nextClientSecret: secret })
}

const ON_CLIENT = {
  get: { method: 'GET', below: '' },
  'secrets.rotateStart': { method: 'POST', below: '/secrets/rotate/start' },
  'secrets.rotate': { method: 'POST', below: '/secrets/rotate' },
  'secrets.rotateCancel': { method: 'POST', below: '/secrets/rotate/cancel' },
} as const

/** The operations that take an id and give the client. */
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

/** The client of a response; `clientId` is whose it must be. */
function clientOf(
  api: StytchApi,
  call: StytchCall,
  { json }: VendorResponse,
  clientId?: string,
): StytchClient {
  const client = readStytchClient(record(json, 'm2m_client'))
  if (typeof client === 'string') throw api.unreadable(call, client)
  if (clientId !== undefined && client.clientId !== clientId)
    throw api.unreadable(call, 'the client that was named')
  return client
}
