import { describe, expect, it } from 'vitest'
import { oauth, type Policy, type ScopeMatcher } from '../../src/index.js'
import { bearer, stage } from './support.js'

/** What all of the policies but one of a row demand, and a token has. */
const MINTED = { scopes: 'a b', clientId: 'orders', expiresIn: '2h' } as const

describe('a policy that a token has met before', () => {
  it('is judged anew in what time changes', async () => {
    const { jwt, outcome, pass } = await stage()
    const token = jwt(MINTED)
    const policy: Policy = { scopes: 'a', maxTokenAge: '1h' }
    expect(await outcome(token, policy)).toBe('accepted')
    expect(await outcome(token, policy)).toBe('accepted')
    pass(3600)
    expect(await outcome(token, policy)).toBe('token_too_old')
  })

  it('has its own rule asked with every request', async () => {
    const { jwt, outcome } = await stage()
    const token = jwt(MINTED)
    let verdict = true
    const policy: Policy = { scopes: 'a', check: () => verdict }
    expect(await outcome(token, policy)).toBe('accepted')
    verdict = false
    expect(await outcome(token, policy)).toBe('check_failed')
    verdict = true
    expect(await outcome(token, policy)).toBe('accepted')
  })

  it('has an own function for comparing scopes asked with every request', async () => {
    let verdict = true
    const scopeMatching: ScopeMatcher = () => verdict
    const { jwt, outcome } = await stage({ issuers: (by) => [oauth(by.oauth({ scopeMatching }))] })
    const token = jwt(MINTED)
    const policy: Policy = { scopes: 'a' }
    expect(await outcome(token, policy)).toBe('accepted')
    expect(await outcome(token, policy)).toBe('accepted')
    verdict = false
    expect(await outcome(token, policy)).toBe('scope_insufficient')
  })

  it.each<[string, Policy, string]>([
    ['scopes', { scopes: 'c' }, 'scope_insufficient'],
    ['one of several scopes', { scopes: 'a c' }, 'scope_insufficient'],
    ['clients', { clients: 'invoices' }, 'client_not_allowed'],
    ['issuers', { issuers: 'https://elsewhere.example' }, 'issuer_not_allowed'],
    ['a lifetime', { maxTokenLifetime: '1h' }, 'lifetime_too_long'],
  ])('says nothing of another that demands other %s', async (_, stricter, expected) => {
    const { jwt, issuer, outcome } = await stage()
    const met: Policy = { scopes: 'a b', clients: 'orders', maxTokenLifetime: '2h' }
    for (const token of [jwt(MINTED), issuer.mintOpaque(MINTED)]) {
      for (const policy of [met, stricter, met, stricter, stricter]) {
        expect(await outcome(token, policy)).toBe(policy === met ? 'accepted' : expected)
      }
      expect(await outcome(token)).toBe('accepted')
      expect(await outcome(token, stricter)).toBe(expected)
    }
  })

  it('says nothing of another token', async () => {
    const { jwt, outcome } = await stage()
    const policy: Policy = { scopes: 'a' }
    expect(await outcome(jwt(MINTED), policy)).toBe('accepted')
    expect(await outcome(jwt({ ...MINTED, scopes: 'b' }), policy)).toBe('scope_insufficient')
  })
})

describe('decisions about one token', () => {
  it('are the same frozen object, and a refusal between them is none of it', async () => {
    const { jwt, verifier } = await stage()
    const request = bearer(jwt(MINTED))
    const [first, refused, second] = [
      await verifier.authorize(request, { scopes: 'a' }),
      await verifier.authorize(request, { scopes: 'c' }),
      await verifier.authorize(request, { scopes: 'b' }),
    ]
    expect(first.outcome).toBe('accepted')
    expect(Object.isFrozen(first)).toBe(true)
    expect(refused.outcome).toBe('refused')
    expect(second).toEqual(first)
  })
})
