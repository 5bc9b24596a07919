import { actionResponse, errorResponse, resultFields, type ServiceCall } from './calls.js'
import { clientNumber, expiryOf } from './facts.js'
import { stringField, type TestResponse, type Fields } from '../server/http.js'
import { signJwt } from '../state/signing-keys.js'
import { isActive, nowSeconds, type IssuerState } from '../state/state.js'
import type { TokenRecord } from '../state/token-store.js'

/** Reissues the ID token of a token response. The body must be JSON. */
export function reissueIdToken(state: IssuerState, { request, fields }: ServiceCall): TestResponse {
  if (!(request.headers['content-type'] ?? '').startsWith('application/json')) {
    return errorResponse(400, 'A292201', 'The body is not JSON.')
  }
  const refuse = (text: string): TestResponse => actionResponse('CALLER_ERROR', resultFields('A292202', text))
  const record = state.tokens.find('authlete', stringField(fields, 'accessToken') ?? '')
  const { refresh } = record?.authlete ?? {}
  if (record === undefined || !isActive(state, record)) return refuse('The access token does not exist.')
  if (refresh === undefined || refresh.value !== stringField(fields, 'refreshToken')) {
    return refuse('The refresh token is not that of the access token.')
  }
  if (!record.scopes.includes('openid')) return refuse('The openid scope is missing.')
  const further = objectField(fields, 'claims')
  const header = objectField(fields, 'idtHeaderParams')
  if (further === undefined || header === undefined)
    return refuse('claims or idtHeaderParams is not a JSON object.')
  const idToken = signedIdToken(state, record, fields, { claims: further, header })
  const content = {
    access_token: stringField(fields, 'accessToken'),
    token_type: record.authlete?.tokenType,
    expires_in: Math.round(expiryOf(record) / 1000 - nowSeconds(state)),
    scope: record.scopes.join(' '),
    refresh_token: refresh.value,
    id_token: idToken,
  }
  return actionResponse('OK', resultFields('A292001', 'The ID token was reissued successfully.'), {
    responseContent: JSON.stringify(content),
    idToken,
  })
}

type Members = Readonly<Record<string, unknown>>

function signedIdToken(
  state: IssuerState,
  record: TokenRecord,
  fields: Fields,
  further: { readonly claims: Members; readonly header: Members },
): string {
  const key = state.keys.authlete.signingKey(undefined, undefined)
  const client = String(clientNumber(record.clientId))
  const iat = Math.floor(nowSeconds(state))
  const header = { ...further.header, alg: key.algorithm, typ: 'JWT', kid: key.kid }
  return signJwt(key, header, {
    ...further.claims,
    iss: state.endpoints.authlete,
    sub: stringField(fields, 'sub') ?? record.subject,
    aud: fields['idTokenAudType'] === 'string' ? client : [client],
    iat,
    exp: iat + 3600,
  })
}

/** Reads a JSON object from a string; empty if it is absent, `undefined` if it is invalid. */
function objectField(fields: Fields, name: string): Members | undefined {
  const text = stringField(fields, name)
  if (text === undefined) return {}
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch {
    return undefined
  }
}
