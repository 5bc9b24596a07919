import { encodePathSegment } from '../../options/path-part.js'
import { readOptions } from '../../options/read-options.js'
import { CLERK_TOKENS_OPTIONS, ClerkApi, type ClerkCall, type ClerkTokensOptions } from './api.js'
import {
  readCreateInput,
  readListInput,
  readRevokeInput,
  readVerifyInput,
  type ClerkCreateInput,
  type ClerkListInput,
  type ClerkListQuery,
  type ClerkRevokeInput,
  type ClerkVerifyInput,
} from './input.js'
import { offsetListing, type ClerkPage } from './list.js'
import { readClerkToken, type ClerkToken, type ClerkCreatedToken } from './token.js'
import { ENDLESS_LIST, captureResult, type Listing } from '../api/listing.js'
import { number, records, string } from '../../util/members.js'
import { withSecrets } from '../api/hidden-members.js'
import type { CallOptions } from '../api/call.js'

/**
 * Manages the M2M tokens of a Clerk instance.
 *
 * Every operation rejects with a `ConfigurationError` that names an invalid input, before anything is sent. It
 * rejects with a `ManagementError` for any unusable response, and with the reason of `signal` once it is aborted.
 * Results are frozen. Times are seconds since the epoch.
 */
export interface ClerkTokens {
  /**
   * Creates a token of the machine whose key is used: `POST /v1/m2m_tokens`. Requires `machineSecretKey`. Never
   * retried; if it is unknown whether the token was created, the error's `isUncertain` is `true`.
   *
   * The token is valid for the machines that this machine may call. A JWT states them only if its creator's
   * claims do.
   *
   * @example
   * ```ts
   * const { tokenId, token } = await tokens.create({ expiresIn: '1h', claims: { scope: 'orders:read' } })
   * ```
   */
  readonly create: (input?: ClerkCreateInput, options?: CallOptions) => Promise<ClerkCreatedToken>
  /**
   * Lists the opaque tokens of a machine, newest first: `GET /v1/m2m_tokens`. Awaiting returns the first page
   * (empty beyond the end). `for await` returns every token, even if tokens are revoked meanwhile. Clerk does not
   * store JWTs, so they are not listed.
   *
   * A machine's key reaches only its own tokens. If it is refused and `secretKey` is set, the instance's key is
   * used.
   *
   * @example
   * ```ts
   * for await (const { tokenId, expiresAt } of tokens.list({ subject: 'mch_…' })) console.log(tokenId, expiresAt)
   * ```
   */
  readonly list: (input: ClerkListInput, options?: CallOptions) => Listing<ClerkToken>
  /**
   * Revokes an opaque token by its id: `POST /v1/m2m_tokens/{id}/revoke`. Clerk cannot revoke JWTs. Never
   * retried. A machine's key revokes only its own tokens. If Clerk does not find the id with it and `secretKey`
   * is set, the instance's key is used.
   *
   * @example
   * ```ts
   * await tokens.revoke({ tokenId, reason: 'no longer needed' })
   * ```
   */
  readonly revoke: (input: ClerkRevokeInput, options?: CallOptions) => Promise<ClerkToken>
  /**
   * Returns Clerk's state of a token: `POST /v1/m2m_tokens/verify`. A machine's key finds tokens that were
   * granted access to that machine. The instance's key, used only without a machine's, finds every token. Rejects
   * with status 404 for any other token.
   *
   * **A revoked or expired token may be returned too: check `revoked` and `expired`.** Use `createVerifier` to
   * guard an API, which checks both.
   *
   * @example
   * ```ts
   * const { subject, revoked, expired } = await tokens.verify({ token })
   * ```
   */
  readonly verify: (input: ClerkVerifyInput, options?: CallOptions) => Promise<ClerkToken>
}

/**
 * Creates a client that creates, lists, revokes and verifies M2M tokens at Clerk.
 *
 * @throws ConfigurationError that names the option that is missing, invalid or unknown.
 *
 * @example
 * ```ts
 * const tokens = clerkTokens({ machineSecretKey: process.env.CLERK_MACHINE_SECRET_KEY! })
 * const { tokenId, token } = await tokens.create({ expiresIn: '1h', claims: { scope: 'orders:read' } })
 * await tokens.revoke({ tokenId, reason: 'no longer needed' })
 * ```
 */
