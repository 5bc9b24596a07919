import { nonEmptyString, number, string } from '../../util/members.js'
import { withSecrets } from '../api/hidden-members.js'
import type { StytchApi } from './api.js'
import { readTokenInput, type StytchTokenInput } from './input.js'
import type { CallOptions } from '../api/call.js'

/**
 * An access token of a client. Its scopes are claims of the token, because Stytch's response does not contain
 * them.
 */
export interface StytchAccessToken {
  /** Token type (RFC 6749 section 7.1). Responses with any other type are refused. */
  readonly tokenType: 'bearer'
  /** Lifetime in seconds, counted from the response. */
  readonly expiresIn: number
  /** The token, a JWT. Not enumerable, so that logs, JSON and copies of the result leave it out. */
  readonly token: string
}

/** Sends a client credentials request. It may be retried, because another token is its only effect. */
export async function obtainToken(
  api: StytchApi,
  input: StytchTokenInput,
  options: CallOptions,
): Promise<StytchAccessToken> {
  const operation = 'stytchClients.token'
  const form = readTokenInput(operation, input)
  const call = {
    operation,
    method: 'POST',
    path: `/v1/public/${encodeURIComponent(api.projectId)}/oauth2/token`,
    form,
    isRead: true,
    secrets: [form.client_secret],
  } as const
  const { json } = await api.callPublic(call, options)
  const token = nonEmptyString(json, 'access_token')
  if (token === undefined) throw api.unreadable(call, 'no token')
  if (string(json, 'token_type')?.toLowerCase() !== 'bearer')
    throw api.unreadable(call, 'another token_type than bearer')
  const expiresIn = number(json, 'expires_in')
  if (expiresIn === undefined || expiresIn <= 0) throw api.unreadable(call, 'no valid expires_in')
  return withSecrets({ tokenType: 'bearer', expiresIn } as const, { token })
}
