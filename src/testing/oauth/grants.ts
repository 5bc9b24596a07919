import type { TestClient } from '../state/clients.js'
import { isActive, nowSeconds, type IssuerState } from '../state/state.js'
import { listField, stringField, type Fields, type TestResponse } from '../server/http.js'
import { oauthError } from './errors.js'
import { decodeJwt } from './client-assertion.js'
import { federatedProblem } from './federated.js'

/** Who a token is issued for, and what limits its scopes. */
export interface Grant {
  /** The `sub` of the token; `undefined` is the client. */
  readonly subject?: string
  /** Scopes that the token may have at most; `null` for those of the client. */
  readonly scopes: readonly string[] | null
  /** Further claims, such as `act`. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** Further members of the response. */
  readonly response?: Readonly<Record<string, unknown>>
}

export const GRANT_TYPES = {
  clientCredentials: 'client_credentials',
  jwtBearer: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
  tokenExchange: 'urn:ietf:params:oauth:grant-type:token-exchange',
} as const

const TYPE = 'urn:ietf:params:oauth:token-type:'

/** Reads the grant of a token request, or the error response to it. */
export function readGrant(state: IssuerState, fields: Fields): Grant | TestResponse {
  switch (fields['grant_type']) {
    case GRANT_TYPES.clientCredentials:
      return { scopes: null }
    case GRANT_TYPES.jwtBearer:
      return jwtBearer(state, fields)
    case GRANT_TYPES.tokenExchange:
      return tokenExchange(state, fields)
    default:
      return oauthError(400, 'unsupported_grant_type', `only ${Object.values(GRANT_TYPES).join(', ')}`)
  }
}

/** The JWT bearer grant (RFC 7523 section 2.1): the assertion must be that of a trusted identity, for this issuer. */
function jwtBearer(state: IssuerState, fields: Fields): Grant | TestResponse {
  const assertion = stringField(fields, 'assertion')
  if (assertion === undefined) return oauthError(400, 'invalid_request', 'assertion is missing')
  const subject = trustedSubject(state, assertion)
  return 'problem' in subject
    ? oauthError(400, 'invalid_grant', subject.problem)
    : { ...subject, scopes: null }
}

/** Token exchange (RFC 8693 section 2.1) of an active access token, or of a JWT of a trusted identity. */
function tokenExchange(state: IssuerState, fields: Fields): Grant | TestResponse {
  const token = stringField(fields, 'subject_token')
  const type = stringField(fields, 'subject_token_type')
  if (token === undefined || type === undefined)
    return oauthError(400, 'invalid_request', 'subject_token and subject_token_type are required')
  const actorToken = stringField(fields, 'actor_token')
  const actorType = stringField(fields, 'actor_token_type')
  if ((actorToken === undefined) !== (actorType === undefined))
    return oauthError(400, 'invalid_request', 'actor_token and actor_token_type belong together')
  const requested = stringField(fields, 'requested_token_type') ?? `${TYPE}access_token`
  if (requested !== `${TYPE}access_token` && requested !== `${TYPE}jwt`)
    return oauthError(400, 'invalid_request', 'only access tokens are issued')
  const subject = exchangedSubject(state, token, type)
  if ('problem' in subject) return oauthError(400, 'invalid_request', `subject_token: ${subject.problem}`)
  const actor = actorToken === undefined ? undefined : exchangedSubject(state, actorToken, actorType ?? '')
  if (actor !== undefined && 'problem' in actor)
    return oauthError(400, 'invalid_request', `actor_token: ${actor.problem}`)
  return {
    subject: subject.subject,
    scopes: subject.scopes,
    claims: actor === undefined ? {} : { act: { sub: actor.subject } },
    response: { issued_token_type: requested },
  }
}

interface ExchangedSubject {
  readonly subject: string
  readonly scopes: readonly string[] | null
}

function exchangedSubject(
  state: IssuerState,
  token: string,
  type: string,
): ExchangedSubject | { readonly problem: string } {
  if (type === `${TYPE}jwt` || type === `${TYPE}id_token`) {
    const trusted = trustedSubject(state, token)
    return 'problem' in trusted ? trusted : { ...trusted, scopes: null }
  }
  if (type !== `${TYPE}access_token`) return { problem: 'tokens of this type are not accepted' }
  const record = state.tokens.find('oauth', token)
  if (record === undefined || !isActive(state, record)) return { problem: 'it is not an active access token' }
  return { subject: record.subject, scopes: record.scopes }
}

/** Returns the subject of a JWT of a trusted identity. */
function trustedSubject(
  state: IssuerState,
  token: string,
): { readonly subject: string } | { readonly problem: string } {
  const { iss, sub } = decodeJwt(token)?.claims ?? {}
  const identity = state.oauth.trusted.find(({ issuer, subject }) => issuer === iss && subject === sub)
  if (identity === undefined) return { problem: 'its iss and sub are not those of a trusted identity' }
  const problem = federatedProblem(identity, token, { issuer: state.endpoints.oauth, now: nowSeconds(state) })
  return problem === undefined ? { subject: identity.subject } : { problem }
}

/** Limits the scopes of a client to those of the grant. */
export function limitScopes(
  client: Pick<TestClient, 'scopes'>,
  { scopes }: Grant,
): Pick<TestClient, 'scopes'> {
  if (scopes === null) return client
  return {
    scopes: client.scopes === null ? scopes : scopes.filter((scope) => client.scopes?.includes(scope)),
  }
}

/** Whether the grant allows a request without client authentication (RFC 7523 section 3.1). */
export function isClientOptional(fields: Fields): boolean {
  return fields['grant_type'] === GRANT_TYPES.jwtBearer
}

/** Returns the scopes of a request. */
export function requestedScopes(fields: Fields): readonly string[] | undefined {
  return listField(fields, 'scope')
}
