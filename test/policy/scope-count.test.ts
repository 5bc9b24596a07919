import { describe, expect, it } from 'vitest'
import { anyOf, authlete, clerk, oauth, type Issuer } from '../../src/index.js'
import { wildcardScope } from '../../src/model/scopes.js'
import type { MintOptions, TestIssuer } from '../../src/testing/index.js'
import { testBed } from '../support/test-bed.js'

const scopes = (count: number): string => Array.from({ length: count }, (_, index) => `s${index}:*`).join(' ')

describe('a token has at most 1000 scopes', () => {
  it.each<[string, (by: TestIssuer) => Issuer, MintOptions]>([
    ['oauth', (by) => oauth(by.oauth({ scopeMatching: 'wildcard' })), {}],
    ['clerk', (by) => clerk(by.clerk({ scopeMatching: 'wildcard' })), { provider: 'clerk' }],
    ['authlete', (by) => authlete(by.authlete({ scopeMatching: 'wildcard' })), { provider: 'authlete' }],
  ])('%s', async (_, make, mint) => {
    const { opaque, outcome } = await testBed({ issuers: (by) => [make(by)] })
    const token = opaque({ ...mint, scopes: scopes(1000) })
    const policy = { scopes: anyOf('a:1', 'b:1', 'c:1', 's999:1') }
    expect(await outcome(token, policy)).toBe('accepted')
    expect(await outcome(opaque({ ...mint, scopes: scopes(1001) }))).toBe('claim_invalid')
  })

  it('in all scope claims of a JWT together; a duplicate counts once', async () => {
    const { jwt, outcome } = await testBed()
    const short = (from: number, to: number): readonly string[] =>
      Array.from({ length: to - from }, (_, index) => (from + index).toString(36))
    const claims = (scp: readonly string[]) => ({ claims: { scope: short(0, 600).join(' '), scp } })
    expect(await outcome(jwt(claims(short(500, 1000))))).toBe('accepted')
    expect(await outcome(jwt(claims(short(600, 1001))))).toBe('claim_invalid')
  })
})

describe('wildcards', () => {
  it.each([
    ['orders:*', 'orders:read', true],
    ['orders:*', 'orders:read:eu', true],
    ['orders:*', 'orders:', false],
    ['orders:*', 'orders', false],
    ['*:read', 'orders:read', true],
    ['*:read', ':read', false],
    ['*:read', 'orders:read:eu', false],
    ['*', 'orders', false],
    ['*', '*', true],
    ['a:*:c', 'a:b:c', true],
    ['a:*:c', 'a:b:d', false],
    ['a:*:c', 'a::c', false],
    ['a:b*', 'a:bc', false],
    ['a:*', 'ab:c', false],
    ['ab:*', 'a:c', false],
    ['*:*', 'a:b:c', true],
    ['*:*', 'a', false],
  ])('%s satisfies %s: %s', (granted, required, expected) => {
    expect(wildcardScope(granted, required)).toBe(expected)
  })
})

/** The definition of the rule: `*` matches one part between colons, and at the end one or more. */
function isSatisfied(granted: string, required: string): boolean {
  const pattern = granted.split(':')
  const parts = required.split(':')
  if (granted === required) return true
  if (pattern.length < 2 || !pattern.includes('*')) return false
  const isOpen = pattern.at(-1) === '*'
  if (isOpen ? parts.length < pattern.length : parts.length !== pattern.length) return false
  return pattern.every((part, index) => (part === '*' ? parts[index] !== '' : part === parts[index]))
}

it('wildcards follow their definition for every pair of short scopes', () => {
  const all = ['']
  for (let index = 0; all[index]!.length < 4; index += 1) {
    for (const character of 'ab:*') all.push(all[index]! + character)
  }
  const wrong = all.flatMap((granted) =>
    all
      .filter((required) => wildcardScope(granted, required) !== isSatisfied(granted, required))
      .map((required) => `${granted} ${required}`),
  )
  expect(all).toHaveLength(341)
  expect(wrong).toEqual([])
})
