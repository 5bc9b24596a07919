import {
  bearerToken,
  json,
  readFields,
  type TestResponse,
  type Fields,
  type TestRequest,
} from '../server/http.js'
import type { IssuerState } from '../state/state.js'

/** A call by the service, with the fields of its body; empty if the body cannot be read. */
export interface ServiceCall {
  readonly request: TestRequest
  readonly fields: Fields
}

export type ServiceEndpoint = (state: IssuerState, call: ServiceCall) => TestResponse

/** Authenticates the service. */
export function requireServiceToken(
  state: IssuerState,
  endpoint: ServiceEndpoint,
): (request: TestRequest) => TestResponse {
  return (request) => {
    const token = bearerToken(request)
    if (token === undefined) return errorResponse(401, 'A001202', 'Authorization header is missing.')
    if (token !== state.authlete.serviceAccessToken)
      return errorResponse(401, 'A001203', 'The access token is not valid.')
    if (request.params['service'] !== state.authlete.serviceId) {
      return errorResponse(403, 'A001215', 'The access token is not for this service.')
    }
    return endpoint(state, { request, fields: readFields(request) ?? {} })
  }
}

/** Creates an error about the API call, not about a token. */
export function errorResponse(status: number, code: string, text: string): TestResponse {
  return json(status, resultFields(code, text))
}

/** Creates Authlete's result fields. Code must not depend on these codes; only some of them are Authlete's. */
export function resultFields(
  code: string,
  text: string,
): { readonly resultCode: string; readonly resultMessage: string } {
  return { resultCode: code, resultMessage: `[${code}] ${text}` }
}

/** Creates a response with an action. Its status is always 200. */
export function actionResponse(
  action: string,
  diagnostics: Readonly<Record<string, unknown>>,
  members: Readonly<Record<string, unknown>> = {},
): TestResponse {
  return json(200, { ...diagnostics, action, ...members })
}
