import { describe, expect, it } from 'vitest'
import {
  ConfigurationError,
  oauth,
  stytch,
  type AccessToken,
  type Duration,
  type Policy,
} from '../../src/index.js'
import type { MintJwtOptions } from '../../src/testing/index.js'
import { bearer, testBed } from '../support/test-bed.js'
import { refusalOf } from '../support/outcomes.js'

describe('maxTokenAge', () => {
  it.each<[Duration, number, string]>([
    [60, 59, 'accepted'],
    [60, 60, 'token_too_old'],
    [60, 61, 'token_too_old'],
    ['1m', 59, 'accepted'],
    ['1m', 60, 'token_too_old'],
    ['1h', 3599, 'accepted'],
    ['1h', 3600, 'token_too_old'],
    [0, 0, 'token_too_old'],
    [0, -3, 'token_too_old'],
    [0, 1, 'token_too_old'],
  ])('%s for a token that is %s s old: %s', async (maxTokenAge, age, expected) => {
    const { jwt, outcome, issuer } = await testBed()
    const times = { age, expiresIn: '10h' }
    expect(await outcome(jwt(times), { maxTokenAge })).toBe(expected)
    expect(await outcome(issuer.mintOpaque(times), { maxTokenAge })).toBe(expected)
  })

  it('is evaluated to the millisecond, for cached tokens too', async () => {
    const { jwt, outcome, pass } = await testBed({ policy: { maxTokenAge: 60 } })
    const token = jwt()
    expect(await outcome(token)).toBe('accepted')
    pass(59.999)
    expect(await outcome(token)).toBe('accepted')
    pass(0.001)
    expect(await outcome(token)).toBe('token_too_old')
  })

  it('is not extended by the clock tolerance', async () => {
    const { jwt, outcome } = await testBed({ clockTolerance: 60 })
    expect(await outcome(jwt({ age: 59 }), { maxTokenAge: 60 })).toBe('accepted')
    expect(await outcome(jwt({ age: 60 }), { maxTokenAge: 60 })).toBe('token_too_old')
  })

  it('refuses a token without a time of issue', async () => {
    const { jwt, outcome, issuer } = await testBed()
    const undated = { claims: { iat: undefined } }
    for (const token of [jwt(undated), issuer.mintOpaque(undated)]) {
      expect(await outcome(token)).toBe('accepted')
      expect(await outcome(token, { maxTokenAge: '1h' })).toBe('claim_missing')
    }
  })
})

describe('maxTokenLifetime', () => {
  it.each<[string, MintJwtOptions, string]>([
    ['of exactly an hour', { expiresIn: 3600 }, 'accepted'],
    ['of an hour and a second', { expiresIn: 3601 }, 'lifetime_too_long'],
    ['of an hour in total, of which 10 minutes have passed', { age: 600, expiresIn: 3000 }, 'accepted'],
    ['of more than an hour, of which a second is left', { age: 3600, expiresIn: 1 }, 'lifetime_too_long'],
    ['that it does not state', { claims: { iat: undefined } }, 'lifetime_too_long'],
  ])('a token with a lifetime %s', async (_, mint, expected) => {
    const { jwt, outcome, issuer } = await testBed()
    expect(await outcome(jwt(mint), { maxTokenLifetime: '1h' })).toBe(expected)
    expect(await outcome(issuer.mintOpaque(mint), { maxTokenLifetime: '1h' })).toBe(expected)
  })

  it('refuses a token that never expires', async () => {
    const { outcome, issuer } = await testBed()
    const token = issuer.mintOpaque({ expiresIn: null })
    expect(await outcome(token)).toBe('accepted')
    expect(await outcome(token, { maxTokenLifetime: '3650d' })).toBe('lifetime_too_long')
  })
})

