import { describe, expect, it } from 'vitest'
import {
  authlete,
  clerk,
  ConfigurationError,
  createVerifier,
  oauth,
  stytch,
  type Issuer,
} from '../../src/index.js'
import { startIssuer, testBed, type TestBed } from '../support/test-bed.js'

/** Five issuers side by side, two of them with a prefix of their own. */
async function many(): Promise<TestBed> {
  const other = await startIssuer({ opaquePrefix: 'other_' })
  return testBed({
    issuers: (by) => [
      oauth(by.oauth({ introspection: { ...by.oauth().introspection!, opaquePrefix: 'own_' } })),
      clerk(by.clerk()),
      stytch(by.stytch()),
      authlete(by.authlete()),
      oauth(other.oauth()),
    ],
  })
}

describe('a token goes to the issuer it belongs to', () => {
  it.each(['oauth', 'clerk', 'stytch'] as const)('a JWT of %s by its iss', async (provider) => {
    const { issuer, verifier } = await many()
    expect(await verifier.verify(issuer.mintJwt({ provider }))).toMatchObject({ provider, format: 'jwt' })
  })

  it.each([
    ['own_', 'oauth', 'introspection'],
    ['mt_', 'clerk', 'clerkVerify'],
    ['', 'authlete', 'authleteIntrospection'],
  ] as const)(
    'an opaque token that starts with "%s" to %s, and to nobody else',
    async (prefix, provider, endpoint) => {
      const { issuer, verifier } = await many()
      const token = issuer.mintOpaque({ provider, prefix })
      expect(await verifier.verify(token)).toMatchObject({ provider, format: 'opaque' })
      expect(issuer.calls).toMatchObject({ [endpoint]: 1, total: provider === 'oauth' ? 2 : 1 })
    },
  )

  it('a token is never tried at a second issuer', async () => {
    const { issuer, outcome } = await many()
    const lost = issuer.mintOpaque({ provider: 'authlete', prefix: 'mt_' })
    expect(await outcome(lost)).toBe('token_inactive')
    expect(issuer.calls).toMatchObject({ clerkVerify: 1, total: 1 })
  })

  it('a JWT that fails is not tried as an opaque token', async () => {
    const { issuer, jwt, outcome } = await testBed()
    const forged = `${jwt().split('.').slice(0, 2).join('.')}.${'A'.repeat(86)}`
    expect(await outcome(forged)).toBe('signature_invalid')
    expect(await outcome('abc.def.ghi')).toBe('token_undecodable')
    expect(issuer.calls.introspection).toBe(0)
  })

  it('what merely has a dot in it is an opaque token', async () => {
    const { issuer, outcome } = await testBed()
    const token = issuer.mintOpaque({ prefix: 'v1.local.' })
    expect(await outcome(`x${token}`.replace('v1.local.', '~'))).toBe('token_inactive')
    expect(issuer.calls.introspection).toBe(1)
  })
})

describe('an issuer is known by the exact text of its name', () => {
  it.each<[string, (url: string) => unknown]>([
    ['another', () => 'https://elsewhere.test'],
    ['a slash at the end', (url) => `${url}/`],
    ['another case', (url) => url.toUpperCase()],
    ['another scheme', (url) => url.replace('http:', 'https:')],
    ['another spelling', (url) => url.replace('127.0.0.1', '127.0.0.%31')],
    ['a part of it', (url) => url.slice(0, -1)],
    ['more than it', (url) => `${url}.evil.test`],
    ['in a list', (url) => [url]],
    ['in an object', (url) => ({ url })],
    ['a name objects inherit', () => '__proto__'],
    ['a name objects inherit, too', () => 'constructor'],
    ['empty', () => ''],
    ['null', () => null],
    ['none', () => undefined],
  ])('%s: unknown, and nobody is asked', async (_, spell) => {
    const { issuer, jwt, outcome } = await testBed()
    expect(await outcome(jwt({ claims: { iss: spell(issuer.url) } }))).toBe('issuer_unknown')
    expect(issuer.calls.total).toBe(0)
  })
})

