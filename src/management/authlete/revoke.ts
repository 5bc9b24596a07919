import type { AuthleteResponse, AuthleteApi } from './api.js'
import { revokeAllRequest, revokeRequest, type RevokeAllInput } from './requests.js'
import type { AuthleteRevokeResult, AuthleteRevokeInput } from './types.js'
import { number } from '../../util/members.js'
import type { CallOptions } from '../api/call.js'

type Json = Readonly<Record<string, unknown>>

/** Revokes exactly one token. */
export async function revokeOne(
  api: AuthleteApi,
  input: AuthleteRevokeInput,
  options: CallOptions | undefined,
): Promise<AuthleteRevokeResult> {
  const revocation = await revoke(api, 'revoke', revokeRequest('authleteTokens.revoke', input), options)
  // For an unknown token Authlete returns 404 or a count of 0. Both are the same error here.
  if (revocation.count === 0) throw revocation.notFound()
  return Object.freeze({ count: revocation.count })
}

/** Revokes every token of a client, a subject or both. */
export async function revokeAll(
  api: AuthleteApi,
  name: string,
  input: RevokeAllInput,
  members: readonly string[],
  options: CallOptions | undefined,
): Promise<AuthleteRevokeResult> {
  const json = revokeAllRequest(`authleteTokens.${name}`, input, members)
  const { count } = await revoke(api, name, json, options)
  return Object.freeze({ count })
}

async function revoke(
  api: AuthleteApi,
  name: string,
  json: Json,
  options: CallOptions | undefined,
): Promise<AuthleteRevokeResult & Pick<AuthleteResponse, 'notFound'>> {
  const secrets = [json['accessTokenIdentifier'], json['refreshTokenIdentifier']]
  const path = '/auth/token/revoke'
  const call = { name, method: 'POST', path, json, isRead: false, secrets, options } as const
  const { json: response, incomplete, notFound } = await api.call(call)
  const count = number(response, 'count')
  if (count === undefined || count < 0) throw incomplete('no count of revoked tokens')
  return { count, notFound }
}
