import {
  badRequest,
  clerkError,
  machinesOf,
  requireSecretKey,
  invalidKeyResponse,
  type AuthenticatedCall,
  type AuthenticatedEndpoint,
} from './calls.js'
import { clerkTokenObject, findReusable, isClerkExpired, isMachineToken, listClerkTokens } from './tokens.js'
import type { Endpoint, Route } from '../server/endpoints.js'
import { json, stringField, type TestResponse, type Fields } from '../server/http.js'
import { mintJwt, mintOpaque } from '../mint.js'
import { nowSeconds, type IssuerState } from '../state/state.js'
import type { TokenRecord } from '../state/token-store.js'

/** Clerk's Backend API, under `/clerk`. Its SDKs call the same endpoints with and without `/v1`. */
export function clerkRoutes(state: IssuerState): readonly Route[] {
  const keys = (): TestResponse => json(200, state.keys.clerk.jwks())
  const keysForInstance: AuthenticatedEndpoint = (_, { caller }) =>
    caller === 'instance' ? keys() : invalidKeyResponse('clerk_key_invalid')
  const tokens = (
    path: string,
    endpoint: Endpoint,
    operation: AuthenticatedEndpoint,
    members?: readonly string[],
  ) =>
    ['/clerk', '/clerk/v1'].map((base): Route => {
      const handler = requireSecretKey(state, operation, members)
      return {
        method: members === undefined ? 'GET' : 'POST',
        path: `${base}/m2m_tokens${path}`,
        endpoint,
        respond: handler,
      }
    })
  return [
    ...tokens('', 'clerkTokens', create, CREATE_MEMBERS),
    ...tokens('', 'clerkTokens', list),
    ...tokens('/verify', 'clerkVerify', verify, ['token']),
    ...tokens('/:id/revoke', 'clerkTokens', revoke, ['revocation_reason']),
    { method: 'GET', path: '/clerk/.well-known/jwks.json', endpoint: 'jwks', respond: keys },
    {
      method: 'GET',
      path: '/clerk/v1/jwks',
      endpoint: 'jwks',
      respond: requireSecretKey(state, keysForInstance),
    },
  ]
}

const CREATE_MEMBERS = ['token_format', 'seconds_until_expiration', 'claims', 'min_remaining_ttl_seconds']

/** Claims that Clerk sets in every JWT. Custom claims cannot replace them. */
const STRUCTURAL_CLAIMS = ['iss', 'sub', 'exp', 'nbf', 'iat', 'jti']

function create(state: IssuerState, { fields, caller }: AuthenticatedCall): TestResponse {
  if (caller === 'instance') return invalidKeyResponse('machine_secret_key_invalid')
  const wanted = readWanted(fields)
  if (typeof wanted === 'string') return badRequest(wanted)
  const { format, lifetime, claims, remaining } = wanted
  const { id: subject, scopes } = caller.machine
  const options = { provider: 'clerk', subject, audience: scopes } as const
  if (format === 'jwt') {
    const own = Object.entries(claims).filter(([name]) => !STRUCTURAL_CLAIMS.includes(name))
    // Clerk stores which machines the token is for. The token contains only its sender's claims.
    const said = { aud: undefined, ...Object.fromEntries(own) }
    return created(state, mintJwt(state, { ...options, claims: said, expiresIn: lifetime ?? '1h' }))
  }
  const reusable =
    remaining === undefined ? undefined : findReusable(state, { subject, scopes, claims }, remaining)
  return created(state, reusable ?? mintOpaque(state, { ...options, claims, expiresIn: lifetime }))
}

interface Wanted {
  readonly format: 'opaque' | 'jwt'
  /** Lifetime in seconds; `null` never expires. */
  readonly lifetime: number | null
  readonly claims: Readonly<Record<string, unknown>>
  readonly remaining: number | undefined
}

