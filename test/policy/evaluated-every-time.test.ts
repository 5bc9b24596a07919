import { describe, expect, it } from 'vitest'
import { oauth, type Policy, type ScopeMatcher } from '../../src/index.js'
import { testBed } from '../support/test-bed.js'

const MINTED = { scopes: 'a b', clientId: 'orders', expiresIn: '2h' } as const

/** After that many requests the token is cached with all its facts, and has satisfied the policy before. */
const TIMES = 3

describe('a policy that a cached token has satisfied', () => {
  it('is evaluated again as time passes', async () => {
    const { jwt, outcome, pass } = await testBed()
    const token = jwt(MINTED)
    const policy: Policy = { scopes: 'a', maxTokenAge: '1h' }
    for (let time = 0; time < TIMES; time += 1) expect(await outcome(token, policy)).toBe('accepted')
    pass(3600)
    expect(await outcome(token, policy)).toBe('token_too_old')
  })

  it('calls its custom rule on every request', async () => {
    const { jwt, outcome } = await testBed()
    const token = jwt(MINTED)
    let isAllowed = true
    const policy: Policy = { scopes: 'a', check: () => isAllowed }
    for (let time = 0; time < TIMES; time += 1) expect(await outcome(token, policy)).toBe('accepted')
    isAllowed = false
    expect(await outcome(token, policy)).toBe('check_failed')
  })

  it('calls a custom scope matcher on every request', async () => {
    let isAllowed = true
    const scopeMatching: ScopeMatcher = () => isAllowed
    const { jwt, outcome } = await testBed({ issuers: (by) => [oauth(by.oauth({ scopeMatching }))] })
    const token = jwt(MINTED)
    const policy: Policy = { scopes: 'a' }
    for (let time = 0; time < TIMES; time += 1) expect(await outcome(token, policy)).toBe('accepted')
    isAllowed = false
    expect(await outcome(token, policy)).toBe('scope_insufficient')
  })

  it.each<[string, Policy, string]>([
    ['another scope', { scopes: 'c' }, 'scope_insufficient'],
    ['one more scope', { scopes: 'a c' }, 'scope_insufficient'],
    ['another client', { clients: 'invoices' }, 'client_not_allowed'],
    ['another issuer', { issuers: 'https://elsewhere.example' }, 'issuer_not_allowed'],
    ['a shorter lifetime', { maxTokenLifetime: '1h' }, 'lifetime_too_long'],
  ])('does not satisfy another policy that requires %s', async (_, stricter, expected) => {
    const { jwt, issuer, outcome } = await testBed()
    const satisfied: Policy = { scopes: 'a b', clients: 'orders', maxTokenLifetime: '2h' }
    for (const token of [jwt(MINTED), issuer.mintOpaque(MINTED)]) {
      for (const policy of [satisfied, satisfied, satisfied, stricter, satisfied, stricter, stricter]) {
        expect(await outcome(token, policy)).toBe(policy === satisfied ? 'accepted' : expected)
      }
      expect(await outcome(token)).toBe('accepted')
      expect(await outcome(token, stricter)).toBe(expected)
    }
  })
})
