import { explain } from '../model/detail/explain.js'
import { Refusal } from '../model/refusal/refusal.js'
import { phrase } from '../util/quote.js'

/** Matches the first character that no b64token contains (RFC 6750 section 2.1). */
const FORBIDDEN = /[^A-Za-z0-9\-._~+/=]/u

/**
 * Creates the refusal of a token that is not a b64token. It names the first forbidden character, but quotes nothing of the
 * token.
 */
export function refuseMalformedToken(token: string): Refusal {
  if (token === '') return new Refusal('token_malformed', { detail: explain('token_malformed', 'empty', {}) })
  const position = token.search(FORBIDDEN)
  if (position === -1)
    return new Refusal('token_malformed', { detail: explain('token_malformed', 'padding', {}) })
  const code = (token.codePointAt(position) ?? 0).toString(16).toUpperCase().padStart(4, '0')
  const character = phrase(`U+${code}`)
  return new Refusal('token_malformed', {
    detail: explain('token_malformed', 'character', { character, position: position + 1 }),
  })
}

/** Creates the refusal of an `Authorization` value with the scheme Bearer that is not RFC 6750 syntax. */
export function refuseMalformedCredentials(authorization: string): Refusal {
  const rest = authorization.slice('bearer'.length)
  const token = rest.replace(/^ +/, '')
  if (rest !== '' && token.length === rest.length)
    return new Refusal('token_malformed', { detail: explain('token_malformed', 'separator', {}) })
  return refuseMalformedToken(token)
}

/** Schemes of the IANA registry and common ones. Any other first word may be a credential, which must not be quoted. */
const SCHEMES = new Set([
  'apikey',
  'aws4-hmac-sha256',
  'basic',
  'concealed',
  'digest',
  'dpop',
  'gnap',
  'hoba',
  'jwt',
  'mutual',
  'negotiate',
  'ntlm',
  'oauth',
  'privatetoken',
  'scram-sha-1',
  'scram-sha-256',
  'token',
  'vapid',
])

/** Creates the refusal of a request without Bearer credentials. */
export function refuseMissingToken(authorization: string | undefined): Refusal {
  if (authorization === undefined)
    return new Refusal('token_missing', { detail: explain('token_missing', 'absent', {}) })
  const [scheme = ''] = authorization.split(' ', 1)
  const detail = SCHEMES.has(scheme.toLowerCase())
    ? explain('token_missing', 'scheme', { scheme: phrase(scheme) })
    : explain('token_missing', 'other', {})
  return new Refusal('token_missing', { detail })
}

/** The name of the usual header in details. */
export const AUTHORIZATION = 'Authorization'

/** Creates the refusal of a request without the header of the option `header`. */
export function refuseMissingHeader(header: string): Refusal {
  return new Refusal('token_missing', {
    detail: explain('token_missing', 'header', { header: phrase(header) }),
  })
}

/** Creates the refusal of a request with several headers of the same name. */
export function refuseSeveralHeaders(header: string): Refusal {
  return new Refusal('token_malformed', {
    detail: explain('token_malformed', 'several', { header: phrase(header) }),
  })
}
