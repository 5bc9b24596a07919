import { describe, expect, it } from 'vitest'
import { NOW } from '../../support/clock.js'
import { failureOf } from '../../support/outcomes.js'
import { managementBed } from './support.js'

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
