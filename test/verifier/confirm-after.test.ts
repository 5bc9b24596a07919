import { describe, expect, it } from 'vitest'
import { authlete, clerk, oauth, stytch, type Issuer, type Policy } from '../../src/index.js'
import type { Endpoint, TestIssuer } from '../../src/testing/index.js'
import { refusalOf } from '../support/outcomes.js'
import { testBed } from '../support/test-bed.js'

const FIVE_MINUTES: Policy = { confirmAfter: '5m' }

describe('a JWT under confirmAfter', () => {
  it.each([
    [299, 0],
    [300, 1],
    [301, 1],
  ])('%s s old, with 5 minutes: %s introspections', async (age, calls) => {
    const { jwt, outcome, issuer } = await testBed()
    expect(await outcome(jwt({ age }), FIVE_MINUTES)).toBe('accepted')
    expect(issuer.calls.introspection).toBe(calls)
  })

  it('cached, is introspected as soon as it reaches that age', async () => {
    const { jwt, outcome, issuer, pass } = await testBed({ policy: FIVE_MINUTES })
    const token = jwt()
    await outcome(token)
    pass(299.999)
    await outcome(token)
    expect(issuer.calls.introspection).toBe(0)
    pass(0.001)
    expect(await outcome(token)).toBe('accepted')
    expect(issuer.calls.introspection).toBe(1)
  })

  it('is introspected again when the last confirmation reaches that age, and states when it was confirmed', async () => {
    const { jwt, verifier, issuer, pass, now } = await testBed({ policy: FIVE_MINUTES })
    const token = jwt({ age: 300 })
    expect(await verifier.verify(token)).toMatchObject({ confirmedAt: now() })
    const confirmedAt = now()
    pass(299.999)
    expect(await verifier.verify(token)).toMatchObject({ confirmedAt })
    expect(issuer.calls.introspection).toBe(1)
    pass(0.001)
    expect(await verifier.verify(token)).toMatchObject({ confirmedAt: now() })
    expect(issuer.calls.introspection).toBe(2)
  })

  it('is not introspected if no policy requires it', async () => {
    const { jwt, verifier, issuer } = await testBed()
    const token = await verifier.verify(jwt({ age: '1h', expiresIn: '1h' }))
    expect(token.confirmedAt).toBeUndefined()
    expect(issuer.calls.introspection).toBe(0)
  })

  it('with 0 is introspected on every request', async () => {
    const { jwt, outcome, issuer } = await testBed({ policy: { confirmAfter: 0 } })
    const token = jwt()
    for (let request = 1; request <= 3; request += 1) {
      expect(await outcome(token)).toBe('accepted')
      expect(issuer.calls.introspection).toBe(request)
    }
  })

  it.each([0, 4, 4.5])(
    'with 0 is introspected on every request, also with an iat %s s ahead',
    async (ahead) => {
      const { jwt, outcome, issuer } = await testBed()
      const token = jwt({ age: -ahead })
      expect(await outcome(token, { confirmAfter: 0 })).toBe('accepted')
      expect(issuer.calls.introspection).toBe(1)
      expect(await outcome(token)).toBe('accepted')
      expect(await outcome(token, { confirmAfter: 0 })).toBe('accepted')
      expect(issuer.calls.introspection).toBe(2)
      issuer.revoke(token)
      expect(await outcome(token, { confirmAfter: 0 })).toBe('token_inactive')
    },
  )

  it.each([1, 3, 60])(
    'with an iat ahead is accepted for at most %s s after its first request',
    async (longest) => {
      const { jwt, outcome, issuer, pass } = await testBed({ policy: { confirmAfter: longest } })
      const token = jwt({ age: -4 })
      expect(await outcome(token)).toBe('accepted')
      expect(issuer.calls.introspection).toBe(0)
      issuer.revoke(token)
      pass(longest - 0.001)
      expect(await outcome(token)).toBe('accepted')
      pass(0.001)
      expect(await outcome(token)).toBe('token_inactive')
    },
  )

  it('with an iat ahead is accepted for at most that long after it was confirmed', async () => {
    const { jwt, outcome, issuer, pass } = await testBed({ policy: { confirmAfter: 2 } })
    const token = jwt({ age: -4 })
    expect(await outcome(token, { confirmAfter: 0 })).toBe('accepted')
    pass(1.999)
    expect(await outcome(token)).toBe('accepted')
    expect(issuer.calls.introspection).toBe(1)
    pass(0.001)
    expect(await outcome(token)).toBe('accepted')
    expect(issuer.calls.introspection).toBe(2)
  })

  it('without an iat is introspected on its first request', async () => {
    const { jwt, outcome, issuer } = await testBed({ policy: FIVE_MINUTES })
    expect(await outcome(jwt({ claims: { iat: undefined } }))).toBe('accepted')
    expect(issuer.calls.introspection).toBe(1)
  })

  it('is refused at most that long after it was revoked', async () => {
    const { jwt, outcome, issuer, pass } = await testBed({ policy: FIVE_MINUTES })
    const token = jwt()
    await outcome(token)
    issuer.revoke(token)
    pass(299.999)
    expect(await outcome(token)).toBe('accepted')
    pass(0.001)
    expect(await outcome(token)).toBe('token_inactive')
    pass(60)
    expect(await outcome(token)).toBe('token_inactive')
  })

  it('is refused on the first request after it was revoked if confirmAfter is 0', async () => {
    const { jwt, outcome, issuer } = await testBed()
    const token = jwt()
    expect(await outcome(token, { confirmAfter: 0 })).toBe('accepted')
    issuer.revoke(token)
    expect(await outcome(token, { confirmAfter: 0 })).toBe('token_inactive')
  })

  it('confirmed for a strict route is not introspected for a less strict one', async () => {
    const { jwt, outcome, issuer, pass } = await testBed()
    const token = jwt({ age: '10m' })
    await outcome(token, { confirmAfter: 0 })
    pass(100)
    expect(await outcome(token, FIVE_MINUTES)).toBe('accepted')
    expect(issuer.calls.introspection).toBe(1)
    expect(await outcome(token, { confirmAfter: '1m' })).toBe('accepted')
    expect(issuer.calls.introspection).toBe(2)
  })

  it('is confirmed as the stricter policy of verifier and route requires', async () => {
    for (const [policy, route] of [
      [{ confirmAfter: 60 }, FIVE_MINUTES],
      [FIVE_MINUTES, { confirmAfter: 60 }],
    ] as const) {
      const { jwt, outcome, issuer } = await testBed({ policy })
      await outcome(jwt({ age: 59 }), route)
      expect(issuer.calls.introspection).toBe(0)
      await outcome(jwt({ age: 60 }), route)
      expect(issuer.calls.introspection).toBe(1)
    }
  })

  it('is undecidable while the issuer is unavailable, and accepted afterwards', async () => {
    const { jwt, outcome, issuer } = await testBed({ policy: FIVE_MINUTES })
    const [young, old] = [jwt({ age: 299 }), jwt({ age: 300 })]
    issuer.fail('introspection', 500)
    expect(await outcome(young)).toBe('accepted')
    expect(await outcome(old)).toBe('issuer_unavailable')
    issuer.heal()
    expect(await outcome(old)).toBe('accepted')
  })
})

