import type { Policy, RefusalReason } from '../../../src/index.js'
import type { MintOptions, TestIssuer } from '../../../src/testing/index.js'
import { bearer } from '../support.js'

type Headers = Readonly<Record<string, string>>

/** Creates the headers of a request after the issuer has started. */
export type MakeHeaders = (issuer: TestIssuer) => Headers

export const jwt =
  (options?: MintOptions): MakeHeaders =>
  (issuer) =>
    bearer(issuer.mintJwt(options))

export const opaque =
  (options?: MintOptions): MakeHeaders =>
  (issuer) =>
    bearer(issuer.mintOpaque(options))

const raw =
  (authorization: string): MakeHeaders =>
  () => ({ authorization })

const revoked =
  (mint: (issuer: TestIssuer) => string): MakeHeaders =>
  (issuer) => {
    const token = mint(issuer)
    issuer.revoke(token)
    return bearer(token)
  }

/** A request that a guard refuses, and the response. */
export interface Refused {
  readonly promise: string
  readonly headers: MakeHeaders
  readonly policy?: Policy
  /** Makes the issuer fail before the request. */
  readonly before?: (issuer: TestIssuer) => void
  readonly status: number
  readonly reason: RefusalReason
  /** The `error` member of the body. */
  readonly error: string
  readonly description: string
  /** The parameters after the realm; `undefined` if there is no challenge. */
  readonly challenge: string | undefined
}

const TO_A_STRANGER = 'The request needs a valid access token.'
const NOT_CHECKED = 'The access token could not be checked. Try again later.'

const malformed = (promise: string, headers: MakeHeaders): Refused => ({
  promise,
  headers,
  status: 400,
  reason: 'token_malformed',
  error: 'invalid_request',
  description: TO_A_STRANGER,
  challenge: `, error="invalid_request", error_description="${TO_A_STRANGER}"`,
})

const missing = (promise: string, headers: MakeHeaders): Refused => ({
  promise,
  headers,
  status: 401,
  reason: 'token_missing',
  error: 'unauthorized',
  description: TO_A_STRANGER,
  challenge: '',
})

interface Details {
  readonly headers: MakeHeaders
  readonly policy?: Policy
  readonly before?: (issuer: TestIssuer) => void
  readonly description?: string
  /** Further parameters of the challenge. */
  readonly parameters?: string
}

const invalid = (promise: string, reason: RefusalReason, details: Details): Refused => {
  const { description = TO_A_STRANGER, parameters = '' } = details
  const challenge = `, error="invalid_token", error_description="${description}"${parameters}`
  return { promise, status: 401, reason, error: 'invalid_token', description, challenge, ...details }
}

const insufficient = (promise: string, scope: string, details: Details): Refused => {
  const description = 'The access token lacks a required scope.'
  const challenge = `, error="insufficient_scope", error_description="${description}", scope="${scope}"`
  const answer = { status: 403, error: 'insufficient_scope', description, challenge }
  return { promise, reason: 'scope_insufficient', ...answer, ...details }
}

const denied = (promise: string, reason: RefusalReason, details: Details): Refused => ({
  promise,
  status: 403,
  reason,
  error: 'access_denied',
  description: 'The request is not permitted.',
  challenge: undefined,
  ...details,
})

const undecidable = (promise: string, reason: RefusalReason, details: Details): Refused => ({
  promise,
  status: 503,
  reason,
  error: 'temporarily_unavailable',
  description: NOT_CHECKED,
  challenge: undefined,
  ...details,
})

