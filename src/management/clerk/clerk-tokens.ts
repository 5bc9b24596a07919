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
 * The M2M tokens of a Clerk instance. Every operation rejects with a `ConfigurationError` naming the input
 * that is wrong, before anything is sent; with a `ManagementError` for whatever is no good response; and with
 * the reason of `signal` once that is aborted. What comes back is frozen; times are seconds since the epoch.
 */
export interface ClerkTokens {
  /**
   * Creates a token of the machine whose key is used: `POST /v1/m2m_tokens`. Needs `machineSecretKey`. Never
   * repeated by itself: where nobody knows whether it was created, the error's `isUncertain` says so.
   *
   * The token is for the machines that this machine may call. In a JWT only its creator's claims say so.
   */
  readonly create: (input?: ClerkCreateInput, options?: CallOptions) => Promise<ClerkCreatedToken>
  /**
   * Lists the opaque tokens of a machine, newest first: `GET /v1/m2m_tokens`. Awaiting gives the first page,
   * beyond the end an empty one; `for await` gives every token, those of a list that is revoked meanwhile too.
   * JWTs are not kept at Clerk, so they are not listed. With a machine's key only its own tokens are; where
   * that is refused and `secretKey` was given as well, the instance's key is used.
   */
  readonly list: (input: ClerkListInput, options?: CallOptions) => Listing<ClerkToken>
  /**
   * Revokes an opaque token by its id: `POST /v1/m2m_tokens/{id}/revoke`. JWTs cannot be revoked at Clerk.
   * Never repeated by itself. With a machine's key only its own tokens can be revoked; where Clerk knows none
   * of this id and `secretKey` was given as well, the instance's key is used.
   */
  readonly revoke: (input: ClerkRevokeInput, options?: CallOptions) => Promise<ClerkToken>
  /**
   * Asks what Clerk knows of a token: `POST /v1/m2m_tokens/verify`. With a machine's key, only of tokens that
   * were granted access to that machine; with the instance's key (used only without a machine's) of every
   * token, whichever machine it is for. Rejects with status 404 for any other token.
   *
   * **A token that is revoked or expired may be described all the same: look at `revoked` and `expired`.** To
   * guard an API use `createVerifier`, which does.
   */
  readonly verify: (input: ClerkVerifyInput, options?: CallOptions) => Promise<ClerkToken>
}

/**
 * Creates, lists, revokes and verifies M2M tokens at Clerk.
 *
 * ```ts
 * const tokens = clerkTokens({ machineSecretKey: process.env.CLERK_MACHINE_SECRET_KEY! })
 * const { tokenId, token } = await tokens.create({ expiresIn: '1h', claims: { scope: 'orders:read' } })
 * await tokens.revoke({ tokenId, reason: 'no longer needed' })
 * ```
 *
 * @throws ConfigurationError naming the option that is missing, wrong or unknown.
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
  if (token === undefined || token === '') throw api.unreadable(call, 'the token')
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
  if (found === undefined) throw api.unreadable(call, 'a list of tokens')
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
    // Whoever gives the token in place of its id must not read it in a log.
    secrets: TOKEN_ID.test(tokenId) ? [] : [tokenId],
    beyondMachine: [404],
    options,
  }
  const { json } = await api.call(call)
  const token = tokenOf(api, call, json)
  if (!token.revoked) throw api.unreadable(call, 'saying that the token is revoked')
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
