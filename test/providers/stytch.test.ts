import { describe, expect, it } from 'vitest'
import { ConfigurationError, stytch, type StytchOptions } from '../../src/index.js'
import type { MintJwtOptions, TestIssuer } from '../../src/testing/index.js'
import { testBed, type TestBed } from '../support/test-bed.js'

interface StytchBed extends TestBed {
  readonly mint: (options?: Omit<MintJwtOptions, 'provider'>) => string
  /** Paths of the requests for keys. */
  readonly paths: readonly string[]
}

type Extra = Parameters<TestIssuer['stytch']>[0]

async function atStytch(extra: Extra | ((by: TestIssuer) => Extra) = {}): Promise<StytchBed> {
  const paths: string[] = []
  const recording: typeof fetch = (input, init) => {
    paths.push(new URL(input).pathname)
    return fetch(input, init)
  }
  const bed = await testBed({
    issuers: (by) => [
      stytch(by.stytch({ fetch: recording, ...(typeof extra === 'function' ? extra(by) : extra) })),
    ],
  })
  return { ...bed, paths, mint: (options) => bed.issuer.mintJwt({ ...options, provider: 'stytch' }) }
}

describe('the issuer of a token', () => {
  it('may be the project or the URL of the API', async () => {
    const { issuer, mint, outcome } = await atStytch()
    expect(await outcome(mint({ claims: { iss: `stytch.com/${issuer.stytchProject.projectId}` } }))).toBe(
      'accepted',
    )
    expect(await outcome(mint({ claims: { iss: issuer.endpoints.stytch } }))).toBe('accepted')
  })

  it.each(['stytch.com/project-test-other', 'stytch.com', 'https://stytch.com/', 'https://test.stytch.com'])(
    '%s is another',
    async (iss) => {
      const { mint, outcome } = await atStytch()
      expect(await outcome(mint({ claims: { iss } }))).toBe('issuer_unknown')
    },
  )

  it('a token of another project with the same iss is refused by its audience', async () => {
    const { issuer, mint, outcome } = await atStytch()
    const iss = issuer.endpoints.stytch
    expect(await outcome(mint({ audience: 'project-test-other', claims: { iss } }))).toBe('audience_mismatch')
    expect(await outcome(mint({ audience: null, claims: { iss } }))).toBe('claim_missing')
    const { projectId } = issuer.stytchProject
    expect(await outcome(mint({ audience: ['project-test-other', projectId] }))).toBe('accepted')
  })
})

describe('the URL of the keys', () => {
  it.each<[string, (by: TestIssuer) => Extra, (projectId: string) => string]>([
    ['the project', () => ({}), (projectId) => `/v1/sessions/jwks/${projectId}`],
    ['a B2B project', () => ({ b2b: true }), (projectId) => `/v1/b2b/sessions/jwks/${projectId}`],
    [
      'a custom domain',
      (by) => ({ customDomain: by.endpoints.stytch, apiUrl: undefined }),
      () => '/.well-known/jwks.json',
    ],
  ])('of %s', async (_, extra, path) => {
    const { issuer, mint, outcome, paths } = await atStytch(extra)
    expect(await outcome(mint())).toBe('accepted')
    expect(await outcome(mint({ claims: { iss: issuer.endpoints.stytch } }))).toBe('accepted')
    expect(paths).toEqual([path(issuer.stytchProject.projectId)])
  })

  it.each<[StytchOptions, string]>([
    [{ projectId: 'project-test-1' }, 'https://test.stytch.com/v1/sessions/jwks/project-test-1'],
    [{ projectId: 'project-live-1' }, 'https://api.stytch.com/v1/sessions/jwks/project-live-1'],
    [
      { projectId: 'project-live-1', customDomain: 'login.example.com' },
      'https://login.example.com/.well-known/jwks.json',
    ],
  ])('%j: %s', (options, url) => {
    expect(stytch(options).jwt!.keys).toMatchObject({ kind: 'remote', url })
  })
})