describe('issuers and clients', () => {
  it('an issuer is identified by its configured name or by the iss of the token', async () => {
    const { issuer, outcome } = await testBed({ issuers: (by) => [stytch(by.stytch()), oauth(by.oauth())] })
    const name = `stytch.com/${issuer.stytchProject.projectId}`
    const token = issuer.mintJwt({ provider: 'stytch', claims: { iss: issuer.endpoints.stytch } })
    expect(await outcome(token, { issuers: name })).toBe('accepted')
    expect(await outcome(token, { issuers: [issuer.url, issuer.endpoints.stytch] })).toBe('accepted')
    expect(await outcome(token, { issuers: issuer.url })).toBe('issuer_not_allowed')
    expect(await outcome(token, { issuers: name.toUpperCase() })).toBe('issuer_not_allowed')
  })

  it.each<[string | readonly string[], string]>([
    ['billing', 'accepted'],
    [['shipping', 'billing'], 'accepted'],
    ['service-7', 'client_not_allowed'],
    ['shipping', 'client_not_allowed'],
    ['Billing', 'client_not_allowed'],
    ['bill', 'client_not_allowed'],
  ])('clients %s for client billing with the subject service-7: %s', async (clients, expected) => {
    const { jwt, outcome, issuer } = await testBed()
    const who = { clientId: 'billing', subject: 'service-7' }
    expect(await outcome(jwt(who), { clients })).toBe(expected)
    expect(await outcome(issuer.mintOpaque(who), { clients })).toBe(expected)
  })
})

describe('check', () => {
  it.each<[string, string, NonNullable<Policy['check']>]>([
    ['true', 'accepted', () => true],
    ['a promise of true', 'accepted', () => Promise.resolve(true)],
    ['false', 'check_failed', () => false],
    ['a promise of false', 'check_failed', () => Promise.resolve(false)],
    ['a string', 'check_failed', () => 'only in office hours'],
    ['an exception', 'check_failed', () => JSON.parse('{') as boolean],
    ['a rejection', 'check_failed', () => Promise.reject(new Error('database gone'))],
    ['undefined', 'check_failed', () => undefined as unknown as boolean],
    ['1', 'check_failed', () => 1 as unknown as boolean],
    ['an object', 'check_failed', () => ({ ok: true }) as unknown as boolean],
  ])('a rule that returns or throws %s: %s', async (_, expected, check) => {
    const { jwt, outcome } = await testBed()
    expect(await outcome(jwt(), { check })).toBe(expected)
  })

  it('a string is sent as error_description, with characters that are valid in a header', async () => {
    const { jwt, verifier } = await testBed()
    const descriptionFor = async (message: string) =>
      (await refusalOf(verifier.verify(jwt(), { check: () => message }))).description
    expect(await descriptionFor('only in office hours')).toBe('only in office hours')
    expect(await descriptionFor('say "no"\r\nX-Evil: \\ über')).toBe('say _no___X-Evil: _ _ber')
  })

  it('an exception of a rule is the cause and is not sent', async () => {
    const { jwt, verifier } = await testBed()
    const cause = new Error('database gone')
    const check = (): never => {
      throw cause
    }
    const refusal = await refusalOf(verifier.verify(jwt(), { check }))
    expect(refusal.cause).toBe(cause)
    expect(refusal.description).not.toContain('database')
    expect(JSON.stringify(refusal)).not.toContain('database')
  })

  it('is called with the token and the request, and without a request by verify()', async () => {
    const { jwt, verifier } = await testBed()
    const seen: unknown[][] = []
    const check = (...args: unknown[]): boolean => seen.push(args) > 0
    const request = { method: 'GET', url: '/orders', ...bearer(jwt({ clientId: 'billing' })) }
    const decision = await verifier.authorize(request, { check })
    await verifier.verify(jwt(), { check })
    expect(decision.outcome).toBe('accepted')
    expect(seen[0]![1]).toBe(request)
    expect((seen[0]![0] as AccessToken).clientId).toBe('billing')
    expect(seen[1]![1]).toBeUndefined()
  })

  it('is called last, and on every request', async () => {
    const { jwt, outcome } = await testBed()
    let calls = 0
    const check = (): boolean => ++calls > 0
    const token = jwt({ scopes: 'a' })
    expect(await outcome(token, { scopes: 'b', check })).toBe('scope_insufficient')
    expect(calls).toBe(0)
    await outcome(token, { scopes: 'a', check })
    await outcome(token, { scopes: 'a', check })
    expect(calls).toBe(2)
  })
})