describe('a JWT of an issuer without introspection is refused from that age on', () => {
  it.each<[string, (issuer: TestIssuer) => Issuer, 'oauth' | 'stytch']>([
    ['oauth without introspection', (by) => oauth(by.oauth({ introspection: undefined })), 'oauth'],
    ['stytch', (by) => stytch(by.stytch()), 'stytch'],
  ])('%s', async (_, make, provider) => {
    const { issuer, verifier, outcome, pass } = await testBed({
      issuers: (by) => [make(by)],
      policy: FIVE_MINUTES,
    })
    const token = issuer.mintJwt({ provider })
    expect(await outcome(token)).toBe('accepted')
    pass(299.999)
    expect(await outcome(token)).toBe('accepted')
    pass(0.001)
    const refusal = await refusalOf(verifier.verify(token))
    expect(refusal).toMatchObject({ reason: 'confirmation_impossible', status: 401 })
    expect(await outcome(token, { confirmAfter: 0 })).toBe('confirmation_impossible')
  })

  it('an issuer that does not introspect JWTs', async () => {
    const { jwt, outcome, issuer } = await testBed({ policy: FIVE_MINUTES })
    issuer.fail('introspection', { status: 400, body: { error: 'unsupported_token_type' } })
    expect(await outcome(jwt({ age: 299 }))).toBe('accepted')
    expect(await outcome(jwt({ age: 300 }))).toBe('confirmation_impossible')
  })
})

describe('the other issuers with introspection confirm JWTs too', () => {
  it.each<[string, (issuer: TestIssuer) => Issuer, 'clerk' | 'authlete', Endpoint]>([
    ['clerk', (by) => clerk(by.clerk()), 'clerk', 'clerkVerify'],
    [
      'authlete',
      (by) => authlete(by.authlete({ issuer: by.endpoints.authlete })),
      'authlete',
      'authleteIntrospection',
    ],
  ])('%s', async (_, make, provider, endpoint) => {
    const { issuer, outcome } = await testBed({ issuers: (by) => [make(by)], policy: FIVE_MINUTES })
    const [young, old] = [issuer.mintJwt({ provider, age: 299 }), issuer.mintJwt({ provider, age: 300 })]
    expect(await outcome(young)).toBe('accepted')
    expect(issuer.calls[endpoint]).toBe(0)
    expect(await outcome(old)).toBe('accepted')
    expect(issuer.calls[endpoint]).toBe(1)
    issuer.revoke(old)
    expect(await outcome(old, { confirmAfter: 0 })).toBe('token_inactive')
  })
})

describe('an opaque token under confirmAfter', () => {
  it.each([
    [10, 9.999, 1],
    [10, 10, 2],
    [0, 0, 2],
    [60, 29.999, 1],
    [60, 30, 2],
  ])('%s s, introspected again after %s s: %s calls', async (confirmAfter, seconds, calls) => {
    const { issuer, outcome, pass } = await testBed({ policy: { confirmAfter } })
    const token = issuer.mintOpaque({ age: '10m' })
    expect(await outcome(token)).toBe('accepted')
    pass(seconds)
    expect(await outcome(token)).toBe('accepted')
    expect(issuer.calls.introspection).toBe(calls)
  })

  it('is refused on the first request after it was revoked with 0', async () => {
    const { issuer, outcome } = await testBed()
    const token = issuer.mintOpaque()
    await outcome(token)
    issuer.revoke(token)
    expect(await outcome(token)).toBe('accepted')
    expect(await outcome(token, { confirmAfter: 0 })).toBe('token_inactive')
    expect(await outcome(token)).toBe('token_inactive')
  })
})
