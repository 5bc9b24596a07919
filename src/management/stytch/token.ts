import { nonEmptyString, number, string } from '../../util/members.js'
import { withSecrets } from '../api/hidden-members.js'
import type { StytchApi } from './api.js'
import { readTokenInput, type StytchTokenInput } from './input.js'
import type { CallOptions } from '../api/call.js'

/** An access token that a client has obtained. Its scopes are in it: Stytch's response does not say them. */
export interface StytchAccessToken {
  readonly tokenType: 'bearer'
  /** How long it is good for, in seconds, counted from the response. */
  readonly expiresIn: number
  /** The token, a JWT. Not enumerable: it is left out of logs, JSON and copies of the result. */
  readonly token: string
}

/** The client credentials grant. Repeating it obtains another token and changes nothing else. */
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
  if (token === undefined) throw api.unreadable(call, 'the token')
  if (string(json, 'token_type')?.toLowerCase() !== 'bearer')
    throw api.unreadable(call, 'saying that it is a bearer token')
  const expiresIn = number(json, 'expires_in')
  if (expiresIn === undefined || expiresIn <= 0) throw api.unreadable(call, 'the lifetime of the token')
  return withSecrets({ tokenType: 'bearer', expiresIn } as const, { token })
}