describe('a token nobody is configured for', () => {
  it('an opaque one where only JWTs are taken', async () => {
    const { issuer, outcome } = await testBed({
      issuers: (by) => [oauth(by.oauth({ introspection: undefined }))],
    })
    expect(await outcome(issuer.mintOpaque())).toBe('issuer_unknown')
    expect(issuer.calls.total).toBe(0)
  })

  it('one without the prefix where all have one', async () => {
    const { issuer, outcome } = await testBed({ testIssuer: { opaquePrefix: 'own_' } })
    expect(await outcome(issuer.mintOpaque())).toBe('accepted')
    expect(await outcome(issuer.mintOpaque({ prefix: 'Own_' }))).toBe('issuer_unknown')
    expect(await outcome(issuer.mintOpaque({ prefix: '' }))).toBe('issuer_unknown')
  })

  it('a JWT of Clerk where its JWTs are switched off', async () => {
    const { issuer, outcome } = await testBed({
      issuers: (by) => [clerk(by.clerk({ jwtAccess: false, jwksUri: undefined }))],
    })
    expect(await outcome(issuer.mintJwt({ provider: 'clerk' }))).toBe('issuer_unknown')
    expect(await outcome(issuer.mintOpaque({ provider: 'clerk' }))).toBe('accepted')
    expect(issuer.calls).toMatchObject({ clerkVerify: 1, total: 1 })
  })
})

describe('issuers that could claim the same token are refused', () => {
  const A = 'https://a.test'
  const B = 'https://b.test'
  const jwts = (issuer: string) => oauth({ issuer, audience: 'x' })
  const both = (issuer: string, opaquePrefix?: string) =>
    oauth({
      issuer,
      audience: 'x',
      introspection: {
        clientId: 'me',
        clientSecret: 'secret',
        ...(opaquePrefix === undefined ? {} : { opaquePrefix }),
      },
    })
  const atClerk = (issuer?: string) =>
    clerk({
      machineSecretKey: 'ak_x',
      jwtAccess: 'any-machine',
      ...(issuer === undefined ? { jwksUri: `${A}/jwks` } : { issuer }),
    })
  const atAuthlete = (serviceId: string) =>
    authlete({ serviceId, serviceAccessToken: 'x', apiUrl: 'https://us.authlete.com' })

  it.each<[string, () => readonly Issuer[]]>([
    ['the same issuer twice', () => [jwts(A), jwts(A)]],
    ['one iss at two kinds of issuer', () => [jwts(A), atClerk(A)]],
    ['opaque tokens without a prefix twice', () => [both(A), both(B)]],
    ['opaque tokens without a prefix at two kinds of issuer', () => [both(A), atAuthlete('1')]],
    ['the same prefix', () => [both(A, 'own_'), both(B, 'own_')]],
    ['a prefix that begins another', () => [both(A, 'own_'), both(B, 'own_b_')]],
    ['a prefix that begins another, the longer first', () => [both(A, 'own_b_'), both(B, 'own_')]],
    ['the prefix of Clerk', () => [both(A, 'mt_'), atClerk(B)]],
    ['two Clerk instances', () => [atClerk(A), atClerk(B)]],
    ['two services of Authlete', () => [atAuthlete('1'), atAuthlete('2')]],
    [
      'one Stytch project twice',
      () => [stytch({ projectId: 'project-test-1' }), stytch({ projectId: 'project-test-1' })],
    ],
    [
      'two Stytch projects at one address, which both may be the iss',
      () => [stytch({ projectId: 'project-test-1' }), stytch({ projectId: 'project-test-2' })],
    ],
    ['none at all', () => []],
    ['something that is no issuer', () => [{} as Issuer]],
    ['nothing in the list', () => [undefined as unknown as Issuer]],
  ])('%s', (_, issuers) => {
    expect(() => createVerifier({ issuers: issuers() })).toThrow(ConfigurationError)
    expect(() => createVerifier({ issuers: issuers() })).toThrow(/issuers/)
  })

  it.each<[string, () => readonly Issuer[]]>([
    ['two issuers of JWTs', () => [jwts(A), jwts(B)]],
    ['two prefixes', () => [both(A, 'a_'), both(B, 'b_')]],
    ['a prefix beside tokens without', () => [both(A, 'a_'), both(B), atClerk(`${A}/clerk`)]],
  ])('%s are none', (_, issuers) => {
    expect(() => createVerifier({ issuers: issuers() })).not.toThrow()
  })
})