/** Reads the body of a create call. Returns a string with the problem if it is invalid. */
function readWanted(fields: Fields): Wanted | string {
  const { token_format: format = 'opaque', seconds_until_expiration: lifetime = null } = fields
  const { claims = null, min_remaining_ttl_seconds: remaining } = fields
  if (format !== 'opaque' && format !== 'jwt') return 'token_format is not valid'
  if (lifetime !== null && !(typeof lifetime === 'number' && lifetime > 0))
    return 'seconds_until_expiration is not valid'
  if (typeof claims !== 'object' || Array.isArray(claims)) return 'claims is not valid'
  const wanted: Omit<Wanted, 'remaining'> = { format, lifetime, claims: { ...claims } }
  if (remaining === undefined) return { ...wanted, remaining }
  if (typeof remaining !== 'number' || !Number.isInteger(remaining) || remaining < 0)
    return 'min_remaining_ttl_seconds is not valid'
  if (format === 'jwt') return 'min_remaining_ttl_seconds is for opaque tokens'
  if (lifetime !== null && remaining >= lifetime)
    return 'min_remaining_ttl_seconds must be less than the lifetime'
  return { ...wanted, remaining }
}

/** The only response that holds the token. */
function created(state: IssuerState, record: TokenRecord): TestResponse {
  return json(201, { ...clerkTokenObject(state, record), token: record.value })
}

const INTEGER = /^\d{1,9}$/
const FLAGS: readonly (string | null)[] = ['true', 'false', null]

function list(state: IssuerState, { request: { query }, caller }: AuthenticatedCall): TestResponse {
  const subject = query.get('subject') ?? ''
  if (!/^mch_\w{27}$/.test(subject)) return badRequest('subject failed regex check')
  const [limit, offset] = [query.get('limit') ?? '10', query.get('offset') ?? '0']
  const arePagesValid = INTEGER.test(limit) && INTEGER.test(offset)
  if (!arePagesValid || Number(limit) < 1 || Number(limit) > 100)
    return badRequest('limit or offset is not valid')
  const [revoked, expired] = [query.get('revoked'), query.get('expired')]
  if (!FLAGS.includes(revoked) || !FLAGS.includes(expired))
    return badRequest('revoked or expired is not valid')
  if (caller !== 'instance' && caller.machine.id !== subject)
    return clerkError(403, 'authorization_invalid', 'Not the tokens of this machine')
  const all = listClerkTokens(state, { subject, revoked: true, expired: true })
  if (all.length === 0 && !machinesOf(state).some(({ id }) => id === subject))
    return clerkError(404, 'machine_not_found', 'No such machine')
  const found = listClerkTokens(state, { subject, revoked: revoked === 'true', expired: expired === 'true' })
  const page = found.slice(Number(offset), Number(offset) + Number(limit))
  return json(200, {
    m2m_tokens: page.map((record) => clerkTokenObject(state, record)),
    total_count: found.length,
  })
}

function revoke(state: IssuerState, { request, caller, fields }: AuthenticatedCall): TestResponse {
  const id = request.params['id'] ?? ''
  if (!/^mt_[0-9A-Fa-f]{32}$/.test(id)) return badRequest('m2m_token_id failed regex check')
  const { revocation_reason: reason = null } = fields
  if (reason !== null && typeof reason !== 'string') return badRequest('revocation_reason is not valid')
  const record = state.tokens.findById('clerk', id)
  const isCallers = caller === 'instance' || caller.machine.id === record?.subject
  // JWTs are not stored at Clerk, so there is nothing to revoke.
  if (record === undefined || record.format === 'jwt' || !isCallers)
    return clerkError(404, 'resource_not_found', 'No such token')
  state.tokens.revoke(record.value, nowSeconds(state), reason)
  return json(200, clerkTokenObject(state, record))
}

/** With a machine's key, only tokens granted access to that machine exist. */
function verify(state: IssuerState, { caller, fields }: AuthenticatedCall): TestResponse {
  const token = stringField(fields, 'token')
  if (token === undefined) return badRequest('token is missing')
  const record = state.tokens.find('clerk', token)
  const isGranted = caller === 'instance' || record?.audience.includes(caller.machine.id) === true
  if (record === undefined || !isGranted || !isMachineToken(state, record) || isHidden(state, record))
    return clerkError(404, 'resource_not_found', 'Machine token not found')
  // Never tracked for JWTs.
  const isDead = record.revoked || isClerkExpired(state, record)
  if (record.format === 'opaque' && !isDead) record.lastUsedAt = nowSeconds(state)
  return json(200, clerkTokenObject(state, record))
}

function isHidden(state: IssuerState, record: TokenRecord): boolean {
  return state.clerk.deadTokens === 'not-found' && (record.revoked || isClerkExpired(state, record))
}
