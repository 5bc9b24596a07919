import { describe, expect, it } from 'vitest'
import { oauth, type Policy, type ScopeMatcher } from '../../src/index.js'
import { testBed } from '../support/test-bed.js'

const MINTED = { scopes: 'a b', clientId: 'orders', expiresIn: '2h' } as const

/** After that many times a token is remembered with all that is known of it, and has met the policy before. */
const TIMES = 3

describe('a policy that a remembered token has met', () => {
  it('is judged anew in what time changes', async () => {
    const { jwt, outcome, pass } = await testBed()
    const token = jwt(MINTED)
    const policy: Policy = { scopes: 'a', maxTokenAge: '1h' }
    for (let time = 0; time < TIMES; time += 1) expect(await outcome(token, policy)).toBe('accepted')
    pass(3600)
    expect(await outcome(token, policy)).toBe('token_too_old')
  })

  it('has its own rule asked with every request', async () => {
    const { jwt, outcome } = await testBed()
    const token = jwt(MINTED)
    let verdict = true
    const policy: Policy = { scopes: 'a', check: () => verdict }
    for (let time = 0; time < TIMES; time += 1) expect(await outcome(token, policy)).toBe('accepted')
    verdict = false
    expect(await outcome(token, policy)).toBe('check_failed')
  })

  it('has an own function for comparing scopes asked with every request', async () => {
    let verdict = true
    const scopeMatching: ScopeMatcher = () => verdict
    const { jwt, outcome } = await testBed({ issuers: (by) => [oauth(by.oauth({ scopeMatching }))] })
    const token = jwt(MINTED)
    const policy: Policy = { scopes: 'a' }
    for (let time = 0; time < TIMES; time += 1) expect(await outcome(token, policy)).toBe('accepted')
    verdict = false
    expect(await outcome(token, policy)).toBe('scope_insufficient')
  })

  it.each<[string, Policy, string]>([
    ['scopes', { scopes: 'c' }, 'scope_insufficient'],
    ['one more scope', { scopes: 'a c' }, 'scope_insufficient'],
    ['clients', { clients: 'invoices' }, 'client_not_allowed'],
    ['issuers', { issuers: 'https://elsewhere.example' }, 'issuer_not_allowed'],
    ['a shorter lifetime', { maxTokenLifetime: '1h' }, 'lifetime_too_long'],
  ])('says nothing of another that demands other %s', async (_, stricter, expected) => {
    const { jwt, issuer, outcome } = await testBed()
    const met: Policy = { scopes: 'a b', clients: 'orders', maxTokenLifetime: '2h' }
    for (const token of [jwt(MINTED), issuer.mintOpaque(MINTED)]) {
      for (const policy of [met, met, met, stricter, met, stricter, stricter]) {
        expect(await outcome(token, policy)).toBe(policy === met ? 'accepted' : expected)
      }
      expect(await outcome(token)).toBe('accepted')
      expect(await outcome(token, stricter)).toBe(expected)
    }
  })
})
