import { nonEmptyString, ownMember } from '../../util/members.js'
import type { IssuedToken } from './grant.js'
import { unreadable, type IssuerProblem } from './issuer-request.js'

type Json = Readonly<Record<string, unknown>>

/** Letters that may stand in a header field: anything else in a token would end up beside it. */
const TOKEN = /^[\x21-\x7e]+$/

/** Reads the answer of a token endpoint (RFC 6749 section 5.1). */
export function readTokenResponse(json: Json, assumedLifetime: number): IssuedToken {
  const token = nonEmptyString(json, 'access_token')
  if (token === undefined) throw unreadable('the token endpoint answered without an access_token')
  const type = nonEmptyString(json, 'token_type')?.toLowerCase()
  if (type === 'dpop') {
    throw unreadable(
      'the token endpoint answered with a DPoP token, which is bound to a key and cannot be sent as a bearer token',
      'Have the issuer give this client bearer tokens',
    )
  }
  if (type !== 'bearer') throw unreadable('the token endpoint answered without token_type bearer')
  return { token: readToken(token), lifetime: lifetimeOf(json, assumedLifetime) }
}

/** A token as it may stand in an `Authorization` header. */
export function readToken(token: string): string {
  if (!TOKEN.test(token)) throw unreadable('the access token holds letters that cannot be sent in a header')
  return token
}

/** RFC 6749 recommends `expires_in`, and some issuers send it as a text. */
function lifetimeOf(json: Json, assumed: number): number {
  const value = ownMember(json, 'expires_in')
  if (value === undefined || value === null) return assumed
  const seconds = typeof value === 'string' && /^\d{1,12}$/.test(value) ? Number(value) : value
  if (typeof seconds !== 'number' || !Number.isFinite(seconds) || seconds <= 0)
    throw unreadable('the token endpoint answered with an expires_in that is no number of seconds')
  return seconds
}

/** RFC 6749 section 5.2; where Stytch's own form comes, its type. */
export function readOAuthProblem(json: Json): IssuerProblem {
  return {
    code: nonEmptyString(json, 'error') ?? nonEmptyString(json, 'error_type'),
    message: nonEmptyString(json, 'error_description') ?? nonEmptyString(json, 'error_message'),
  }
}
