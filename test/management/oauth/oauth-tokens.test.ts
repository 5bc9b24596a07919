import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../../src/index.js'
import { oauthTokens, type CallOptions, type OAuthTokens } from '../../../src/management/index.js'
import type { OptionOverrides, Fault, TestIssuer } from '../../../src/testing/index.js'
import { expectGivenUp } from '../support.js'
import { NOW } from '../../support/clock.js'
import { failureOf } from '../../support/outcomes.js'
import { testBed, type TestBed } from '../../support/test-bed.js'
import { withoutAnswer } from '../../support/setup/deadlines.js'

type Options = Parameters<typeof oauthTokens>[0]

interface OAuthManagementBed extends TestBed {
  readonly tokens: OAuthTokens
  readonly tokensWith: (options: OptionOverrides<Options>) => OAuthTokens
}

async function managementBed(): Promise<OAuthManagementBed> {
  const bed = await testBed()
  const { issuer } = bed
  const { clientId, clientSecret } = issuer.client
  const tokensWith: OAuthManagementBed['tokensWith'] = (more) => {
    const merged = Object.entries({ issuer: issuer.url, clientId, clientSecret, ...more })
    const given = Object.fromEntries(merged.filter(([, value]) => value !== undefined))
    return oauthTokens(given as unknown as Options)
  }
  return { ...bed, tokens: tokensWith({}), tokensWith }
}

describe('introspect', () => {
  it.each(['mintJwt', 'mintOpaque'] as const)("returns the issuer's details of a token: %s", async (mint) => {
    const { tokens, issuer } = await managementBed()
    const token = issuer[mint]({ scopes: 'a b', expiresIn: 60, claims: { region: 'eu' } })
    const answer = await tokens.introspect({ token, tokenTypeHint: 'access_token' })
    expect(answer).toEqual({
      active: true,
      scopes: ['a', 'b'],
      clientId: issuer.client.clientId,
      username: undefined,
      tokenType: 'Bearer',
      subject: issuer.client.clientId,
      audience: [issuer.audience],
      issuer: issuer.url,
      tokenId: expect.any(String),
      expiresAt: NOW + 60,
      issuedAt: NOW,
      notBefore: undefined,
      claims: expect.objectContaining({ active: true, region: 'eu', scope: 'a b' }),
    })
    expect(Object.isFrozen(answer)).toBe(true)
  })

  it('returns no details of an inactive token, even if the issuer adds some', async () => {
    const { tokens, issuer } = await managementBed()
    const nothing = {
      active: false,
      scopes: [],
      clientId: undefined,
      subject: undefined,
      claims: { active: false },
    }
    expect(await tokens.introspect({ token: 'unknown' })).toMatchObject(nothing)
    issuer.fail('introspection', { status: 200, body: { active: false, sub: 'john', scope: 'a' } })
    expect(await tokens.introspect({ token: 'unknown' })).toMatchObject(nothing)
  })

  it.each([{}, { active: 'true' }, { active: 1 }, { active: null }, { Active: true }])(
    'the response %j without a boolean active is an error',
    async (body) => {
      const { tokens, issuer } = await managementBed()
      issuer.fail('introspection', { status: 200, body })
      expect(await failureOf(tokens.introspect({ token: 'x' }))).toMatchObject({
        name: 'ManagementError',
        operation: 'oauthTokens.introspect',
      })
    },
  )
})

describe('revoke', () => {
  it('revokes a token, which is inactive from then on', async () => {
    const { tokens, issuer } = await managementBed()
    const token = issuer.mintOpaque()
    expect(await tokens.introspect({ token })).toMatchObject({ active: true })
    expect(await tokens.revoke({ token })).toBeUndefined()
    expect(await tokens.introspect({ token })).toMatchObject({ active: false })
    expect(await tokens.revoke({ token })).toBeUndefined()
  })

  it('succeeds for an unknown token, which is invalid anyway (RFC 7009 section 2.2)', async () => {
    const { tokens } = await managementBed()
    expect(await tokens.revoke({ token: 'unknown', tokenTypeHint: 'refresh_token' })).toBeUndefined()
  })

  it('fails for the token of another client, which stays active', async () => {
    const { tokens, issuer } = await managementBed()
    const token = issuer.mintOpaque({ clientId: 'another' })
    const error = await failureOf(tokens.revoke({ token }))
    expect(error).toMatchObject({ status: 400, code: 'unauthorized_client', isUncertain: false })
    expect(error.message).toContain('the token may belong to another client')
    expect(await tokens.introspect({ token })).toMatchObject({ active: true })
  })

  it('explains the error if the issuer cannot revoke this kind of token', async () => {
    const { tokens, issuer } = await managementBed()
    const body = { error: 'unsupported_token_type', error_description: 'no JWTs' }
    issuer.fail('revocation', { status: 400, body })
    const error = await failureOf(tokens.revoke({ token: 'x' }))
    expect(error.message).toBe(
      'oauthTokens.revoke: The issuer responded with 400 unsupported_token_type: no JWTs. ' +
        'The issuer does not support this kind of token, which stays valid until it expires',
    )
    expect(error).toMatchObject({ code: 'unsupported_token_type', isUncertain: false })
  })
})

describe('client authentication', () => {
  it.each(['basic', 'post'] as const)(
    'sends the credentials by %s, and never both ways',
    async (authentication) => {
      const { issuer, tokensWith } = await managementBed()
      // What a form encodes: credentials are to arrive whole whatever they are made of.
      const client = issuer.addClient({ clientId: 'a:b/c', clientSecret: 'a secret: 100% + & more' })
      const sent: Request[] = []
      const { clientId, clientSecret } = client
      const recording: typeof fetch = (input, init) => {
        sent.push(new Request(input, init))
        return fetch(input, init)
      }
      const tokens = tokensWith({ clientId, clientSecret, authentication, fetch: recording })
      const token = issuer.mintOpaque({ clientId, scopes: 'a' })
      expect(await tokens.introspect({ token })).toMatchObject({ active: true })
      await tokens.revoke({ token, tokenTypeHint: 'access_token' })
      expect(await tokens.introspect({ token })).toMatchObject({ active: false })
      const forms = await Promise.all(
        sent.slice(1).map(async (request) => new URLSearchParams(await request.text())),
      )
      const secrets = authentication === 'post' ? { client_id: clientId, client_secret: clientSecret } : {}
      expect(forms.map((form) => Object.fromEntries(form))).toEqual([
        { token, ...secrets },
        { token, token_type_hint: 'access_token', ...secrets },
        { token, ...secrets },
      ])
      expect(sent.map((request) => request.headers.has('authorization'))).toEqual([
        false,
        ...Array<boolean>(3).fill(authentication === 'basic'),
      ])
    },
  )

  it('fails for a wrong secret with an error that names what to check', async () => {
    const { tokensWith } = await managementBed()
    for (const authentication of ['basic', 'post'] as const) {
      const tokens = tokensWith({ clientSecret: 'wrong-secret', authentication })
      const error = await failureOf(tokens.introspect({ token: 'x' }))
      expect(error).toMatchObject({ status: 401, code: 'invalid_client' })
      expect(error.message).toContain('Check clientId, clientSecret and authentication')
      expect(error.message).not.toContain('wrong-secret')
    }
  })
})

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
