import { randomUUID } from 'node:crypto'
import { json, readFields, type TestResponse, type Fields, type TestRequest } from '../server/http.js'
import type { IssuerState } from '../state/state.js'

/** Creates a response of Stytch with the members that every response has. */
export function stytchResponse(status: number, members: Readonly<Record<string, unknown>>): TestResponse {
  return json(status, { ...members, request_id: `request-id-test-${randomUUID()}`, status_code: status })
}

/**
 * Creates an error in Stytch's format. The types of errors about M2M clients are not documented, so tests may
 * rely on the status only.
 */
export function apiError(status: number, type: string, message: string): TestResponse {
  const error_url = `https://stytch.com/docs/api/errors/${status}#${type}`
  return stytchResponse(status, { error_type: type, error_message: message, error_url })
}

/** Creates an error of the token endpoint, in OAuth's format. */
export function tokenError(status: number, error: string, description: string): TestResponse {
  return stytchResponse(status, { error, error_description: description, error_uri: '' })
}

export function badRequest(message: string): TestResponse {
  return apiError(400, 'bad_request', message)
}

/** Handles a call of the project, with the fields of its body. */
export type ProjectEndpoint = (state: IssuerState, fields: Fields, request: TestRequest) => TestResponse

/** Authenticates the project and reads the body: JSON, or nothing. */
export function requireProjectCredentials(
  state: IssuerState,
  endpoint: ProjectEndpoint,
): (request: TestRequest) => TestResponse {
  return (request) => {
    const { projectId, secret } = state.stytch
    if (credentialsOf(request) !== `${projectId}:${secret}`)
      return apiError(401, 'unauthorized_credentials', 'Unauthorized credentials.')
    const fields = request.body === '' ? {} : jsonOf(request)
    return fields === undefined
      ? badRequest('The body is not a JSON object.')
      : endpoint(state, fields, request)
  }
}

/** Project id and secret, which are not form-encoded as those of an OAuth client. */
function credentialsOf(request: TestRequest): string | undefined {
  const encoded = /^basic +([A-Za-z0-9+/]+=*)$/i.exec(request.headers.authorization ?? '')?.[1]
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString('utf8')
}

/** The API does not accept forms. */
function jsonOf(request: TestRequest): Fields | undefined {
  const isForm = request.headers['content-type']?.includes('form') === true
  return isForm ? undefined : readFields(request)
}
