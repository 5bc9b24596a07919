import { describe, expect, it } from 'vitest'
import {
  allOf,
  anyOf,
  ConfigurationError,
  oauth,
  type ScopeDemand,
  type ScopeMatching,
} from '../../src/index.js'
import { refusalOf } from '../support/outcomes.js'
import { testBed, type TestBed } from '../support/test-bed.js'

type Holds = (has: (scope: string) => boolean) => boolean

describe('a scope requirement is satisfied exactly by the tokens of its definition', () => {
  it.each<[string, ScopeDemand, Holds]>([
    ["'a'", 'a', (has) => has('a')],
    ["'a b'", 'a b', (has) => has('a') && has('b')],
    ["' a  b '", ' a  b ', (has) => has('a') && has('b')],
    ["['a', 'b']", ['a', 'b'], (has) => has('a') && has('b')],
    ["['a b', 'c']", ['a b', 'c'], (has) => has('a') && has('b') && has('c')],
    ["anyOf('a', 'b')", anyOf('a', 'b'), (has) => has('a') || has('b')],
    ["anyOf('a b', 'c')", anyOf('a b', 'c'), (has) => (has('a') && has('b')) || has('c')],
    ["anyOf('a')", anyOf('a'), (has) => has('a')],
    ["allOf('a', anyOf('b', 'c'))", allOf('a', anyOf('b', 'c')), (has) => has('a') && (has('b') || has('c'))],
    ["anyOf('a', allOf('b', 'c'))", anyOf('a', allOf('b', 'c')), (has) => has('a') || (has('b') && has('c'))],
    [
      "allOf(anyOf('a', 'b'), anyOf('b', 'c'))",
      allOf(anyOf('a', 'b'), anyOf('b', 'c')),
      (has) => (has('a') || has('b')) && (has('b') || has('c')),
    ],
    [
      "anyOf(allOf('a', anyOf('b', 'c')), allOf('b', 'c'))",
      anyOf(allOf('a', anyOf('b', 'c')), allOf('b', 'c')),
      (has) => (has('a') && (has('b') || has('c'))) || (has('b') && has('c')),
    ],
  ])('%s', async (_, scopes, holds) => {
    const { jwt, outcome } = await testBed()
    for (let bits = 0; bits < 8; bits += 1) {
      const granted = ['a', 'b', 'c'].filter((_scope, index) => (bits & (1 << index)) !== 0)
      const expected = holds((scope) => granted.includes(scope)) ? 'accepted' : 'scope_insufficient'
      expect(await outcome(jwt({ scopes: granted }), { scopes }), `granted: ${granted.join(' ')}`).toBe(
        expected,
      )
    }
  })
})

describe('an empty or invalid scope requirement is refused', () => {
  it.each<[string, () => unknown]>([
    ["''", () => ''],
    ["'  '", () => '  '],
    ['[]', () => []],
    ["['']", () => ['']],
    ['[[]]', () => [[]]],
    ['undefined', () => undefined],
    ['null', () => null],
    ['true', () => true],
    ['allOf()', () => allOf()],
    ['anyOf()', () => anyOf()],
    ["allOf('a', anyOf())", () => allOf('a', anyOf())],
    ["anyOf('a', [])", () => anyOf('a', [])],
    ['a rule that allOf or anyOf did not create', () => ({ kind: 'all', of: [] })],
    ['a quote in a scope', () => 'a"b'],
    ['a backslash in a scope', () => 'a\\b'],
    ['a line break in a scope', () => 'a\r\nb'],
    ['a non-ASCII letter', () => 'ä'],
  ])('%s', async (_, make) => {
    const { verifier, jwt } = await testBed()
    const token = jwt({ scopes: 'a' })
    expect(() => verifier.verify(token, { scopes: make() as ScopeDemand })).toThrow(ConfigurationError)
  })
})

describe('the scopes of a token are read from', () => {
  const demand = { scopes: 'a b' }
  it.each<[string, Record<string, unknown>, string]>([
    ['scope as a string', { scope: 'b a' }, 'accepted'],
    ['scope as a list', { scope: ['a', 'b'] }, 'accepted'],
    ['scp as a string', { scp: 'a b' }, 'accepted'],
    ['scp as a list', { scp: ['b', 'a'] }, 'accepted'],
    ['scope and scp together', { scope: 'a', scp: ['b'] }, 'accepted'],
    ['scope, where a list item with a space is one scope', { scope: ['a b'] }, 'scope_insufficient'],
    ['scope, where a comma does not separate', { scope: 'a,b' }, 'scope_insufficient'],
    ['scope, where a tab does not separate', { scope: 'a\tb' }, 'scope_insufficient'],
    [
      'scope and scp only, not from other claims',
      { permissions: ['a', 'b'], scopes: 'a b' },
      'scope_insufficient',
    ],
    ['an absent claim, which grants nothing', {}, 'scope_insufficient'],
    ['null, which grants nothing', { scope: null }, 'scope_insufficient'],
    ['no number', { scope: 7 }, 'claim_invalid'],
    ['no object', { scope: { a: true, b: true } }, 'claim_invalid'],
    ['no nested list', { scope: [['a', 'b']] }, 'claim_invalid'],
  ])('%s', async (_, claims, expected) => {
    const { jwt, issuer, outcome } = await testBed()
    expect(await outcome(jwt({ claims }), demand)).toBe(expected)
    expect(await outcome(issuer.mintOpaque({ claims }), demand)).toBe(expected)
  })

  it('the claims in scopeClaims instead of the default ones', async () => {
    const { jwt, outcome } = await testBed({
      issuers: (by) => [oauth(by.oauth({ scopeClaims: ['permissions', 'roles'] }))],
    })
    expect(await outcome(jwt({ claims: { permissions: ['a'], roles: 'b' } }), demand)).toBe('accepted')
    expect(await outcome(jwt({ scopes: 'a b' }), demand)).toBe('scope_insufficient')
  })

  it('claims without duplicates', async () => {
    const { jwt, verifier } = await testBed()
    const token = await verifier.verify(jwt({ claims: { scope: 'a a b', scp: ['b', 'c'] } }))
    expect(token.scopes).toEqual(['a', 'b', 'c'])
  })
})

