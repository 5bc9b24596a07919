import { describe, expect, it } from 'vitest'
import { guard } from '../../adapters/fetch.js'
import { authlete, clerk, oauth, type Issuer } from '../../src/index.js'
import type { Endpoint, MintOpaqueOptions, TestIssuer } from '../../src/testing/index.js'
import { bearer, testBed, times } from '../support/test-bed.js'
import { outcomeOf } from '../support/outcomes.js'

const CALLERS = 100

describe('100 callers at the same time with one opaque token', () => {
  it.each<[string, (issuer: TestIssuer) => Issuer, NonNullable<MintOpaqueOptions['provider']>, Endpoint]>([
    ['oauth', (by) => oauth(by.oauth()), 'oauth', 'introspection'],
    ['clerk', (by) => clerk(by.clerk()), 'clerk', 'clerkVerify'],
    ['authlete', (by) => authlete(by.authlete()), 'authlete', 'authleteIntrospection'],
  ])('%s: one call, and all are accepted', async (_, make, provider, endpoint) => {
    const { issuer, outcome } = await testBed({ issuers: (by) => [make(by)] })
    const token = issuer.mintOpaque({ provider })
    const gate = issuer.gate(endpoint)
    const outcomes = times(CALLERS, () => outcome(token))
    await gate.waiting
    const late = outcome(token)
    gate.release()
    expect(new Set(await Promise.all([...outcomes, late]))).toEqual(new Set(['accepted']))
    expect(issuer.calls[endpoint]).toBe(1)
    expect(await outcome(token)).toBe('accepted')
    expect(issuer.calls[endpoint]).toBe(1)
  })

  it('each is evaluated with the policy of its request', async () => {
    const { issuer, verifier } = await testBed()
    const token = issuer.mintOpaque({ scopes: 'a' })
    const decisions = await Promise.all(
      times(CALLERS, (index) => verifier.authorize(bearer(token), { scopes: index % 2 === 0 ? 'a' : 'b' })),
    )
    const accepted = decisions.map(({ outcome }) => outcome === 'accepted')
    expect(accepted).toEqual(times(CALLERS, (index) => index % 2 === 0))
    expect(issuer.calls.introspection).toBe(1)
  })

  it('an inactive result is shared and cached', async () => {
    const { issuer, outcome } = await testBed()
    const gate = issuer.gate('introspection')
    const outcomes = times(CALLERS, () => outcome('made-up'))
    await gate.waiting
    gate.release()
    expect(new Set(await Promise.all(outcomes))).toEqual(new Set(['token_inactive']))
    expect(await outcome('made-up')).toBe('token_inactive')
    expect(issuer.calls.introspection).toBe(1)
  })

  it.each([
    ['500, confirmed by a probe', 500, 'issuer_unavailable', 2],
    ['a response that is not JSON', 'html', 'issuer_unavailable', 2],
    ['rejected credentials', 401, 'issuer_refused_us', 1],
  ] as const)('a call that fails (%s) fails for all and is not cached', async (_, how, reason, calls) => {
    const { issuer, outcome } = await testBed()
    const token = issuer.mintOpaque()
    issuer.fail('introspection', how)
    const gate = issuer.gate('introspection')
    const outcomes = times(CALLERS, () => outcome(token))
    await gate.waiting
    gate.release()
    expect(new Set(await Promise.all(outcomes))).toEqual(new Set([reason]))
    expect(issuer.calls.introspection).toBe(calls)
    issuer.heal()
    expect(await outcome(token)).toBe('accepted')
    expect(issuer.calls.introspection).toBe(calls + 1)
  })

  it('another token is another call', async () => {
    const { issuer, outcome } = await testBed()
    const tokens = times(10, () => issuer.mintOpaque())
    const outcomes = await Promise.all([...tokens, ...tokens].map((token) => outcome(token)))
    expect(new Set(outcomes)).toEqual(new Set(['accepted']))
    expect(issuer.calls.introspection).toBe(10)
  })
})

describe('100 callers at the same time with one JWT', () => {
  it('share its verification and the fetch of the keys', async () => {
    const { issuer, jwt, outcome } = await testBed()
    const token = jwt()
    const outcomes = await Promise.all(times(CALLERS, () => outcome(token)))
    expect(new Set(outcomes)).toEqual(new Set(['accepted']))
    expect(issuer.calls).toMatchObject({ discovery: 1, jwks: 1, introspection: 0, total: 2 })
  })

  it('share its confirmation', async () => {
    const { issuer, jwt, outcome, verifier } = await testBed({ policy: { confirmAfter: '5m' } })
    await verifier.ready()
    const token = jwt({ age: '10m' })
    const outcomes = await Promise.all(times(CALLERS, () => outcome(token)))
    expect(new Set(outcomes)).toEqual(new Set(['accepted']))
    expect(issuer.calls.introspection).toBe(1)
  })

  it('a request that requires a confirmation gets it, not the local verification of another request', async () => {
    const { issuer, jwt, verifier } = await testBed()
    const token = jwt()
    const gate = issuer.gate('jwks')
    const lax = verifier.verify(token)
    const strict = verifier.verify(token, { confirmAfter: 0 })
    await gate.waiting
    issuer.revoke(token)
    gate.release()
    expect(await outcomeOf(strict)).toBe('token_inactive')
    expect(await outcomeOf(lax)).toBe('accepted')
  })

  it('a confirmation never joins a local verification in flight', async () => {
    const { issuer, jwt, outcome, pass, verifier } = await testBed({ cache: false })
    const token = jwt({ expiresIn: '1d' })
    const request = new Request('https://api.test/', bearer(token))
    await guard(verifier)(request)
    pass(600)
    issuer.revoke(token)
    const gate = issuer.gate('jwks')
    const lax = outcome(token)
    await gate.waiting
    const strict = guard(verifier, { confirmAfter: 0 })(request)
    gate.release()
    expect(await lax).toBe('accepted')
    expect(await strict).toMatchObject({ status: 401 })
  })

  it('a local verification does not wait for a confirmation in flight', async () => {
    const { issuer, jwt, outcome } = await testBed({ cache: false })
    const token = jwt()
    const gate = issuer.gate('introspection')
    const strict = outcome(token, { confirmAfter: 0 })
    await gate.waiting
    expect(await outcome(token)).toBe('accepted')
    gate.release()
    expect(await strict).toBe('accepted')
  })

  it('an aborted caller does not affect the others', async () => {
    const { issuer, outcome, verifier } = await testBed()
    const token = issuer.mintOpaque()
    const gate = issuer.gate('introspection')
    const impatient = Promise.race([verifier.verify(token), Promise.resolve('gone')])
    const patient = outcome(token)
    await gate.waiting
    expect(await impatient).toBe('gone')
    gate.release()
    expect(await patient).toBe('accepted')
  })
})
