import { describe, expect, it } from 'vitest'
import { authlete, ConfigurationError, type AuthleteOptions } from '../../src/index.js'
import type { MintOptions, TestIssuer } from '../../src/testing/index.js'
import { refusalOf } from '../support/outcomes.js'
import { testBed, type TestBed } from '../support/test-bed.js'

type Extra = Parameters<TestIssuer['authlete']>[0]

interface AuthleteBed extends TestBed {
  readonly mint: (options?: Omit<MintOptions, 'provider'>) => string
}

async function atAuthlete(extra: Extra | ((by: TestIssuer) => Extra) = {}): Promise<AuthleteBed> {
  const bed = await testBed({
    issuers: (by) => [authlete(by.authlete(typeof extra === 'function' ? extra(by) : extra))],
  })
  return { ...bed, mint: (options) => bed.issuer.mintOpaque({ ...options, provider: 'authlete' }) }
}

describe('the request to Authlete', () => {
  it('has the token alone, so that one result serves every route', async () => {
    const asked: unknown[] = []
    const recording: typeof fetch = (input, init) => {
      asked.push({ url: input, method: init!.method, body: JSON.parse(init!.body as string) as unknown })
      return fetch(input, init)
    }
    const { issuer, mint, outcome } = await atAuthlete({ fetch: recording })
    const token = mint({ scopes: 'a' })
    expect(await outcome(token, { scopes: 'b' })).toBe('scope_insufficient')
    expect(await outcome(token, { scopes: 'a' })).toBe('accepted')
    const url = `${issuer.endpoints.authlete}/api/${issuer.authleteService.serviceId}/auth/introspection`
    expect(asked).toEqual([{ url, method: 'POST', body: { token } }])
  })

  it('a rejected service access token causes 503', async () => {
    const { mint, verifier } = await atAuthlete({ serviceAccessToken: 'wrong' })
    const refusal = await refusalOf(verifier.verify(mint()))
    expect(refusal).toMatchObject({ reason: 'issuer_refused_us', status: 503 })
  })
})

describe('a response of Authlete', () => {
  const minutes = (count: number, now: number) => (now + 60 * count) * 1000

  it.each<[string, Record<string, unknown>, string]>([
    ['OK', {}, 'accepted'],
    ['UNAUTHORIZED', { action: 'UNAUTHORIZED' }, 'token_inactive'],
    ['FORBIDDEN', { action: 'FORBIDDEN' }, 'token_inactive'],
    ['BAD_REQUEST', { action: 'BAD_REQUEST' }, 'issuer_refused_us'],
    ['INTERNAL_SERVER_ERROR', { action: 'INTERNAL_SERVER_ERROR' }, 'issuer_unavailable'],
    ['an unknown action', { action: 'ok' }, 'issuer_unavailable'],
    ['no action', { action: undefined }, 'issuer_unavailable'],
    ['OK, and not existent', { existent: false }, 'token_inactive'],
    ['OK, and not usable', { usable: false }, 'token_inactive'],
    ["OK, and usable is 'true'", { usable: 'true' }, 'token_inactive'],
    ['OK, for a token bound to a certificate', { certificateThumbprint: 'abc' }, 'proof_missing'],
    ['OK, and responses must be signed', { responseSigningRequired: true }, 'claim_invalid'],
    ['OK, and certificateThumbprint is a number', { certificateThumbprint: 123 }, 'proof_missing'],
    ['OK, and certificateThumbprint is false', { certificateThumbprint: false }, 'proof_missing'],
    ['OK, and certificateThumbprint is null', { certificateThumbprint: null }, 'accepted'],
    ['OK, and certificateThumbprint is empty', { certificateThumbprint: '' }, 'accepted'],
    ["OK, and responseSigningRequired is 'true'", { responseSigningRequired: 'true' }, 'claim_invalid'],
    ["OK, and responseSigningRequired is 'false'", { responseSigningRequired: 'false' }, 'claim_invalid'],
    ['OK, and responseSigningRequired is 1', { responseSigningRequired: 1 }, 'claim_invalid'],
    ['OK, and responseSigningRequired is null', { responseSigningRequired: null }, 'accepted'],
    ['OK, and responseSigningRequired is false', { responseSigningRequired: false }, 'accepted'],
    ['OK, without expiry', { expiresAt: undefined }, 'issuer_unavailable'],
    ['OK, and expired in 1970', { expiresAt: 1000 }, 'token_expired'],
    ['OK, with scopes as a string', { scopes: 'a b' }, 'issuer_unavailable'],
    ['OK, with no scopes', { scopes: null }, 'accepted'],
    ['OK, for another resource', { accessTokenResources: ['https://other.test'] }, 'audience_mismatch'],
    ['OK, for no resource', { accessTokenResources: null }, 'audience_mismatch'],
    ['OK, without subject and client', { clientId: undefined }, 'issuer_unavailable'],
  ])('%s', async (_, members, expected) => {
    const { issuer, outcome, now } = await atAuthlete()
    const token = { existent: true, usable: true, clientId: 4711, expiresAt: minutes(5, now()) }
    const facts = { ...token, scopes: ['a'], accessTokenResources: [issuer.audience] }
    const body = { ...facts, action: 'OK', ...members }
    issuer.fail('authleteIntrospection', { body })
    expect(await outcome('some-token')).toBe(expected)
  })

  it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ['the number', { clientId: 4711 }, { clientId: '4711', subject: '4711' }],
    [
      'the alias, where that was used',
      { clientId: 4711, clientIdAlias: 'billing', clientIdAliasUsed: true },
      { clientId: 'billing', subject: 'billing' },
    ],
    [
      'the number, where the alias was not used',
      { clientId: 4711, clientIdAlias: 'billing', clientIdAliasUsed: false },
      { clientId: '4711' },
    ],
    ['the subject besides', { clientId: 4711, subject: 'user-1' }, { clientId: '4711', subject: 'user-1' }],
  ])('the client is %s', async (_, members, expected) => {
    const { issuer, verifier, now } = await atAuthlete({ audience: null })
    const facts = { action: 'OK', existent: true, usable: true, expiresAt: minutes(5, now()), ...members }
    issuer.fail('authleteIntrospection', { body: facts })
    expect(await verifier.verify('some-token')).toMatchObject(expected)
  })

  it('times in milliseconds become seconds, and instructions are not claims', async () => {
    const { mint, now, verifier } = await atAuthlete()
    const token = await verifier.verify(mint({ expiresIn: 600 }))
    expect(token.expiresAt).toBe(now() + 600)
    for (const name of ['action', 'responseContent', 'resultCode', 'resultMessage']) {
      expect(token.claims).not.toHaveProperty(name)
    }
  })

  it('revoked, expired and unknown tokens are inactive', async () => {
    const { issuer, mint, outcome } = await atAuthlete()
    const revoked = mint()
    issuer.revoke(revoked)
    expect(await outcome(revoked)).toBe('token_inactive')
    expect(await outcome(mint({ age: 60, expiresIn: -1 }))).toBe('token_inactive')
    expect(await outcome('made-up')).toBe('token_inactive')
  })
})

