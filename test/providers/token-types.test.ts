import { describe, expect, it } from 'vitest'
import { ConfigurationError, oauth, type OAuthOptions } from '../../src/index.js'
import { testBed } from '../support/test-bed.js'

const OPTIONS = { issuer: 'https://auth.example.com', audience: 'https://orders.internal' }

const withTypes = (extra: Partial<OAuthOptions>) =>
  testBed({ issuers: (by) => [oauth({ ...by.oauth(), ...extra })] })

describe('tokenTypes', () => {
  it.each<[string | readonly string[], unknown, string]>([
    ['JOSE', 'JOSE', 'accepted'],
    ['JOSE', 'jose', 'accepted'],
    ['jose', 'application/JOSE', 'accepted'],
    ['application/jose', 'JOSE', 'accepted'],
    [['jose', 'Access+JWT'], 'access+jwt', 'accepted'],
    ['JOSE', 'at+jwt', 'accepted'],
    ['JOSE', 'JWT', 'accepted'],
    ['JOSE', undefined, 'accepted'],
    ['JOSE', 'jos', 'type_not_allowed'],
    ['JOSE', 'text/jose', 'type_not_allowed'],
    ['JOSE', 'dpop+jwt', 'type_not_allowed'],
    ['JOSE', '', 'type_not_allowed'],
    ['JOSE', ['JOSE'], 'type_not_allowed'],
  ])('%j: a JWT with the type %j is %s', async (tokenTypes, typ, expected) => {
    const { jwt, outcome } = await withTypes({ tokenTypes })
    expect(await outcome(jwt({ header: { typ } }))).toBe(expected)
  })

  it('are types that are refused without the option', async () => {
    const { jwt, outcome } = await testBed()
    expect(await outcome(jwt({ header: { typ: 'JOSE' } }))).toBe('type_not_allowed')
  })

  it.each<[object]>([
    [{ nonce: 'n' }],
    [{ at_hash: 'h' }],
    [{ c_hash: 'h' }],
    [{ token_use: 'id' }],
    [{ typ: 'ID' }],
    [{ typ: 'Refresh' }],
  ])('accept no ID or refresh token: %j', async (claims) => {
    const { jwt, outcome } = await withTypes({ tokenTypes: 'JOSE' })
    const token = jwt({ header: { typ: 'JOSE' }, claims: claims as Record<string, unknown> })
    expect(await outcome(token)).toBe('type_not_allowed')
  })

  it('apply to JWTs that are introspected', async () => {
    const { issuer, jwt, outcome } = await testBed({
      issuers: (by) => {
        const options = by.oauth({ tokenTypes: 'JOSE' })
        return [oauth({ ...options, introspection: { ...options.introspection!, jwts: true } })]
      },
    })
    issuer.fail('introspection', {
      status: 200,
      body: { active: true, sub: 'x', aud: 'https://api.test' },
    })
    const claims = { sub: 'x', client_id: undefined }
    expect(await outcome(jwt({ header: { typ: 'JOSE' }, claims }))).toBe('accepted')
    expect(await outcome(jwt({ header: { typ: 'other' }, claims }))).toBe('type_not_allowed')
  })

  it.each([
    'id_token',
    'ID+JWT',
    'logout+jwt',
    'refresh+jwt',
    'application/dpop+jwt',
    'secevent+jwt',
    'token-introspection+jwt',
  ])('must not name the type of another kind of token: %s', (type) => {
    expect(() => oauth({ ...OPTIONS, tokenTypes: ['JOSE', type] })).toThrow(
      /oauth\.tokenTypes.*another kind of token/,
    )
  })

  it('contradict requireAccessTokenType: true, and the error names both options', () => {
    const both = { ...OPTIONS, tokenTypes: 'JOSE', requireAccessTokenType: true }
    expect(() => oauth(both)).toThrow(/oauth\.tokenTypes.*oauth\.requireAccessTokenType/)
    expect(() => oauth({ ...both, requireAccessTokenType: false })).not.toThrow()
  })

  it.each([undefined, null, [], '', ' JOSE', 7, ['JOSE', undefined]])('must not be %j', (tokenTypes) => {
    expect(() => oauth({ ...OPTIONS, tokenTypes } as OAuthOptions)).toThrow(ConfigurationError)
  })
})
