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

describe('a demand is met exactly by the tokens that its words say', () => {
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

describe('a demand that demands nothing is refused', () => {
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
    ['a rule not made by allOf or anyOf', () => ({ kind: 'all', of: [] })],
    ['a quote in a scope', () => 'a"b'],
    ['a backslash in a scope', () => 'a\\b'],
    ['a line break in a scope', () => 'a\r\nb'],
    ['a letter beyond ASCII', () => 'ä'],
  ])('%s', async (_, make) => {
    const { verifier, jwt } = await testBed()
    const token = jwt({ scopes: 'a' })
    expect(() => verifier.verify(token, { scopes: make() as ScopeDemand })).toThrow(ConfigurationError)
  })
})

describe('where the scopes of a token stand', () => {
  const demand = { scopes: 'a b' }
  it.each<[string, Record<string, unknown>, string]>([
    ['scope as text', { scope: 'b a' }, 'accepted'],
    ['scope as a list', { scope: ['a', 'b'] }, 'accepted'],
    ['scp as text', { scp: 'a b' }, 'accepted'],
    ['scp as a list', { scp: ['b', 'a'] }, 'accepted'],
    ['half in scope, half in scp', { scope: 'a', scp: ['b'] }, 'accepted'],
    ['a list item with a space is one scope', { scope: ['a b'] }, 'scope_insufficient'],
    ['joined by comma', { scope: 'a,b' }, 'scope_insufficient'],
    ['joined by a tab', { scope: 'a\tb' }, 'scope_insufficient'],
    ['in a claim that is none of the two', { permissions: ['a', 'b'], scopes: 'a b' }, 'scope_insufficient'],
    ['no claim at all', {}, 'scope_insufficient'],
    ['null', { scope: null }, 'scope_insufficient'],
    ['a number', { scope: 7 }, 'claim_invalid'],
    ['an object', { scope: { a: true, b: true } }, 'claim_invalid'],
    ['a list that holds a list', { scope: [['a', 'b']] }, 'claim_invalid'],
  ])('%s', async (_, claims, expected) => {
    const { jwt, issuer, outcome } = await testBed()
    expect(await outcome(jwt({ claims }), demand)).toBe(expected)
    expect(await outcome(issuer.mintOpaque({ claims }), demand)).toBe(expected)
  })

  it('scopeClaims puts other claims in place of the usual', async () => {
    const { jwt, outcome } = await testBed({
      issuers: (by) => [oauth(by.oauth({ scopeClaims: ['permissions', 'roles'] }))],
    })
    expect(await outcome(jwt({ claims: { permissions: ['a'], roles: 'b' } }), demand)).toBe('accepted')
    expect(await outcome(jwt({ scopes: 'a b' }), demand)).toBe('scope_insufficient')
  })

  it('a scope that is there twice is granted once', async () => {
    const { jwt, verifier } = await testBed()
    const token = await verifier.verify(jwt({ claims: { scope: 'a a b', scp: ['b', 'c'] } }))
    expect(token.scopes).toEqual(['a', 'b', 'c'])
  })
})

function matching(scopeMatching: ScopeMatching | undefined): Promise<TestBed> {
  return testBed({ issuers: (by) => [oauth(by.oauth({ scopeMatching }))] })
}

describe('scopes are compared as text unless the issuer is configured otherwise', () => {
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
  ])('%s for %s: %s', async (granted, demanded, isEnough) => {
    for (const scopeMatching of [undefined, 'exact'] as const) {
      const { jwt, outcome } = await matching(scopeMatching)
      const expected = isEnough ? 'accepted' : 'scope_insufficient'
      expect(await outcome(jwt({ scopes: granted }), { scopes: demanded })).toBe(expected)
    }
  })
})

describe('with wildcards, * in a granted scope stands for a part', () => {
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
  ])('%s for %s: %s', async (granted, demanded, isEnough) => {
    const { jwt, outcome } = await matching('wildcard')
    const expected = isEnough ? 'accepted' : 'scope_insufficient'
    expect(await outcome(jwt({ scopes: granted }), { scopes: demanded })).toBe(expected)
  })
})

describe('an own function for comparing', () => {
  it('is asked with the granted and the demanded scope, and true grants', async () => {
    const asked: string[] = []
    const { jwt, outcome } = await matching((granted, demanded) => {
      asked.push(`${granted} for ${demanded}`)
      return granted.toLowerCase() === demanded
    })
    expect(await outcome(jwt({ scopes: 'X A' }), { scopes: 'a' })).toBe('accepted')
    expect(asked).toEqual(['X for a', 'A for a'])
    expect(await outcome(jwt({ scopes: 'X' }), { scopes: 'a' })).toBe('scope_insufficient')
  })

  it.each<[string, () => unknown]>([
    ['1', () => 1],
    ["'yes'", () => 'yes'],
    ['a promise of true', () => Promise.resolve(true)],
    ['a promise that fails', () => Promise.reject(new Error('a mistake in the matcher'))],
    ['an object', () => ({})],
    ['an exception', () => JSON.parse('{') as unknown],
  ])('%s grants nothing', async (_, answer) => {
    const { jwt, outcome } = await matching(answer as () => boolean)
    expect(await outcome(jwt({ scopes: 'a' }), { scopes: 'a' })).toBe('scope_insufficient')
  })
})

describe('what a caller without the scopes is told', () => {
  it('names every scope that verifier and route mention, in order and once', async () => {
    const { jwt, verifier } = await testBed({ policy: { scopes: 'a b' } })
    const policy = { scopes: allOf('b', anyOf('c', 'd')) }
    const refusal = await refusalOf(verifier.verify(jwt({ scopes: 'a' }), policy))
    expect(refusal.reason).toBe('scope_insufficient')
    expect(refusal.required).toEqual(['a', 'b', 'c', 'd'])
    expect(refusal.headers['WWW-Authenticate']).toContain('scope="a b c d"')
  })
})
