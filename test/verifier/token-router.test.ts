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

/** Five issuers, two of them with a prefix. */
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

describe('a token is routed to its issuer', () => {
  it.each(['oauth', 'clerk', 'stytch'] as const)('a JWT of %s by its iss', async (provider) => {
    const { issuer, verifier } = await many()
    expect(await verifier.verify(issuer.mintJwt({ provider }))).toMatchObject({ provider, format: 'jwt' })
  })

  it.each([
    ['own_', 'oauth', 'introspection'],
    ['mt_', 'clerk', 'clerkVerify'],
    ['x', 'authlete', 'authleteIntrospection'],
  ] as const)('an opaque token that starts with "%s" to %s only', async (prefix, provider, endpoint) => {
    const { issuer, verifier } = await many()
    const token = issuer.mintOpaque({ provider, prefix })
    expect(await verifier.verify(token)).toMatchObject({ provider, format: 'opaque' })
    expect(issuer.calls).toMatchObject({ [endpoint]: 1, total: provider === 'oauth' ? 2 : 1 })
  })

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

  it('a token with a dot that is not a JWT is an opaque token', async () => {
    const { issuer, outcome } = await testBed()
    const token = issuer.mintOpaque({ prefix: 'v1.local.' })
    expect(await outcome(`x${token}`.replace('v1.local.', '~'))).toBe('token_inactive')
    expect(issuer.calls.introspection).toBe(1)
  })
})

describe('the iss is compared exactly', () => {
  it.each<[string, (url: string) => unknown]>([
    ['another', () => 'https://elsewhere.test'],
    ['a slash at the end', (url) => `${url}/`],
    ['another case', (url) => url.toUpperCase()],
    ['another scheme', (url) => url.replace('http:', 'https:')],
    ['another spelling', (url) => url.replace('127.0.0.1', '127.0.0.%31')],
    ['without its last character', (url) => url.slice(0, -1)],
    ['with a suffix', (url) => `${url}.evil.test`],
    ['in a list', (url) => [url]],
    ['in an object', (url) => ({ url })],
    ['the name of an inherited property', () => '__proto__'],
    ['the name of another inherited property', () => 'constructor'],
    ['empty', () => ''],
    ['null', () => null],
    ['absent', () => undefined],
  ])('%s: issuer_unknown, without a call', async (_, spell) => {
    const { issuer, jwt, outcome } = await testBed()
    expect(await outcome(jwt({ claims: { iss: spell(issuer.url) } }))).toBe('issuer_unknown')
    expect(issuer.calls.total).toBe(0)
  })
})

describe('a token without a configured issuer', () => {
  it('an opaque token if only JWTs are accepted', async () => {
    const { issuer, outcome } = await testBed({
      issuers: (by) => [oauth(by.oauth({ introspection: undefined }))],
    })
    expect(await outcome(issuer.mintOpaque())).toBe('issuer_unknown')
    expect(issuer.calls.total).toBe(0)
  })

  it('an opaque token without a prefix if every issuer has one', async () => {
    const { issuer, outcome } = await testBed({ testIssuer: { opaquePrefix: 'own_' } })
    expect(await outcome(issuer.mintOpaque())).toBe('accepted')
    expect(await outcome(issuer.mintOpaque({ prefix: 'Own_' }))).toBe('issuer_unknown')
    expect(await outcome(issuer.mintOpaque({ prefix: '' }))).toBe('issuer_unknown')
  })

  it('a JWT of Clerk if its JWTs are disabled', async () => {
    const { issuer, outcome } = await testBed({
      issuers: (by) => [clerk(by.clerk({ jwtAccess: false, jwksUri: undefined }))],
    })
    expect(await outcome(issuer.mintJwt({ provider: 'clerk' }))).toBe('issuer_unknown')
    expect(await outcome(issuer.mintOpaque({ provider: 'clerk' }))).toBe('accepted')
    expect(issuer.calls).toMatchObject({ clerkVerify: 1, total: 1 })
  })
})

describe('issuers that could accept the same token are an error', () => {
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
      'two Stytch projects with the same URL, which may be the iss of both',
      () => [stytch({ projectId: 'project-test-1' }), stytch({ projectId: 'project-test-2' })],
    ],
    ['an empty list', () => []],
    ['a value that is not an issuer', () => [{} as Issuer]],
    ['undefined in the list', () => [undefined as unknown as Issuer]],
  ])('%s', (_, issuers) => {
    expect(() => createVerifier({ issuers: issuers() })).toThrow(ConfigurationError)
    expect(() => createVerifier({ issuers: issuers() })).toThrow(/issuers/)
  })

  it.each<[string, () => readonly Issuer[]]>([
    ['two issuers of JWTs', () => [jwts(A), jwts(B)]],
    ['two prefixes', () => [both(A, 'a_'), both(B, 'b_')]],
    ['a prefix next to tokens without one', () => [both(A, 'a_'), both(B), atClerk(`${A}/clerk`)]],
  ])('%s do not conflict', (_, issuers) => {
    expect(() => createVerifier({ issuers: issuers() })).not.toThrow()
  })
})