describe('which tokens of the project are machine tokens', () => {
  it.each<[string, Omit<MintJwtOptions, 'provider'>, string]>([
    ['typ JWT', {}, 'accepted'],
    ['typ jwt', { header: { typ: 'jwt' } }, 'accepted'],
    ['no typ', { header: { typ: undefined } }, 'type_not_allowed'],
    ['typ at+jwt', { header: { typ: 'at+jwt' } }, 'type_not_allowed'],
    ['a session', { claims: { 'https://stytch.com/session': { id: 'session-1' } } }, 'type_not_allowed'],
    ['a member session', { claims: { 'https://stytch.com/organization': {} } }, 'type_not_allowed'],
    [
      'a person who uses a connected app',
      {
        subject: 'user-live-1',
        scopes: 'openid read:orders',
        claims: { client_id: 'connected-app-live-1' },
      },
      'type_not_allowed',
    ],
    ['a connected app', { claims: { client_id: 'connected-app-live-1' } }, 'type_not_allowed'],
    ['an authorized party that is not sub', { claims: { azp: 'connected-app-live-1' } }, 'type_not_allowed'],
    ['a client_id of null, which counts as absent', { claims: { client_id: null } }, 'accepted'],
    ['a client_id that is empty', { claims: { client_id: '' } }, 'type_not_allowed'],
    ['a client_id that is a list', { claims: { client_id: ['user-live-1'] } }, 'type_not_allowed'],
    ['a user', { subject: 'user-live-1' }, 'type_not_allowed'],
    ['a user whom client_id repeats', user('user-test-1'), 'type_not_allowed'],
    ['a member', { subject: 'member-live-1' }, 'type_not_allowed'],
    ['a member whom client_id repeats', user('member-test-1'), 'type_not_allowed'],
    ['an ID token', { claims: { nonce: 'n', at_hash: 'x' } }, 'type_not_allowed'],
    ['token_use id', { claims: { token_use: 'id' } }, 'type_not_allowed'],
    ['client_id equal to sub', user('m2m-client-live-1'), 'accepted'],
    ['an imported client with an id of another form', { subject: 'billing' }, 'accepted'],
    ['no scope', { claims: { scope: undefined } }, 'claim_missing'],
    ['scope as a list', { claims: { scope: ['a'] } }, 'claim_invalid'],
    ['an empty scope', { scopes: '' }, 'accepted'],
    ['no exp', { claims: { exp: undefined } }, 'claim_missing'],
    ['no iat', { claims: { iat: undefined } }, 'claim_missing'],
    ['no sub', { claims: { sub: undefined } }, 'claim_missing'],
    ['another algorithm', { algorithm: 'ES256' }, 'algorithm_not_allowed'],
  ])('%s', async (_, mint, expected) => {
    const bed = await atStytch()
    expect(await bed.outcome(bed.mint(mint))).toBe(expected)
  })

  it('an opaque token is refused without a call', async () => {
    const { issuer, outcome } = await atStytch()
    expect(await outcome('opaque')).toBe('issuer_unknown')
    expect(issuer.calls.total).toBe(0)
  })
})

function user(subject: string): Omit<MintJwtOptions, 'provider'> {
  return { subject, claims: { client_id: subject } }
}

describe('scopes are action:resource, split at the first colon', () => {
  it.each([
    ['read:users', 'read:users', true],
    ['read:users', 'read:books', false],
    ['read:users', 'write:users', false],
    ['read:*', 'read:users', true],
    ['read:*', 'write:users', false],
    ['read:*', 'read', true],
    ['read', 'read', true],
    ['read', 'read:users', false],
    ['read:users', 'read', false],
    ['*:users', 'read:users', false],
    ['*', 'read:users', false],
    ['read:users', 'read:*', false],
    ['read:*', 'read:*', true],
    ['read:users:eu', 'read:users:eu', true],
    ['read:users:eu', 'read:users:us', false],
    ['read:users:eu', 'read:users', false],
    ['read:users', 'read:users:eu', false],
    ['read:users:*', 'read:users:eu', false],
    ['read:*', 'read:users:eu', true],
    ['Read:users', 'read:users', false],
  ])('%s for %s: %s', async (granted, demanded, isEnough) => {
    const { mint, outcome } = await atStytch()
    const expected = isEnough ? 'accepted' : 'scope_insufficient'
    expect(await outcome(mint({ scopes: granted }), { scopes: demanded })).toBe(expected)
  })

  it('or compared by scopeMatching', async () => {
    const { mint, outcome } = await atStytch({ scopeMatching: 'exact' })
    expect(await outcome(mint({ scopes: 'read:*' }), { scopes: 'read:users' })).toBe('scope_insufficient')
  })
})

describe('options', () => {
  it.each<unknown>([
    {},
    { projectId: '' },
    { projectId: 'project-test-1', audience: 'x' },
    { projectId: 'project-test-1', remote: {} },
    { projectId: 'project-test-1', b2b: 'yes' },
    { projectId: 'project-test-1', apiUrl: 'http://stytch.test' },
    { projectId: 'project-test-1', algorithms: ['HS256'] },
  ])('%j: refused', (options) => {
    expect(() => stytch(options as StytchOptions)).toThrow(ConfigurationError)
  })
})
