import type { ClerkMachine } from '../state/clients.js'
import {
  bearerToken,
  json,
  readFields,
  type TestResponse,
  type Fields,
  type TestRequest,
} from '../server/http.js'
import type { IssuerState } from '../state/state.js'

/** The caller: a machine, or the holder of the instance's key. */
type Caller = { readonly machine: ClerkMachine } | 'instance'

/** An authenticated call with the fields of its body. */
export interface AuthenticatedCall {
  readonly request: TestRequest
  readonly caller: Caller
  readonly fields: Fields
}

export type AuthenticatedEndpoint = (state: IssuerState, call: AuthenticatedCall) => TestResponse

/**
 * Authenticates the caller. `members` are the allowed names in the body, because Clerk's schemas allow no others.
 * Without it the call has no body.
 */
export function requireSecretKey(
  state: IssuerState,
  endpoint: AuthenticatedEndpoint,
  members?: readonly string[],
): (request: TestRequest) => TestResponse {
  return (request) => {
    const key = bearerToken(request)
    if (key === undefined) return invalidKeyResponse('authorization_header_format_invalid')
    const caller = callerOf(state, key)
    if (caller === undefined)
      return invalidKeyResponse(key.startsWith('sk_') ? 'clerk_key_invalid' : 'machine_secret_key_invalid')
    const fields = members === undefined ? {} : readJson(request)
    if (fields === undefined) return badRequest('The body is not a JSON object')
    const foreign = Object.keys(fields).find((name) => members?.includes(name) !== true)
    if (foreign !== undefined) return badRequest(`${foreign} is not a valid member`)
    return endpoint(state, { request, caller, fields })
  }
}

/** Clerk does not accept forms. */
function readJson(request: TestRequest): Fields | undefined {
  const isForm = request.headers['content-type']?.includes('form') === true
  return isForm ? undefined : readFields(request)
}

function callerOf(state: IssuerState, key: string): Caller | undefined {
  if (key === state.clerk.secretKey) return 'instance'
  const machine = machinesOf(state).find(({ secretKey }) => secretKey === key)
  return machine === undefined ? undefined : { machine }
}

/** Every machine of the instance. */
export function machinesOf(state: IssuerState): readonly ClerkMachine[] {
  const { receiver, sender, stranger } = state.clerk.machines
  return [receiver, sender, stranger]
}

export function invalidKeyResponse(code: string): TestResponse {
  return clerkError(401, code, 'The secret key is not valid')
}

export function badRequest(problem: string): TestResponse {
  return clerkError(400, 'bad_request', problem)
}

export function clerkError(status: number, code: string, message: string): TestResponse {
  return json(status, { errors: [{ code, message, long_message: message }], clerk_trace_id: 'test-issuer' })
}
