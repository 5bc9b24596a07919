import type { RefusalReason, VerificationSource } from 'm2m-guard'
import type { Endpoint, TestIssuer } from 'm2m-guard/testing'
import type { GuardedPath } from './routes.js'

/** One request and its expected result. */
export interface Row {
  /** Description for the table. */
  readonly request: string
  readonly path: GuardedPath
  /** Changes the issuer before the request is sent. */
  readonly before?: () => void
  readonly token?: () => string
  readonly expected: Expected
}

/** The expected result of a row. Without a reason, the request is accepted. */
export interface Expected {
  readonly status: number
  readonly reason?: RefusalReason
  /** Where the result about the token came from. Absent if the token was not examined. */
  readonly source?: VerificationSource
  /** The endpoints of the issuer that were called. `'any'` skips the comparison. */
  readonly calls: readonly Endpoint[] | 'any'
}

/** The rows of the table in order. Each row starts with the state that the previous rows left. */
export function scenario(issuer: TestIssuer): readonly Row[] {
  const scopes = 'orders:read'
  const jwt = issuer.mintJwt({ scopes })
  const opaque = issuer.mintOpaque({ scopes })
  let renewed = ''

  return [
    {
      request: 'no token',
      path: '/orders',
      expected: { status: 401, reason: 'token_missing', calls: [] },
    },
    {
      request: 'JWT',
      path: '/orders',
      token: () => jwt,
      expected: { status: 200, source: 'local', calls: ['discovery', 'jwks'] },
    },
    {
      request: 'the same JWT again',
      path: '/orders',
      token: () => jwt,
      expected: { status: 200, source: 'cache', calls: [] },
    },
    {
      request: 'opaque token',
      path: '/orders',
      token: () => opaque,
      expected: { status: 200, source: 'remote', calls: ['introspection'] },
    },
    {
      request: 'the same opaque token again',
      path: '/orders',
      token: () => opaque,
      expected: { status: 200, source: 'cache', calls: [] },
    },
    {
      request: 'wrong scope',
      path: '/orders',
      token: () => issuer.mintJwt({ scopes: 'orders:write' }),
      expected: { status: 403, reason: 'scope_insufficient', source: 'local', calls: [] },
    },
    {
      request: 'too old: 10 min, maximum 5 min',
      path: '/payouts',
      token: () => issuer.mintJwt({ scopes, age: '10m' }),
      expected: { status: 401, reason: 'token_too_old', source: 'local', calls: [] },
    },
    {
      request: 'expired a minute ago',
      path: '/orders',
      token: () => issuer.mintJwt({ scopes, age: '1h', expiresIn: '-1m' }),
      expected: { status: 401, reason: 'token_expired', source: 'local', calls: [] },
    },
    {
      request: 'wrong audience',
      path: '/orders',
      token: () => issuer.mintJwt({ scopes, audience: 'https://another-api.test' }),
      expected: { status: 401, reason: 'audience_mismatch', source: 'local', calls: [] },
    },
    {
      request: 'opaque token, confirmed on every request',
      path: '/refunds',
      token: () => opaque,
      expected: { status: 200, source: 'remote', calls: ['introspection'] },
    },
    {
      request: 'the same, revoked at the issuer',
      path: '/refunds',
      before: () => {
        issuer.revoke(opaque)
      },
      token: () => opaque,
      expected: { status: 401, reason: 'token_inactive', source: 'remote', calls: ['introspection'] },
    },
    {
      request: 'keys rotated: JWT signed with the new key',
      path: '/orders',
      before: () => {
        issuer.rotateKeys()
        renewed = issuer.mintJwt({ scopes })
      },
      token: () => renewed,
      expected: { status: 200, source: 'local', calls: ['jwks'] },
    },
    {
      request: 'keys rotated: the first JWT, old key removed',
      path: '/orders',
      token: () => jwt,
      expected: { status: 401, reason: 'key_unknown', source: 'local', calls: [] },
    },
    {
      request: 'issuer down: new opaque token',
      path: '/orders',
      before: () => {
        issuer.fail('all', 'reset')
      },
      token: () => issuer.mintOpaque({ scopes }),
      // This row does not depend on the number of attempts.
      expected: { status: 503, reason: 'issuer_unavailable', source: 'remote', calls: 'any' },
    },
    {
      request: 'issuer down: new JWT, its key is cached',
      path: '/orders',
      token: () => issuer.mintJwt({ scopes }),
      expected: { status: 200, source: 'local', calls: [] },
    },
    {
      request: 'issuer down: cached JWT',
      path: '/orders',
      token: () => renewed,
      expected: { status: 200, source: 'cache', calls: [] },
    },
  ]
}
