import { describe, expect, it } from 'vitest'
import { authlete, ConfigurationError, type Policy } from '../../src/index.js'
import { refusalOf } from '../support/outcomes.js'
import { testBed } from '../support/test-bed.js'

type Claims = Readonly<Record<string, unknown>>

const RULE: NonNullable<Policy['claims']> = { tenant: 'acme', region: ['eu', 'us'] }

describe('claims', () => {
  it.each<[Claims, string]>([
    [{ tenant: 'acme', region: 'eu' }, 'accepted'],
    [{ tenant: ['other', 'acme'], region: ['us'] }, 'accepted'],
    [{ tenant: 'acme', region: 'ap' }, 'claims_insufficient'],
    [{ tenant: 'other', region: 'eu' }, 'claims_insufficient'],
    [{ tenant: 'acme', region: [] }, 'claims_insufficient'],
    [{ tenant: 'acme', region: null }, 'claims_insufficient'],
    [{ tenant: 'acme' }, 'claims_insufficient'],
  ])('of a token are %j: %s, cached or not', async (claims, expected) => {
    const { jwt, opaque, outcome } = await testBed()
    for (const token of [jwt({ claims }), opaque({ claims })]) {
      expect(await outcome(token, { claims: RULE })).toBe(expected)
      expect(await outcome(token)).toBe('accepted')
      expect(await outcome(token, { claims: RULE })).toBe(expected)
    }
  })

  it('refuse with 403 without a challenge and say why, in logs only', async () => {
    const { jwt, verifier } = await testBed()
    const refusal = await refusalOf(verifier.verify(jwt({ claims: { tenant: 'other' } }), { claims: RULE }))
    expect(refusal).toMatchObject({ status: 403, error: 'access_denied', reason: 'claims_insufficient' })
    expect(refusal.headers).not.toHaveProperty('WWW-Authenticate')
    expect(refusal.detail).toBe('tenant is "other", and the rule claims of a policy allows "acme"')
    expect(JSON.stringify([refusal, refusal.message])).not.toContain('tenant')
  })

  it('of all policies must hold', async () => {
    const { jwt, outcome } = await testBed({ policy: { claims: { tenant: 'acme' } } })
    const token = jwt({ claims: { tenant: 'acme', region: 'eu' } })
    expect(await outcome(token, { claims: { region: 'eu' } })).toBe('accepted')
    expect(await outcome(token, { claims: { region: 'us' } })).toBe('claims_insufficient')
    expect(await outcome(token, { claims: { tenant: 'other' } })).toBe('claims_insufficient')
    expect(await outcome(jwt({ claims: { region: 'eu' } }), { claims: { region: 'eu' } })).toBe(
      'claims_insufficient',
    )
  })

  it('are checked after clients and subjects and before scopes', async () => {
    const { jwt, outcome } = await testBed()
    const refused = { claims: { tenant: 'other' }, scopes: 'missing' }
    expect(await outcome(jwt(), refused)).toBe('claims_insufficient')
    expect(await outcome(jwt(), { ...refused, clients: 'other' })).toBe('client_not_allowed')
    expect(await outcome(jwt(), { ...refused, subjects: 'other' })).toBe('subject_not_allowed')
  })

  it('of a confirmation must not contradict the rule, also on routes without confirmAfter', async () => {
    const { jwt, outcome, issuer } = await testBed()
    const token = jwt({ claims: { tenant: 'acme', region: 'eu' } })
    for (const [members, expected] of [
      [{}, 'accepted'],
      [{ tenant: null, region: ['us'] }, 'accepted'],
      [{ region: 'ap' }, 'claims_insufficient'],
    ] as const) {
      issuer.fail('introspection', { status: 200, body: { active: true, ...members } })
      expect(await outcome(token, { claims: RULE, confirmAfter: 0 }), JSON.stringify(members)).toBe(expected)
      expect(await outcome(token, { claims: RULE })).toBe(expected)
    }
    issuer.fail('introspection', { status: 200, body: { active: true, tenant: 'acme', region: 'eu' } })
    expect(await outcome(jwt(), { claims: RULE, confirmAfter: 0 })).toBe('claims_insufficient')
  })

  it('are the members of the response at Authlete', async () => {
    const { issuer, outcome } = await testBed({
      issuers: (by) => [authlete(by.authlete({ audience: null }))],
    })
    const body = { action: 'OK', existent: true, usable: true, clientId: 7, expiresAt: Date.UTC(2100, 0) }
    issuer.fail('authleteIntrospection', { status: 200, body })
    const token = issuer.mintOpaque({ provider: 'authlete' })
    expect(await outcome(token, { claims: { clientId: 7 } })).toBe('accepted')
    expect(await outcome(token, { claims: { clientId: '7' } })).toBe('claims_insufficient')
  })

  it('are frozen with the policy, because a later change would be ignored', async () => {
    const { jwt, outcome } = await testBed()
    const policy = { claims: { region: ['eu'], cluster: { name: ['a'] } } }
    await outcome(jwt(), policy)
    expect(() => policy.claims.region.push('us')).toThrow(TypeError)
    expect(() => policy.claims.cluster.name.push('b')).toThrow(TypeError)
  })

  it.each<[string, unknown, RegExp]>([
    ['undefined', undefined, /policy\.claims: is undefined; leave it out/],
    ['null', null, /policy\.claims: must be a plain object of claims/],
    ['a string', 'acme', /policy\.claims: must be/],
    ['a list', ['tenant'], /policy\.claims: must be/],
    ['a map', new Map([['tenant', 'acme']]), /policy\.claims: must be a plain object/],
    ['empty', {}, /policy\.claims: must name at least one claim/],
    ['undefined for a claim', { tenant: undefined }, /policy\.claims\.tenant: is undefined; leave it out/],
    ['null for a claim', { tenant: null }, /policy\.claims\.tenant: must be a string/],
    ['an empty list', { tenant: [] }, /policy\.claims\.tenant: must not be an empty list/],
    ['an empty object', { tenant: {} }, /policy\.claims\.tenant: must name at least one/],
    ['an empty string', { tenant: '' }, /policy\.claims\.tenant: must be a non-empty string/],
    ['a line break', { tenant: 'acme\n' }, /policy\.claims\.tenant: must not begin or end/],
    ['NaN', { level: Number.NaN }, /policy\.claims\.level: must be/],
    ['undefined in a list', { tenant: ['acme', undefined] }, /policy\.claims\.tenant: must be/],
    // oxlint-disable-next-line no-sparse-arrays -- a hole counts as undefined
    ['a hole in a list', { tenant: ['acme', ,] }, /policy\.claims\.tenant: must be/],
    ['a list in a list', { tenant: [['acme']] }, /policy\.claims\.tenant: must be/],
    ['an object in a list', { tenant: [{ a: 'b' }] }, /policy\.claims\.tenant: must be/],
    ['a function', { tenant: () => true }, /policy\.claims\.tenant: must be/],
    ['a bigint', { level: 1n }, /policy\.claims\.level: must be/],
    ['a date', { at: new Date(0) }, /policy\.claims\.at: must be a plain object/],
    ['an empty name', { '': 'acme' }, /policy\.claims: must have non-empty names of claims/],
    [
      'a symbol',
      { [Symbol('tenant')]: 'acme' },
      /policy\.claims: must have non-empty names of claims, not symbols/,
    ],
    ['undefined inside', { a: { b: undefined } }, /policy\.claims\.a\.b: is undefined/],
    ['cyclic', cyclic(), /must not be nested deeper/],
  ])('that are %s are a ConfigurationError that says what to write', async (_, claims, message) => {
    const error: unknown = await testBed({ policy: { claims } as Policy }).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(ConfigurationError)
    expect((error as Error).message).toMatch(message)
  })

  it('of the prototype are not part of the rule and not part of a token', async () => {
    const { jwt, outcome } = await testBed()
    const inherited = Object.create({ tenant: 'acme' }) as NonNullable<Policy['claims']>
    await expect(testBed({ policy: { claims: inherited } })).rejects.toThrow(ConfigurationError)
    expect(await outcome(jwt(), { claims: { toString: 'x' } })).toBe('claims_insufficient')
  })
})

function cyclic(): object {
  const rules: Record<string, unknown> = {}
  rules['a'] = rules
  return rules
}
