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
  // Whether Authlete says 404 or a count of 0 of a token it does not know: here both are the same error.
  if (revocation.count === 0) throw revocation.notFound()
  return Object.freeze({ count: revocation.count })
}

/** Revokes whatever there is of a client or a person: the operation's name says how much that is. */
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
  if (count === undefined || count < 0) throw incomplete('a count of what was revoked')
  return { count, notFound }
}
