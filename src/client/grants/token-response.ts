import { splitScopes } from '../../model/scopes.js'
import { nonEmptyString, ownMember } from '../../util/members.js'
import type { IssuedToken } from './grant.js'
import { unreadableResponseError, type IssuerProblem } from './issuer-request.js'

type Json = Readonly<Record<string, unknown>>

/** Characters that a header field may contain. Any other character in a token could inject a header. */
const TOKEN = /^[\x21-\x7e]+$/

/** Settings of {@link readTokenResponse}. */
export interface TokenResponseSettings {
  /** Lifetime in seconds of a token whose response has no `expires_in`. */
  readonly assumedLifetime: number
  /** `any` accepts a missing or unusual `token_type`. */
  readonly tokenType: 'bearer' | 'any'
}

/** Reads the response of a token endpoint (RFC 6749 section 5.1). */
export function readTokenResponse(
  json: Json,
  { assumedLifetime, tokenType }: TokenResponseSettings,
): IssuedToken {
  const token = nonEmptyString(json, 'access_token')
  if (token === undefined)
    throw unreadableResponseError('the response of the token endpoint has no access_token')
  const type = nonEmptyString(json, 'token_type')?.toLowerCase()
  if (type === 'dpop') {
    throw unreadableResponseError(
      'the token endpoint returned a DPoP token, which is bound to a key and cannot be sent as a bearer token',
      'Configure the issuer to issue bearer tokens to this client',
    )
  }
  if (type !== 'bearer' && tokenType !== 'any') {
    throw unreadableResponseError(
      'the token_type in the response of the token endpoint is not bearer',
      "Check the URL. If the issuer's tokens are bearer tokens nevertheless, set tokenType: 'any'",
    )
  }
  const scope = nonEmptyString(json, 'scope')
  const scopes = scope === undefined ? {} : { scopes: Object.freeze(splitScopes(scope)) }
  return { token: readToken(token), lifetime: lifetimeOf(json, assumedLifetime), ...scopes }
}

/** Returns a token that can be sent in an `Authorization` header, or throws. */
export function readToken(token: string): string {
  if (!TOKEN.test(token))
    throw unreadableResponseError('the access token contains characters that cannot be sent in a header')
  return token
}

/** `expires_in` is only recommended (RFC 6749 section 5.1), and some issuers send it as a string. */
function lifetimeOf(json: Json, assumedLifetime: number): number {
  const value = ownMember(json, 'expires_in')
  if (value === undefined || value === null) return assumedLifetime
  const seconds = typeof value === 'string' && /^\d{1,12}$/.test(value) ? Number(value) : value
  if (typeof seconds !== 'number' || !Number.isFinite(seconds) || seconds < 0)
    throw unreadableResponseError(
      'the expires_in in the response of the token endpoint is not a number of seconds',
    )
  return seconds
}

/** Reads an OAuth error (RFC 6749 section 5.2), or one in Stytch's format. */
export function readOAuthProblem(json: Json): IssuerProblem {
  return {
    code: nonEmptyString(json, 'error') ?? nonEmptyString(json, 'error_type'),
    message: nonEmptyString(json, 'error_description') ?? nonEmptyString(json, 'error_message'),
  }
}
