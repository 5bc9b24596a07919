import { TokenSourceError } from '../../../src/client/index.js'
import { describe, expect, it } from 'vitest'
import type { TestIssuer } from '../../../src/testing/index.js'
import { saysJson } from '../../support/servers/misbehaviours.js'
import { clientBed } from '../../support/client.js'
import { failureOf } from '../../support/outcomes.js'

describe('a response', () => {
  const good = { access_token: 'abc', token_type: 'Bearer', expires_in: 60 }

  it.each<[string, Readonly<Record<string, unknown>>]>([
    ['BEARER', { token_type: 'BEARER' }],
    ['bearer', { token_type: 'bearer' }],
    ['expires_in as a string', { expires_in: '60' }],
    ['expires_in null', { expires_in: null }],
    ['unknown members', { refresh_token: 'x', scope: 7 }],
  ])('with %s is read', async (_, members) => {
    const { issuer, source } = await clientBed()
    issuer.fail('token', { body: { ...good, ...members } })
    expect(await source().getToken()).toBe('abc')
  })

  it.each<[string, Parameters<TestIssuer['fail']>[1], string]>([
    ['a DPoP token', { body: { ...good, token_type: 'DPoP' } }, 'DPoP'],
    ['another type', { body: { ...good, token_type: 'mac' } }, 'token_type'],
    ['no type', { body: { ...good, token_type: undefined } }, 'token_type'],
    ['no token', { body: { ...good, access_token: undefined } }, 'access_token'],
    ['an empty token', { body: { ...good, access_token: '' } }, 'access_token'],
    ['a token that breaks a header', { body: { ...good, access_token: 'a\r\nb: c' } }, 'header'],
    ['a token that is a list', { body: { ...good, access_token: ['a'] } }, 'access_token'],
    ['expires_in -1', { body: { ...good, expires_in: -1 } }, 'expires_in'],
    ['expires_in in words', { body: { ...good, expires_in: 'soon' } }, 'expires_in'],
    ['a login page', 'html', 'without a JSON object'],
    ['an empty body', 'empty', 'without a JSON object'],
    ['half of the body', 'truncated', 'without a JSON object'],
    ['a redirect', 'redirect', '307'],
    ['a list', { body: [] }, 'without a JSON object'],
    ['404 in HTML', { status: 404, body: '<h1>?' }, '404'],
    ['a body that is too large', { body: { ...good, x: 'x'.repeat(300_000) } }, 'larger than'],
  ])('that is %s is refused', async (_, fault, words) => {
    const { issuer, source } = await clientBed()
    issuer.fail('token', fault)
    const error = await failureOf(source().getToken(), TokenSourceError)
    expect(error.reason).toBe('answer_unreadable')
    expect(error.message).toContain(words)
    expect(issuer.calls.token).toBe(1)
  })

  it.each<[number, string | undefined, string]>([
    [400, 'invalid_scope', 'request_refused'],
    [400, 'invalid_target', 'request_refused'],
    [400, 'unauthorized_client', 'request_refused'],
    [403, 'access_denied', 'request_refused'],
    [400, 'invalid_client', 'credentials_refused'],
    [401, 'invalid_client', 'credentials_refused'],
    [401, undefined, 'credentials_refused'],
    [400, 'temporarily_unavailable', 'issuer_unavailable'],
    [429, undefined, 'issuer_unavailable'],
    [429, 'invalid_client', 'issuer_unavailable'],
    // Not by RFC 6749, but by some issuers.
    [200, 'invalid_client', 'credentials_refused'],
    [200, 'invalid_scope', 'request_refused'],
    [500, 'server_error', 'issuer_unavailable'],
    [503, undefined, 'issuer_unavailable'],
    [408, undefined, 'issuer_unavailable'],
  ])('%d %s is %s', async (status, code, reason) => {
    const { issuer, source } = await clientBed()
    issuer.fail(
      'token',
      saysJson(status, code === undefined ? {} : { error: code, error_description: 'Why.' }),
    )
    const error = await failureOf(source().getToken(), TokenSourceError)
    expect(error).toMatchObject({ name: 'TokenSourceError', reason, status, code })
    expect(error.message).toContain(code === undefined ? String(status) : `${status} ${code} (Why)`)
  })

  it('to a request for more than the client may have is known by its code', async () => {
    const { issuer, source } = await clientBed()
    const { clientId, clientSecret } = issuer.addClient({ scopes: 'a', audiences: 'https://x.test' })
    const tokens = source({ clientId, clientSecret, resource: 'https://x.test' })
    expect((await failureOf(tokens.getToken({ scopes: 'b' }), TokenSourceError)).code).toBe('invalid_scope')
    expect((await failureOf(tokens.getToken({ resource: 'https://y.test' }), TokenSourceError)).code).toBe(
      'invalid_target',
    )
    expect(await tokens.getToken()).toBeTypeOf('string')
  })
})