describe('the audience is a resource of the token', () => {
  it.each<[string, AuthleteOptions['audience'] | undefined, string]>([
    ['one of ours', ['https://a.test', 'https://b.test'], 'accepted'],
    ['none of ours', 'https://b.test', 'audience_mismatch'],
    ['left out on purpose', null, 'accepted'],
    ['not given', undefined, 'accepted'],
  ])('%s', async (_, audience, expected) => {
    const { mint, outcome } = await atAuthlete({ audience })
    expect(await outcome(mint({ audience: ['https://a.test', 'https://c.test'] }))).toBe(expected)
  })
})

describe('JWTs', () => {
  it('are verified locally if issuer is set, opaque tokens still by Authlete', async () => {
    const { issuer, mint, verifier } = await atAuthlete((by) => ({ issuer: by.endpoints.authlete }))
    const token = await verifier.verify(issuer.mintJwt({ provider: 'authlete' }))
    expect(token).toMatchObject({ format: 'jwt', provider: 'authlete', issuer: issuer.endpoints.authlete })
    expect(issuer.calls).toMatchObject({ discovery: 1, jwks: 1, authleteIntrospection: 0 })
    expect(await verifier.verify(mint())).toMatchObject({ format: 'opaque' })
    expect(issuer.calls.authleteIntrospection).toBe(1)
  })

  it('with jwksUri, without discovery', async () => {
    const { issuer, outcome } = await atAuthlete((by) => ({
      issuer: by.endpoints.authlete,
      jwksUri: `${by.endpoints.authlete}/jwks`,
    }))
    expect(await outcome(issuer.mintJwt({ provider: 'authlete' }))).toBe('accepted')
    expect(issuer.calls).toMatchObject({ jwks: 1, total: 1 })
  })

  it('are introspected like opaque tokens if issuer is not set', async () => {
    const { issuer, outcome } = await atAuthlete()
    expect(await outcome(issuer.mintJwt({ provider: 'authlete' }))).toBe('accepted')
    expect(issuer.calls).toMatchObject({ authleteIntrospection: 1, total: 1 })
  })
})

describe('options', () => {
  const good = { serviceId: '1', serviceAccessToken: 'x', apiUrl: 'https://us.authlete.com' }
  it.each<[string, Record<string, unknown>]>([
    ['no serviceId', { ...good, serviceId: undefined }],
    ['no access token', { ...good, serviceAccessToken: '' }],
    ['no apiUrl', { ...good, apiUrl: undefined }],
    ['http: beyond loopback', { ...good, apiUrl: 'http://us.authlete.com' }],
    ['an apiUrl with a query', { ...good, apiUrl: 'https://us.authlete.com?region=us' }],
    ['a serviceId that no path can hold', { ...good, serviceId: '..' }],
    ['issuer without audience', { ...good, issuer: 'https://as.test' }],
    ['jwksUri without issuer', { ...good, jwksUri: 'https://as.test/jwks' }],
    ['an unknown one', { ...good, region: 'us' }],
  ])('%s: refused', (_, options) => {
    expect(() => authlete(options as unknown as AuthleteOptions)).toThrow(ConfigurationError)
  })
})
