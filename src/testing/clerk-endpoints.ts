import { clerkTokenObject, findReusable, isMachineToken, listClerkTokens } from './clerk-tokens.js'
import type { ClerkMachine } from './clients.js'
import type { Route } from './endpoints.js'
import {
  bearerToken,
  json,
  readFields,
  textField,
  type Answer,
  type Fields,
  type TestRequest,
} from './http.js'
import { mintJwt, mintOpaque } from './mint.js'
import { nowSeconds, type IssuerState } from './state.js'
import type { TokenRecord } from './token-store.js'

/** Who calls: a machine, or whoever holds the key of the whole instance. */
type Caller = { readonly machine: ClerkMachine } | 'instance'

/** Clerk's Backend API, under `/clerk`. Its SDKs call the same endpoints with and without `/v1`. */
export function clerkRoutes(state: IssuerState): readonly Route[] {
  const api = ['/clerk', '/clerk/v1'].flatMap((base): readonly Route[] => [
    {
      method: 'POST',
      path: `${base}/m2m_tokens`,
      endpoint: 'clerkTokens',
      answer: withKey(state, create, CREATE_MEMBERS),
    },
    { method: 'GET', path: `${base}/m2m_tokens`, endpoint: 'clerkTokens', answer: withKey(state, list) },
    {
      method: 'POST',
      path: `${base}/m2m_tokens/verify`,
      endpoint: 'clerkVerify',
      answer: withKey(state, verify, ['token']),
    },
    {
      method: 'POST',
      path: `${base}/m2m_tokens/:id/revoke`,
      endpoint: 'clerkTokens',
      answer: withKey(state, revoke, ['revocation_reason']),
    },
  ])
  const keys = (): Answer => json(200, state.keys.clerk.jwks())
  return [
    ...api,
    { method: 'GET', path: '/clerk/.well-known/jwks.json', endpoint: 'jwks', answer: keys },
    {
      method: 'GET',
      path: '/clerk/v1/jwks',
      endpoint: 'jwks',
      answer: withKey(state, (_state, { caller }) =>
        caller === 'instance' ? keys() : wrongKey('clerk_key_invalid'),
      ),
    },
  ]
}

/** A call whose key is known, with the members of its body. */
interface KeyedCall {
  readonly request: TestRequest
  readonly caller: Caller
  readonly fields: Fields
}

type KeyedEndpoint = (state: IssuerState, call: KeyedCall) => Answer

/** `members` are the names a body may have: the schemas allow no others. Without them there is no body. */
function withKey(
  state: IssuerState,
  endpoint: KeyedEndpoint,
  members?: readonly string[],
): (request: TestRequest) => Answer {
  return (request) => {
    const key = bearerToken(request)
    if (key === undefined) return wrongKey('authorization_header_format_invalid')
    const caller = callerOf(state, key)
    if (caller === undefined)
      return wrongKey(key.startsWith('sk_') ? 'clerk_key_invalid' : 'machine_secret_key_invalid')
    const fields = members === undefined ? {} : readFields(request)
    if (fields === undefined) return clerkError(400, 'bad_request', 'The body is no JSON object')
    const foreign = Object.keys(fields).find((name) => members?.includes(name) !== true)
    if (foreign !== undefined) return clerkError(400, 'bad_request', `${foreign} is not a valid member`)
    return endpoint(state, { request, caller, fields })
  }
}

function callerOf(state: IssuerState, key: string): Caller | undefined {
  if (key === state.clerk.secretKey) return 'instance'
  const { receiver, sender, stranger } = state.clerk.machines
  const machine = [receiver, sender, stranger].find(({ secretKey }) => secretKey === key)
  return machine === undefined ? undefined : { machine }
}

function wrongKey(code: string): Answer {
  return clerkError(401, code, 'The secret key is not valid')
}

function clerkError(status: number, code: string, message: string): Answer {
  return json(status, { errors: [{ code, message, long_message: message }], clerk_trace_id: 'test-issuer' })
}

const CREATE_MEMBERS = ['token_format', 'seconds_until_expiration', 'claims', 'min_remaining_ttl_seconds']