export function clerkTokens(options: ClerkTokensOptions): ClerkTokens {
  const own = readOptions('clerkTokens', options, CLERK_TOKENS_OPTIONS)
  const api = new ClerkApi('clerkTokens', own)
  return Object.freeze<ClerkTokens>({
    create: (input = {}, callOptions = {}) => create(api, input, callOptions),
    list: (input, callOptions = {}) => list(api, input, callOptions),
    revoke: (input, callOptions = {}) => revoke(api, input, callOptions),
    verify: (input, callOptions = {}) => verify(api, input, callOptions),
  })
}

async function create(
  api: ClerkApi,
  input: ClerkCreateInput,
  options: CallOptions,
): Promise<ClerkCreatedToken> {
  const operation = 'clerkTokens.create'
  api.requireMachineKey(operation)
  const json = readCreateInput(operation, input)
  const call: ClerkCall = { operation, method: 'POST', path: '/m2m_tokens', json, isRead: false, options }
  const response = await api.call(call)
  const token = string(response.json, 'token')
  if (token === undefined || token === '') throw api.unreadable(call, 'no token')
  return withSecrets(tokenOf(api, call, response.json), { token })
}

function list(api: ClerkApi, input: ClerkListInput, options: CallOptions): Listing<ClerkToken> {
  const query = captureResult(() => readListInput('clerkTokens.list', input))
  return offsetListing(
    (offset) => fetchPage(api, { ...query(), ...(offset === undefined ? {} : { offset }) }, options),
    () => api.unreadable({ operation: 'clerkTokens.list', isRead: true }, ENDLESS_LIST),
  )
}

async function fetchPage(api: ClerkApi, query: ClerkListQuery, options: CallOptions): Promise<ClerkPage> {
  const call: ClerkCall = {
    operation: 'clerkTokens.list',
    method: 'GET',
    path: '/m2m_tokens',
    query: { ...query },
    isRead: true,
    beyondMachine: [403, 404],
    options,
  }
  const { json } = await api.call(call)
  const found = records(json, 'm2m_tokens')
  if (found === undefined) throw api.unreadable(call, 'no list of tokens')
  const items = found.map((item) => Object.freeze(tokenOf(api, call, item)))
  return { offset: query.offset ?? 0, items, total: number(json, 'total_count') }
}

async function revoke(api: ClerkApi, input: ClerkRevokeInput, options: CallOptions): Promise<ClerkToken> {
  const operation = 'clerkTokens.revoke'
  const { tokenId, reason } = readRevokeInput(operation, input)
  const call: ClerkCall = {
    operation,
    method: 'POST',
    path: `/m2m_tokens/${encodePathSegment(`${operation}.tokenId`, tokenId)}/revoke`,
    json: { revocation_reason: reason },
    isRead: false,
    // A token that was passed instead of its id must not appear in an error.
    secrets: TOKEN_ID.test(tokenId) ? [] : [tokenId],
    beyondMachine: [404],
    options,
  }
  const { json } = await api.call(call)
  const token = tokenOf(api, call, json)
  if (!token.revoked) throw api.unreadable(call, 'a token that is not revoked')
  return Object.freeze(token)
}

async function verify(api: ClerkApi, input: ClerkVerifyInput, options: CallOptions): Promise<ClerkToken> {
  const operation = 'clerkTokens.verify'
  const token = readVerifyInput(operation, input)
  const path = '/m2m_tokens/verify'
  const call: ClerkCall = {
    operation,
    method: 'POST',
    path,
    json: { token },
    isRead: true,
    secrets: [token],
    options,
  }
  const { json } = await api.call(call)
  return Object.freeze(tokenOf(api, call, json))
}

const TOKEN_ID = /^mt_[0-9A-Fa-f]{32}$/

function tokenOf(api: ClerkApi, call: ClerkCall, json: Readonly<Record<string, unknown>>): ClerkToken {
  const token = readClerkToken(json)
  if (typeof token === 'string') throw api.unreadable(call, token)
  return token
}