/** In the order of the statuses. */
export const REFUSED: readonly Refused[] = [
  missing('no token', () => ({})),
  missing('another scheme', raw('Basic YWRtaW46YWRtaW4=')),
  missing('a token without a scheme', (issuer) => ({ authorization: issuer.mintJwt() })),
  missing('the scheme and the token run together', (issuer) => ({
    authorization: `Bearer${issuer.mintJwt()}`,
  })),
  missing('a good token elsewhere', (issuer) => ({
    'x-access-token': issuer.mintJwt(),
    cookie: issuer.mintJwt(),
  })),
  malformed('a scheme alone', raw('Bearer')),
  malformed('characters no token has', raw('Bearer a{b}c')),
  malformed('two tokens in one header', (issuer) => ({
    authorization: `Bearer ${issuer.mintJwt()}, Bearer ${issuer.mintJwt()}`,
  })),
  malformed('a good token and something after it', (issuer) => ({
    authorization: `Bearer ${issuer.mintJwt()} realm="x"`,
  })),
  invalid('a token longer than 8 KiB', 'token_too_large', { headers: raw(`Bearer ${'a'.repeat(8193)}`) }),
  invalid('a JWT of nobody known', 'issuer_unknown', {
    headers: jwt({ claims: { iss: 'https://elsewhere.example' } }),
  }),
  invalid('a broken signature', 'signature_invalid', {
    headers: (issuer) => bearer(issuer.mintJwt().replace(/[^.]{20}$/, 'A'.repeat(20))),
  }),
  invalid('an expired JWT', 'token_expired', {
    headers: jwt({ age: '1h', expiresIn: '-1m' }),
    description: 'The access token has expired.',
  }),
  invalid('a JWT for another audience', 'audience_mismatch', {
    headers: jwt({ audience: 'https://elsewhere.example' }),
    description: 'The access token was not issued for this API.',
  }),
  invalid('an opaque token for another audience', 'audience_mismatch', {
    headers: opaque({ audience: 'https://elsewhere.example' }),
    description: 'The access token was not issued for this API.',
  }),
  invalid('a token that is too old', 'token_too_old', {
    headers: jwt({ age: '10m' }),
    policy: { maxTokenAge: '10m' },
    description: 'The access token is too old for this resource.',
    parameters: ', max_age="600"',
  }),
  invalid('a token that lives too long', 'lifetime_too_long', {
    headers: jwt({ expiresIn: '2h' }),
    policy: { maxTokenLifetime: '1h' },
    description: 'The lifetime of the access token is too long for this resource.',
  }),
  invalid('a revoked opaque token', 'token_inactive', { headers: revoked((issuer) => issuer.mintOpaque()) }),
  invalid('an opaque token nobody issued', 'token_inactive', { headers: raw('Bearer made-up') }),
  invalid('a revoked JWT where the issuer is asked', 'token_inactive', {
    headers: revoked((issuer) => issuer.mintJwt()),
    policy: { confirmAfter: 0 },
  }),
  insufficient('no scope at all', 'orders:read', {
    headers: jwt(),
    policy: { scopes: 'orders:read' },
  }),
  insufficient('one scope of two', 'orders:read orders:write', {
    headers: opaque({ scopes: 'orders:read' }),
    policy: { scopes: ['orders:read', 'orders:write'] },
  }),
  denied('a client that is not allowed', 'client_not_allowed', {
    headers: jwt({ subject: 'shipping', clientId: 'shipping' }),
    policy: { clients: 'billing' },
    description: 'This client may not use this resource.',
  }),
  denied('an issuer that is not allowed', 'issuer_not_allowed', {
    headers: jwt(),
    policy: { issuers: 'https://elsewhere.example' },
    description: 'Tokens of this issuer may not use this resource.',
  }),
  denied('an own rule says false', 'check_failed', { headers: jwt(), policy: { check: () => false } }),
  denied('an own rule gives its reason', 'check_failed', {
    headers: jwt(),
    policy: { check: () => 'Only on workdays.' },
    description: 'Only on workdays.',
  }),
  denied('an own rule says false after a while', 'check_failed', {
    headers: opaque(),
    policy: { check: () => Promise.resolve(false) },
  }),
  denied('an own rule throws', 'check_failed', {
    headers: jwt(),
    policy: {
      check: () => {
        throw new Error('secret detail')
      },
    },
  }),
  denied('an own rule rejects', 'check_failed', {
    headers: jwt(),
    policy: { check: () => Promise.reject(new Error('secret detail')) },
  }),
  undecidable('the issuer is down', 'issuer_unavailable', {
    before: (issuer) => issuer.fail('introspection', 'refuse'),
    headers: opaque(),
  }),
  undecidable('the issuer is out of order', 'issuer_unavailable', {
    before: (issuer) => issuer.fail('introspection', 500),
    headers: opaque(),
  }),
  undecidable('the issuer does not take our credentials', 'issuer_refused_us', {
    before: (issuer) => issuer.fail('introspection', 401),
    headers: opaque(),
  }),
  undecidable('the keys cannot be had', 'keys_unavailable', {
    before: (issuer) => issuer.fail('jwks', 'reset'),
    headers: jwt(),
  }),
]
