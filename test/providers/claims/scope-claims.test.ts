import { describe, expect, it } from 'vitest'
import { clerk, oauth, stytch, type OAuthOptions } from '../../../src/index.js'
import { refusalOf } from '../../support/outcomes.js'
import { testBed, type TestBed } from '../../support/test-bed.js'

type ScopeClaims = OAuthOptions['scopeClaims'] & {}

const withScopes = (scopeClaims: ScopeClaims): Promise<TestBed> =>
  testBed({ issuers: (by) => [oauth(by.oauth({ scopeClaims }))] })

const REALM = [['realm_access', 'roles']] as const
const ZITADEL = { path: 'urn:zitadel:iam:org:project:roles', keys: true } as const

type Claims = Readonly<Record<string, unknown>>

const CASES: readonly [string, ScopeClaims, Claims, readonly string[]][] = [
  ['a path to a list (Keycloak)', REALM, { realm_access: { roles: ['a', 'b c'] } }, ['a', 'b c']],
  ['a path to a string', REALM, { realm_access: { roles: 'a b' } }, ['a', 'b']],
  ['a long path', [['x', 'y', 'z']], { x: { y: { z: 'a' } } }, ['a']],
  ['a name and a path', ['scope', ...REALM], { scope: 'c', realm_access: { roles: ['a'] } }, ['c', 'a']],
  ['a list of two strings is two names', ['realm_access', 'roles'], { roles: ['a'] }, ['a']],
  ['a name with dots', 'https://example.com/roles', { 'https://example.com/roles': ['a'] }, ['a']],
  ['keys of an object (Zitadel)', [ZITADEL], { [ZITADEL.path]: { a: { 1: 'x' }, b: {} } }, ['a', 'b']],
  ['one entry without a list', ZITADEL, { [ZITADEL.path]: { a: { 1: 'x' } } }, ['a']],
  ['keys at a path', [{ path: ['x', 'y'], keys: true }], { x: { y: { a: 1, 'b c': true } } }, ['a', 'b c']],
  ['keys that are null or false', [ZITADEL], { [ZITADEL.path]: { a: null, b: false, c: 0 } }, ['c']],
  ['an absent member of a path', REALM, { realm_access: {} }, []],
  ['an absent object', REALM, {}, []],
  ['null at a path', REALM, { realm_access: { roles: null } }, []],
  ['null on a path', REALM, { realm_access: null }, []],
]

describe('scopeClaims', () => {
  it.each(CASES)('read scopes from JWTs and opaque tokens: %s', async (_, scopeClaims, claims, scopes) => {
    const { jwt, opaque, verifier } = await withScopes(scopeClaims)
    const mint = { claims: { scope: undefined, ...claims } }
    for (const token of [jwt(mint), opaque(mint)]) {
      expect((await verifier.verify(token)).scopes).toEqual(scopes)
    }
  })

  it.each<[string, ScopeClaims, Claims, string]>([
    ['a string on a path', REALM, { realm_access: 'roles' }, 'realm_access.roles'],
    ['a list on a path', REALM, { realm_access: [{ roles: ['a'] }] }, 'realm_access.roles'],
    ['a number at a path', REALM, { realm_access: { roles: 7 } }, 'realm_access.roles'],
    ['an object at a path', REALM, { realm_access: { roles: { a: {} } } }, 'realm_access.roles'],
    ['an object in a list', REALM, { realm_access: { roles: [{ name: 'a' }] } }, 'realm_access.roles'],
    ['a list instead of an object', [ZITADEL], { [ZITADEL.path]: ['a'] }, ZITADEL.path],
    ['a string instead of an object', [ZITADEL], { [ZITADEL.path]: 'a' }, ZITADEL.path],
  ])('refuse that token only and name the claim: %s', async (_, scopeClaims, claims, name) => {
    const { jwt, opaque, verifier, health, outcome } = await withScopes(scopeClaims)
    for (const token of [jwt({ claims }), opaque({ claims })]) {
      const refusal = await refusalOf(verifier.verify(token))
      expect(refusal).toMatchObject({ reason: 'claim_invalid', status: 401 })
      expect(refusal.detail).toContain(`${name} must be `)
    }
    expect(await outcome(jwt())).toBe('accepted')
    expect(await outcome(opaque())).toBe('accepted')
    expect(health().remote).toMatchObject({ breaker: 'closed' })
  })

  it('are read from the objects of the token only, not from their prototypes', async () => {
    const { jwt, verifier } = await withScopes([
      ['__proto__', 'constructor', 'name'],
      ['x', 'constructor', 'name'],
    ])
    expect((await verifier.verify(jwt({ claims: { x: {} } }))).scopes).toEqual([])
  })

  it('with keys count against the maximum of 1000 scopes', async () => {
    const { opaque, outcome } = await withScopes(ZITADEL)
    const roles = (count: number): object =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`r${index}`, 1]))
    expect(await outcome(opaque({ claims: { [ZITADEL.path]: roles(1000) } }))).toBe('accepted')
    expect(await outcome(opaque({ claims: { [ZITADEL.path]: roles(1001) } }))).toBe('claim_invalid')
  })

  it('narrow a JWT to the scopes that a confirmation states at a path', async () => {
    const { jwt, issuer, outcome } = await withScopes(REALM)
    const token = jwt({ claims: { realm_access: { roles: ['a', 'b'] } } })
    const confirm = async (body: object, scopes: string): Promise<unknown> => {
      issuer.fail('introspection', { status: 200, body: { active: true, ...body } })
      return await outcome(token, { confirmAfter: 0, scopes })
    }
    expect(await confirm({}, 'a b')).toBe('accepted')
    expect(await confirm({ realm_access: { roles: ['a', 'c'] } }, 'a')).toBe('accepted')
    expect(await confirm({ realm_access: { roles: ['a', 'c'] } }, 'b')).toBe('scope_insufficient')
    expect(await confirm({ realm_access: { roles: ['a', 'c'] } }, 'c')).toBe('scope_insufficient')
    expect(await confirm({ realm_access: { roles: [] } }, 'a')).toBe('scope_insufficient')
    expect(await confirm({ realm_access: 'a' }, 'a')).toBe('claim_invalid')
  })

  it('apply to clerk and stytch', async () => {
    const { issuer, verifier } = await testBed({
      issuers: (by) => [clerk(by.clerk({ scopeClaims: REALM })), stytch(by.stytch({ scopeClaims: REALM }))],
    })
    const claims = { realm_access: { roles: ['a'] } }
    for (const token of [
      issuer.mintJwt({ provider: 'clerk', claims }),
      issuer.mintOpaque({ provider: 'clerk', claims }),
      issuer.mintJwt({ provider: 'stytch', claims }),
    ]) {
      expect((await verifier.verify(token)).scopes).toEqual(['a'])
    }
  })
})