function matching(scopeMatching: ScopeMatching | undefined): Promise<TestBed> {
  return testBed({ issuers: (by) => [oauth(by.oauth({ scopeMatching }))] })
}

describe('scopes are compared exactly unless the issuer is configured otherwise', () => {
  it.each([
    ['orders:read', 'orders:read', true],
    ['Orders:Read', 'orders:read', false],
    ['orders', 'orders:read', false],
    ['orders:read:all', 'orders:read', false],
    ['orders:*', 'orders:read', false],
    ['*', 'orders:read', false],
    ['.*', 'orders:read', false],
    ['orders.read', 'orders:read', false],
    ['ordersXread', 'orders.read', false],
    ['a.b+c(d)', 'a.b+c(d)', true],
    ['orders%3Aread', 'orders:read', false],
    ['οrders:read', 'orders:read', false],
    ['orders:read\u200b', 'orders:read', false],
  ])('%s for %s: %s', async (granted, required, isEnough) => {
    for (const scopeMatching of [undefined, 'exact'] as const) {
      const { jwt, outcome } = await matching(scopeMatching)
      const expected = isEnough ? 'accepted' : 'scope_insufficient'
      expect(await outcome(jwt({ scopes: granted }), { scopes: required })).toBe(expected)
    }
  })
})

describe('with wildcards, * in a granted scope matches a part', () => {
  it.each([
    ['orders:read', 'orders:read', true],
    ['orders:*', 'orders:read', true],
    ['orders:*', 'orders:read:eu', true],
    ['orders:*', 'orders', false],
    ['orders:*', 'orders:', false],
    ['orders:*', 'invoices:read', false],
    ['*:read', 'orders:read', true],
    ['*:read', 'orders:eu:read', false],
    ['*:read', 'orders:write', false],
    ['orders:*:eu', 'orders:read:eu', true],
    ['orders:*:eu', 'orders:read:us', false],
    ['orders:re*', 'orders:read', false],
    ['*', 'orders', false],
    ['*', '*', true],
    ['orders:read', 'orders:*', false],
  ])('%s for %s: %s', async (granted, required, isEnough) => {
    const { jwt, outcome } = await matching('wildcard')
    const expected = isEnough ? 'accepted' : 'scope_insufficient'
    expect(await outcome(jwt({ scopes: granted }), { scopes: required })).toBe(expected)
  })
})

describe('a custom scope matcher', () => {
  it('is called with the granted and the required scope, and true grants', async () => {
    const calls: string[] = []
    const { jwt, outcome } = await matching((granted, required) => {
      calls.push(`${granted} for ${required}`)
      return granted.toLowerCase() === required
    })
    expect(await outcome(jwt({ scopes: 'X A' }), { scopes: 'a' })).toBe('accepted')
    expect(calls).toEqual(['X for a', 'A for a'])
    expect(await outcome(jwt({ scopes: 'X' }), { scopes: 'a' })).toBe('scope_insufficient')
  })

  it.each<[string, () => unknown]>([
    ['1', () => 1],
    ["'yes'", () => 'yes'],
    ['a promise of true', () => Promise.resolve(true)],
    ['a rejected promise', () => Promise.reject(new Error('a mistake in the matcher'))],
    ['an object', () => ({})],
    ['an exception', () => JSON.parse('{') as unknown],
  ])('grants nothing with %s', async (_, matcher) => {
    const { jwt, outcome } = await matching(matcher as () => boolean)
    expect(await outcome(jwt({ scopes: 'a' }), { scopes: 'a' })).toBe('scope_insufficient')
  })
})

describe('the challenge of scope_insufficient', () => {
  it('names every scope in the policies of verifier and route, in order and without duplicates', async () => {
    const { jwt, verifier } = await testBed({ policy: { scopes: 'a b' } })
    const policy = { scopes: allOf('b', anyOf('c', 'd')) }
    const refusal = await refusalOf(verifier.verify(jwt({ scopes: 'a' }), policy))
    expect(refusal.reason).toBe('scope_insufficient')
    expect(refusal.required).toEqual(['a', 'b', 'c', 'd'])
    expect(refusal.headers['WWW-Authenticate']).toContain('scope="a b c d"')
  })
})
