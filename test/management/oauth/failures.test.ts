import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../../src/index.js'
import { oauthTokens, type CallOptions, type OAuthTokens } from '../../../src/management/index.js'
import type { Fault, TestIssuer } from '../../../src/testing/index.js'
import { expectGivenUp } from '../support.js'
import { failureOf } from '../../support/outcomes.js'
import { withoutAnswer } from '../../support/setup/deadlines.js'
import { managementBed } from './support.js'

describe('the endpoint', () => {
  it('is found by discovery, once', async () => {
    const { tokens, issuer } = await managementBed()
    await tokens.introspect({ token: 'x' })
    await tokens.revoke({ token: 'x' })
    expect(issuer.calls).toMatchObject({ discovery: 1, introspection: 1, revocation: 1, total: 3 })
  })

  it('is not looked up if it is configured', async () => {
    const { tokensWith, issuer } = await managementBed()
    const tokens = tokensWith({ issuer: undefined, introspectionEndpoint: `${issuer.url}/introspect` })
    expect(await tokens.introspect({ token: 'x' })).toMatchObject({ active: false })
    expect(issuer.calls).toMatchObject({ discovery: 0, introspection: 1 })
    const error = await failureOf(tokens.revoke({ token: 'x' }))
    expect(error).toMatchObject({ name: 'ManagementError', vendor: 'oauth', status: undefined })
    expect(error.message).toContain('Set oauthTokens.revocationEndpoint')
  })

  it('is found at the RFC 8414 URL if OpenID discovery has none', async () => {
    const { tokens, issuer } = await managementBed()
    issuer.fail('discovery', { status: 404, times: 1 })
    expect(await tokens.introspect({ token: 'x' })).toMatchObject({ active: false })
    expect(issuer.calls.discovery).toBe(2)
  })

  it.each<[string, (issuer: TestIssuer) => Fault, string]>([
    [
      'of another issuer',
      (by) => ({
        status: 200,
        body: { issuer: `${by.url}/`, introspection_endpoint: `${by.url}/introspect` },
      }),
      'Set oauthTokens.issuer to exactly',
    ],
    [
      'without the endpoint',
      (by) => ({ status: 200, body: { issuer: by.url } }),
      'has no introspection_endpoint',
    ],
    [
      'with an endpoint without TLS',
      (by) => ({ status: 200, body: { issuer: by.url, introspection_endpoint: 'http://elsewhere.test/' } }),
      'is not a URL that a token can be sent to',
    ],
    ['that is an HTML page', () => 'html', 'without a JSON object'],
    ['that does not exist', () => 404, 'responded with 404'],
    ['that redirects', () => 'redirect', 'Redirects are not followed'],
  ])('a discovery document %s is an error, and the token is not sent', async (_, fault, words) => {
    const { tokens, issuer } = await managementBed()
    issuer.fail('discovery', fault(issuer))
    const error = await failureOf(tokens.introspect({ token: 'the-token' }))
    expect(error).toMatchObject({ name: 'ManagementError', operation: 'oauthTokens.introspect' })
    expect(error.message).toContain(words)
    expect(issuer.calls.introspection).toBe(0)
    issuer.heal()
    expect(await tokens.introspect({ token: 'the-token' })).toMatchObject({ active: false })
  })
})

