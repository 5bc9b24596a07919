import {
  bearerToken,
  json,
  readFields,
  type TestResponse,
  type Fields,
  type TestRequest,
} from '../server/http.js'
import type { IssuerState } from '../state/state.js'

/** A call by the service, with the members of its body: none if it has none that can be read. */
export interface ServiceCall {
  readonly request: TestRequest
  readonly fields: Fields
}

export type ServiceEndpoint = (state: IssuerState, call: ServiceCall) => TestResponse

/** Lets only the service itself in. */
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

/** A problem of the call to the API, which is no verdict on any token. */
export function errorResponse(status: number, code: string, text: string): TestResponse {
  return json(status, resultFields(code, text))
}

/** Codes are diagnostics nobody may branch on; only some of these are Authlete's own. */
export function resultFields(
  code: string,
  text: string,
): { readonly resultCode: string; readonly resultMessage: string } {
  return { resultCode: code, resultMessage: `[${code}] ${text}` }
}

/** A response with a verdict: the status is 200 whatever it is. */
export function actionResponse(
  action: string,
  diagnostics: Readonly<Record<string, unknown>>,
  members: Readonly<Record<string, unknown>> = {},
): TestResponse {
  return json(200, { ...diagnostics, action, ...members })
}