function create(state: IssuerState, { fields, caller }: KeyedCall): Answer {
  if (caller === 'instance') return wrongKey('machine_secret_key_invalid')
  const format = fields['token_format'] ?? 'opaque'
  const lifetime = fields['seconds_until_expiration'] ?? null
  if (format !== 'opaque' && format !== 'jwt')
    return clerkError(400, 'bad_request', 'token_format is not valid')
  if (lifetime !== null && !(typeof lifetime === 'number' && lifetime > 0)) {
    return clerkError(400, 'bad_request', 'seconds_until_expiration is not valid')
  }
  const { id: subject, scopes } = caller.machine
  const claims = claimsField(fields)
  const options = { provider: 'clerk', subject, audience: scopes, claims } as const
  if (format === 'jwt') {
    // Clerk knows which machines the token is for; the token says only what its sender wrote.
    const unsaid = { ...options, claims: { aud: undefined, ...claims } }
    return created(state, mintJwt(state, { ...unsaid, expiresIn: lifetime ?? '1h' }))
  }
  const remaining = fields['min_remaining_ttl_seconds']
  if (typeof remaining === 'number') {
    if (lifetime !== null && remaining >= lifetime) {
      return clerkError(400, 'bad_request', 'min_remaining_ttl_seconds must be less than the lifetime')
    }
    const reusable = findReusable(state, { subject, scopes, claims }, remaining)
    if (reusable !== undefined) return created(state, reusable)
  }
  return created(state, mintOpaque(state, { ...options, expiresIn: lifetime }))
}

function claimsField(fields: Fields): Readonly<Record<string, unknown>> {
  const claims = fields['claims']
  return typeof claims === 'object' && claims !== null && !Array.isArray(claims) ? { ...claims } : {}
}

/** The only answer that holds the token. */
function created(state: IssuerState, record: TokenRecord): Answer {
  return json(201, { ...clerkTokenObject(state, record), token: record.value })
}

function list(state: IssuerState, { request: { query }, caller }: KeyedCall): Answer {
  const subject = query.get('subject') ?? ''
  if (!subject.startsWith('mch_')) return clerkError(400, 'bad_request', 'subject is not valid')
  if (caller !== 'instance' && caller.machine.id !== subject) {
    return clerkError(403, 'authorization_invalid', 'Not the tokens of this machine')
  }
  const limit = Number(query.get('limit') ?? 10)
  const offset = Number(query.get('offset') ?? 0)
  if (!(limit >= 1 && limit <= 100 && offset >= 0))
    return clerkError(400, 'bad_request', 'limit or offset is not valid')
  const found = listClerkTokens(state, {
    subject,
    revoked: query.get('revoked') === 'true',
    expired: query.get('expired') === 'true',
  })
  const page = found.slice(offset, offset + limit).map((record) => clerkTokenObject(state, record))
  return json(200, { m2m_tokens: page, total_count: found.length })
}

function revoke(state: IssuerState, { request, caller, fields }: KeyedCall): Answer {
  const record = state.tokens.findById('clerk', request.params['id'] ?? '')
  const isCallers = caller === 'instance' || caller.machine.id === record?.subject
  // JWTs are not stored at Clerk, so there is nothing to revoke.
  if (record === undefined || record.format === 'jwt' || !isCallers) {
    return clerkError(404, 'resource_not_found', 'No such token')
  }
  state.tokens.revoke(record.value, nowSeconds(state), textField(fields, 'revocation_reason') ?? null)
  return json(200, clerkTokenObject(state, record))
}

/** With a machine's key, only tokens granted access to that machine exist. */
function verify(state: IssuerState, { caller, fields }: KeyedCall): Answer {
  const token = textField(fields, 'token')
  if (token === undefined) return clerkError(400, 'bad_request', 'token is missing')
  const record = state.tokens.find('clerk', token)
  const isGranted = caller === 'instance' || record?.audience.includes(caller.machine.id) === true
  if (record === undefined || !isGranted || !isMachineToken(state, record) || isHidden(state, record)) {
    return clerkError(404, 'resource_not_found', 'Machine token not found')
  }
  return json(200, clerkTokenObject(state, record))
}

function isHidden(state: IssuerState, record: TokenRecord): boolean {
  const { revoked, expired } = clerkTokenObject(state, record)
  return state.clerk.deadTokens === 'not-found' && (revoked === true || expired === true)
}
