import { describe, expect, it } from 'vitest'
import { IssuerCallError, TokenSourceError } from '../../src/client/index.js'
import {
  IssuerCallError as ManagementBase,
  ManagementError,
  oauthTokens,
} from '../../src/management/index.js'
import type { Endpoint, Fault } from '../../src/testing/index.js'
import { clientBed } from '../support/client.js'
import { failureOf } from '../support/outcomes.js'

const refusal = (status: number, error: string): Fault => ({ status, body: { error } })

const FAILURES: readonly [string, Fault, string, number | undefined][] = [
  ['wrong credentials', refusal(401, 'invalid_client'), 'credentials_refused', 401],
  ['wrong credentials with 400', refusal(400, 'invalid_client'), 'credentials_refused', 400],
  ['a refused request', refusal(400, 'invalid_scope'), 'request_refused', 400],
  ['an overloaded issuer', refusal(429, 'slow_down'), 'issuer_unavailable', 429],
  ['a failing issuer', refusal(500, 'server_error'), 'issuer_unavailable', 500],
  ['a closed connection', 'reset', 'issuer_unavailable', undefined],
  [
    'a page',
    { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' },
    'answer_unreadable',
    200,
  ],
]

describe('the errors of token sources and of management have one base', () => {
  it.each(FAILURES)('%s has the same reason and status in both', async (_, fault, reason, status) => {
    const { issuer, source } = await clientBed()
    const { clientId, clientSecret } = issuer.client
    for (const endpoint of ['token', 'introspection'] satisfies Endpoint[]) issuer.fail(endpoint, fault)
    const introspectionEndpoint = `${issuer.url}/introspect`
    const tokens = oauthTokens({ introspectionEndpoint, clientId, clientSecret })
    const errors = [
      await failureOf(source({ fetch: undefined }).getToken(), TokenSourceError),
      await failureOf(tokens.introspect({ token: 'a' }), ManagementError),
    ]
    for (const error of errors) {
      expect(error).toBeInstanceOf(IssuerCallError)
      expect(error).toMatchObject({ reason, status })
    }
    expect(errors.map(({ operation }) => operation)).toEqual(['getToken', 'oauthTokens.introspect'])
  })

  it('is the same class in both entry points', () => {
    expect(ManagementBase).toBe(IssuerCallError)
  })

  it('has the cause of a failed connection, also while the backoff is active', async () => {
    const { issuer, source } = await clientBed()
    issuer.fail('token', 'reset')
    const tokens = source({ fetch: undefined })
    const first = await failureOf(tokens.getToken(), TokenSourceError)
    const second = await failureOf(tokens.getToken(), TokenSourceError)
    expect(first.cause).toBeInstanceOf(Error)
    expect(second.cause).toBe(first.cause)
  })

  it('has the request id of the issuer, without secrets', async () => {
    const { issuer, source } = await clientBed()
    const { clientSecret } = issuer.client
    issuer.fail('token', {
      status: 400,
      headers: { 'content-type': 'application/json', 'x-request-id': `req-1 ${clientSecret}` },
      body: { error: 'invalid_scope' },
    })
    const error = await failureOf(source().getToken(), TokenSourceError)
    expect(error.requestId).toBe('req-1 [secret]')
  })

  it('names source.fetch as the operation that sent no request', async () => {
    const { source } = await clientBed()
    const tokens = source({ allowedOrigins: 'https://a.test' })
    const error = await failureOf(tokens.fetch('https://b.test'), TokenSourceError)
    expect(error).toMatchObject({ reason: 'request_not_sent', operation: 'fetch' })
  })

  it('credentials that cannot be read have the same reason', async () => {
    const { issuer, source } = await clientBed()
    const clientSecret = () => Promise.reject(new Error('hunter2'))
    const { clientId } = issuer.client
    const tokens = oauthTokens({ issuer: issuer.url, clientId, clientSecret })
    for (const error of [
      await failureOf(source({ clientSecret }).getToken()),
      await failureOf(tokens.introspect({ token: 'a' })),
    ])
      expect(error).toMatchObject({ reason: 'credentials_unavailable' })
  })
})
