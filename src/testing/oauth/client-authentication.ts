import { oauthError } from './errors.js'
import { ASSERTION_TYPE, AssertionVerifier } from './client-assertion.js'
import { federatedProblem } from './federated.js'
import type { TestClient } from '../state/clients.js'
import {
  basicCredentials,
  readFields,
  stringField,
  type TestResponse,
  type Fields,
  type TestRequest,
} from '../server/http.js'
import { nowSeconds, type IssuerState } from '../state/state.js'

/** Client authentication methods of every endpoint. */
export const AUTHENTICATION_METHODS = ['client_secret_basic', 'client_secret_post', 'private_key_jwt']

/** Signature algorithms of client assertions. */
export const ASSERTION_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']

export type ClientEndpoint = (state: IssuerState, fields: Fields, client: TestClient) => TestResponse

/**
 * Authenticates the client by Basic, by the form or by an assertion, but never by two of them (RFC 6749 section
 * 2.3). All endpoints share one verifier, so that an assertion is accepted only once.
 *
 * @param anonymous - responds to a request without any client, if the endpoint allows it.
 */
export function asAuthenticatedClient(
  state: IssuerState,
  judge: AssertionVerifier,
  path: string,
  endpoint: ClientEndpoint,
  anonymous?: (state: IssuerState, fields: Fields) => TestResponse | undefined,
): (request: TestRequest) => TestResponse {
  return (request) => {
    const fields = readFields(request)
    if (fields === undefined) return oauthError(400, 'invalid_request', 'the body is neither a form nor JSON')
    const basic = basicCredentials(request)
    const secret = stringField(fields, 'client_secret')
    const assertion = stringField(fields, 'client_assertion')
    if ([basic, secret, assertion].filter((proof) => proof !== undefined).length > 1)
      return oauthError(400, 'invalid_request', 'the client authenticates in more than one way')
    const isAnonymous = (basic ?? secret ?? assertion ?? fields['client_id']) === undefined
    const answer = isAnonymous ? anonymous?.(state, fields) : undefined
    if (answer !== undefined) return answer
    const client =
      assertion === undefined
        ? state.oauth.clients.authenticate(
            basic?.clientId ?? stringField(fields, 'client_id'),
            basic?.clientSecret ?? secret,
          )
        : asserted(state, judge, path, fields, assertion)
    if (typeof client === 'string') return notAuthenticated(client)
    if (client === undefined) return notAuthenticated('unknown client or wrong secret')
    return endpoint(state, fields, client)
  }
}

/** Returns the client of an assertion, or the problem with it. */
function asserted(
  state: IssuerState,
  judge: AssertionVerifier,
  path: string,
  fields: Fields,
  assertion: string,
): TestClient | string | undefined {
  if (fields['client_assertion_type'] !== ASSERTION_TYPE) return 'unknown client_assertion_type'
  const issuer = state.endpoints.oauth
  const named = stringField(fields, 'client_id')
  const client = named === undefined ? undefined : state.oauth.clients.find(named)
  if (client?.federated !== undefined)
    return federatedProblem(client.federated, assertion, { issuer, now: nowSeconds(state) }) ?? client
  const verdict = judge.judge(assertion, {
    keysOf: (clientId) => state.oauth.clients.find(clientId)?.keys,
    audiences: [issuer, `${issuer}/token`, `${issuer}${path}`],
    now: nowSeconds(state),
  })
  if ('problem' in verdict) return verdict.problem
  if (named !== undefined && named !== verdict.clientId) return 'client_id is not that of the assertion'
  return state.oauth.clients.find(verdict.clientId)
}

function notAuthenticated(problem: string): TestResponse {
  return oauthError(401, 'invalid_client', problem, { 'www-authenticate': 'Basic realm="test issuer"' })
}
