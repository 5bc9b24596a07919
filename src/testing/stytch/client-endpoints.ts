import { randomUUID } from 'node:crypto'
import type { Route } from '../server/endpoints.js'
import { stringField, type TestResponse, type Fields, type TestRequest } from '../server/http.js'
import type { IssuerState } from '../state/state.js'
import {
  apiError,
  requireProjectCredentials,
  badRequest,
  stytchResponse,
  type ProjectEndpoint,
} from './responses.js'
import { describeStytchClient, newClientSecret, type StytchClientRecord } from './clients.js'
import { searchClients } from './search.js'

const CLIENTS = '/v1/m2m/clients'
const CLIENT = `${CLIENTS}/:client`

/** Endpoints of M2M clients and their secrets. */
export function stytchClientRoutes(state: IssuerState): readonly Route[] {
  const route = (method: Route['method'], path: string, endpoint: ProjectEndpoint): Route => {
    return { method, path, endpoint: 'stytchClients', respond: requireProjectCredentials(state, endpoint) }
  }
  return [
    route('POST', CLIENTS, createClient),
    route('POST', `${CLIENTS}/search`, searchClients),
    route('GET', CLIENT, onClient(described)),
    route('PUT', CLIENT, onClient(updateClient)),
    route('DELETE', CLIENT, onClient(deleteClient)),
    route('POST', `${CLIENT}/secrets/rotate/start`, onClient(startRotation)),
    route('POST', `${CLIENT}/secrets/rotate`, onClient(rotate)),
    route('POST', `${CLIENT}/secrets/rotate/cancel`, onClient(cancelRotation)),
  ]
}

interface ClientCall {
  readonly state: IssuerState
  readonly client: StytchClientRecord
  readonly fields: Fields
}

function onClient(endpoint: (call: ClientCall) => TestResponse): ProjectEndpoint {
  return (state: IssuerState, fields: Fields, request: TestRequest) => {
    const client = state.stytch.clients.find(request.params['client'] ?? '')
    return client === undefined
      ? apiError(404, 'm2m_client_not_found', 'The M2M client could not be found.')
      : endpoint({ state, client, fields })
  }
}

function described({ client }: { readonly client: StytchClientRecord }): TestResponse {
  return stytchResponse(200, { m2m_client: describeStytchClient(client) })
}

function createClient(state: IssuerState, fields: Fields): TestResponse {
  const wrong = problemWith(fields)
  if (wrong !== undefined) return badRequest(wrong)
  const scopes = stringsOf(fields['scopes'])
  if (scopes === undefined) return badRequest('scopes is required.')
  const { clients } = state.stytch
  const clientId = stringField(fields, 'client_id') ?? `m2m-client-test-${randomUUID()}`
  if (clients.find(clientId) !== undefined)
    return apiError(400, 'duplicate_m2m_client_id', 'A client with this id exists already.')
  const secret = textField(fields, 'client_secret') ?? newClientSecret()
  if (isWeak(secret)) return apiError(400, 'weak_client_secret', 'The client_secret is too easy to guess.')
  const metadata = merged({}, fields)
  if (isTooMuch(metadata)) return tooMuch()
  const client = clients.create({
    clientId,
    secret,
    scopes,
    name: textField(fields, 'client_name') ?? '',
    description: textField(fields, 'client_description') ?? '',
    metadata,
  })
  return stytchResponse(201, { m2m_client: describeStytchClient(client, { client_secret: secret }) })
}

function updateClient({ client, fields }: ClientCall): TestResponse {
  const wrong = problemWith(fields)
  if (wrong !== undefined) return badRequest(wrong)
  const { status = client.status } = fields
  if (status !== 'active' && status !== 'inactive') return badRequest('status must be active or inactive.')
  const metadata = merged(client.metadata, fields)
  if (isTooMuch(metadata)) return tooMuch()
  client.status = status
  client.metadata = metadata
  client.name = textField(fields, 'client_name') ?? client.name
  client.description = textField(fields, 'client_description') ?? client.description
  client.scopes = stringsOf(fields['scopes']) ?? client.scopes
  return described({ client })
}

/** Deletes a client. Its tokens stay valid until they expire. */
function deleteClient({ state, client }: ClientCall): TestResponse {
  state.stytch.clients.delete(client.clientId)
  return stytchResponse(200, { client_id: client.clientId })
}

function startRotation({ client }: ClientCall): TestResponse {
  // Stytch does not document whether a second start replaces the open rotation. Code must rely on neither.
  if (client.nextSecret !== null)
    return apiError(400, 'secret_rotation_already_started', 'A rotation of this client is open already.')
  client.nextSecret = newClientSecret()
  const shown = { next_client_secret: client.nextSecret }
  return stytchResponse(200, { m2m_client: describeStytchClient(client, shown) })
}

function rotate({ client }: ClientCall): TestResponse {
  if (client.nextSecret === null) return notStarted()
  client.secret = client.nextSecret
  client.nextSecret = null
  return described({ client })
}

function cancelRotation({ client }: ClientCall): TestResponse {
  if (client.nextSecret === null) return notStarted()
  client.nextSecret = null
  return described({ client })
}

function notStarted(): TestResponse {
  return apiError(400, 'secret_rotation_not_started', 'No rotation of this client is open.')
}

const STRING_FIELDS = ['client_id', 'client_secret', 'client_name', 'client_description']

/** Returns the problem with a field of the wrong type. */
function problemWith(fields: Fields): string | undefined {
  const name = STRING_FIELDS.find((text) => !['string', 'undefined'].includes(typeof fields[text]))
  if (name !== undefined) return `${name} must be a string.`
  const { scopes, trusted_metadata: metadata } = fields
  if (scopes !== undefined && stringsOf(scopes) === undefined) return 'scopes must be a list of strings.'
  const isObject = typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata)
  return metadata === undefined || isObject ? undefined : 'trusted_metadata must be an object.'
}

function textField(fields: Fields, name: string): string | undefined {
  const value = fields[name]
  return typeof value === 'string' ? value : undefined
}

function stringsOf(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined
}

/** Merges metadata by top-level property; `null` removes one. */
function merged(
  before: Readonly<Record<string, unknown>>,
  fields: Fields,
): Readonly<Record<string, unknown>> {
  const metadata = { ...before, ...(fields['trusted_metadata'] as Record<string, unknown> | undefined) }
  return Object.fromEntries(Object.entries(metadata).filter(([, value]) => value !== null))
}

function isTooMuch(metadata: Readonly<Record<string, unknown>>): boolean {
  return Object.keys(metadata).length > 20 || JSON.stringify(metadata).length > 4096
}

function tooMuch(): TestResponse {
  return badRequest('trusted_metadata has at most 20 members and 4 KB.')
}

function isWeak(secret: string): boolean {
  return secret.length < 8 || new Set(secret).size < 5
}