describe('the policies of verifier and route both apply', () => {
  it.each<[string, Policy, Policy, MintJwtOptions, string]>([
    ['maxTokenAge', { maxTokenAge: 60 }, { maxTokenAge: 120 }, { age: 60 }, 'token_too_old'],
    [
      'maxTokenLifetime',
      { maxTokenLifetime: 60 },
      { maxTokenLifetime: 120 },
      { expiresIn: 61 },
      'lifetime_too_long',
    ],
    ['scopes', { scopes: 'a' }, { scopes: 'b' }, { scopes: 'b' }, 'scope_insufficient'],
    [
      'clients',
      { clients: 'billing' },
      { clients: 'shipping' },
      { clientId: 'shipping' },
      'client_not_allowed',
    ],
    ['issuers', { issuers: 'https://other.test' }, {}, {}, 'issuer_not_allowed'],
    ['check', { check: () => false }, { check: () => true }, {}, 'check_failed'],
  ])(
    '%s: a token that one of them refuses is refused, in either order',
    async (_, one, other, mint, expected) => {
      for (const [policy, route] of [
        [one, other],
        [other, one],
      ]) {
        const { jwt, outcome } = await testBed({ policy: policy! })
        expect(await outcome(jwt(mint), route)).toBe(expected)
      }
    },
  )

  it('a token that both accept is accepted', async () => {
    const { jwt, outcome } = await testBed({ policy: { scopes: 'a', maxTokenAge: 60, clients: ['x', 'y'] } })
    const token = jwt({ scopes: 'a b', age: 9, clientId: 'y' })
    expect(await outcome(token, { scopes: 'b', maxTokenAge: 10, clients: ['y', 'z'] })).toBe('accepted')
  })

  it('all requirements of a policy apply: each of them refuses on its own', async () => {
    const { jwt, outcome } = await testBed()
    const policy: Policy = {
      scopes: 'a',
      maxTokenAge: 60,
      clients: 'billing',
      check: ({ claims }) => claims['tier'] === 1,
    }
    const good = { scopes: 'a', age: 1, clientId: 'billing', claims: { tier: 1 } }
    expect(await outcome(jwt(good), policy)).toBe('accepted')
    expect(await outcome(jwt({ ...good, scopes: 'b' }), policy)).toBe('scope_insufficient')
    expect(await outcome(jwt({ ...good, age: 60 }), policy)).toBe('token_too_old')
    expect(await outcome(jwt({ ...good, clientId: 'x' }), policy)).toBe('client_not_allowed')
    expect(await outcome(jwt({ ...good, claims: { tier: 2 } }), policy)).toBe('check_failed')
  })
})

describe('an invalid policy throws a ConfigurationError before a token is checked', () => {
  it.each<[string, unknown]>([
    ['an unknown option', { scope: 'a' }],
    ['an option that is undefined', { maxTokenAge: undefined }],
    ['a duration without a unit', { maxTokenAge: '60' }],
    ['a negative age', { maxTokenAge: -1 }],
    ['an empty list of clients', { clients: [] }],
    ['an empty client', { clients: [''] }],
    ['a check that is not a function', { check: true }],
    ['a list', []],
    ['null', null],
  ])('%s', async (_, policy) => {
    const { verifier, jwt } = await testBed()
    expect(() => verifier.verify(jwt(), policy as Policy)).toThrow(ConfigurationError)
    expect(() => verifier.authorize(bearer(jwt()), policy as Policy)).toThrow(ConfigurationError)
    await expect(testBed({ policy: policy as Policy })).rejects.toThrow(ConfigurationError)
  })
})