describe.each([
  ['introspect', 'introspection', true],
  ['revoke', 'revocation', false],
] as const)('%s failures', (operation, endpoint, isRead) => {
  const call = (tokens: OAuthTokens, options?: CallOptions): Promise<unknown> =>
    tokens[operation]({ token: 'the-secret-token' }, options)

  it.each<[string, Fault, boolean, object]>([
    ['no response', 'reset', true, { isUncertain: !isRead }],
    ['a page of HTML', 'html', false, { isUncertain: !isRead }],
    ['503', 503, true, { status: 503, isUncertain: !isRead }],
    [
      '503 with a time to wait',
      { status: 503, headers: { 'retry-after': '7' } },
      false,
      { retryAfter: 7, isUncertain: !isRead },
    ],
    ['429', { status: 429, headers: { 'retry-after': '9' } }, false, { retryAfter: 9, isUncertain: false }],
    ['a redirect', 'redirect', false, { status: 307, isUncertain: false }],
  ])('%s is an error; only introspection is retried', async (_, fault, isPassing, known) => {
    const { tokens, issuer } = await managementBed()
    issuer.fail(endpoint, fault)
    const error = await failureOf(call(tokens))
    expect(error).toMatchObject({
      name: 'ManagementError',
      vendor: 'oauth',
      operation: `oauthTokens.${operation}`,
      ...known,
    })
    expect(issuer.calls[endpoint]).toBe(isPassing && isRead ? 2 : 1)
  })

  it('no error contains a secret that the issuer quotes', async () => {
    const { tokens, issuer } = await managementBed()
    const { clientId, clientSecret } = issuer.client
    const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64')
    const secrets = ['the-secret-token', clientSecret, basic]
    const body = { error: 'invalid_request', error_description: `not ${secrets.join()}` }
    issuer.fail(endpoint, { status: 400, body })
    const error = await failureOf(call(tokens))
    const shown = inspect(error, { showHidden: true }) + JSON.stringify(error) + String(error.stack)
    for (const secret of secrets) expect(shown).not.toContain(secret)
    expect(error.message).toContain('invalid_request: not [secret],[secret],[secret]')
  })

  it('aborting rejects with the reason of the signal during discovery and during the call', async () => {
    for (const at of ['discovery', endpoint] as const) {
      const { tokens, issuer } = await managementBed()
      await expectGivenUp(issuer, at, (signal) => call(tokens, { signal }))
    }
  })

  it('discovery and the call share one deadline', async () => {
    for (const at of ['discovery', endpoint] as const) {
      const { tokensWith, issuer } = await managementBed()
      issuer.fail(at, 'hang')
      const error = await failureOf(withoutAnswer(issuer, at, call(tokensWith({ deadline: '100ms' }))))
      expect(error).toMatchObject({ name: 'ManagementError', isUncertain: at !== 'discovery' && !isRead })
      expect(error.message).toMatch(/no complete response within 0\.\d+ s/)
    }
  })

  it.each<[string, unknown]>([
    ['token', {}],
    ['token', { token: '' }],
    ['token', { token: 7 }],
    ['tokenTypeHint', { token: 'x', tokenTypeHint: '' }],
    ['hint', { token: 'x', hint: 'access_token' }],
  ])('invalid input (%s) is rejected by name before anything is sent', async (member, input) => {
    const { tokens, issuer } = await managementBed()
    const error = await failureOf(tokens[operation](input as { token: string }))
    expect(error).toBeInstanceOf(ConfigurationError)
    expect(error).toMatchObject({ option: `oauthTokens.${operation}.${member}` })
    expect(issuer.calls.total).toBe(0)
  })
})

describe('invalid options', () => {
  const RIGHT = { issuer: 'https://auth.example.com', clientId: 'us', clientSecret: 'the-secret' }

  it.each<[string, Record<string, unknown>, string]>([
    ['neither an issuer nor an endpoint', { issuer: undefined }, 'issuer'],
    ['an issuer with a query', { issuer: 'https://auth.example.com/?a' }, 'issuer'],
    ['an endpoint without TLS', { revocationEndpoint: 'http://auth.example.com/' }, 'revocationEndpoint'],
    ['no id', { clientId: '' }, 'clientId'],
    ['no secret', { clientSecret: undefined }, 'clientSecret'],
    ['an unknown authentication method', { authentication: 'tls' }, 'authentication'],
    ['an unknown option', { secret: 'x' }, 'secret'],
  ])('%s', (_, wrong, option) => {
    expect(() => oauthTokens({ ...RIGHT, ...wrong })).toThrow(
      expect.objectContaining({ name: 'ConfigurationError', option: `oauthTokens.${option}` }),
    )
  })
})
