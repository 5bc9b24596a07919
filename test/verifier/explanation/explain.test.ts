import { describe, expect, it } from 'vitest'
import {
  anyOf,
  clerk,
  ConfigurationError,
  oauth,
  Refusal,
  type CheckName,
  type Explanation,
  type Policy,
} from '../../../src/index.js'
import { CHECKS } from '../../../src/verifier/explanation/passed-checks.js'
import type { TestIssuer } from '../../../src/testing/index.js'
import { bearer, testBed, type TestBed } from '../../support/test-bed.js'
import { until } from '../../support/until.js'

const failedIn = ({ steps }: Explanation): CheckName | undefined =>
  steps.find(({ result }) => result === 'failed')?.check

const stepOf = ({ steps }: Explanation, check: CheckName) => steps.find((step) => step.check === check)

function localBed(options: Parameters<typeof testBed>[0] = {}): Promise<TestBed> {
  return testBed({ issuers: (by) => [oauth(by.oauth({ introspection: undefined }))], ...options })
}

describe('the failed step names the check that refused the token', () => {
  it.each<
    [check: CheckName, reason: string, mint: NonNullable<Parameters<TestBed['jwt']>[0]>, policy?: Policy]
  >([
    ['issuer', 'issuer_unknown', { claims: { iss: 'https://other.example' } }],
    ['algorithm', 'algorithm_not_allowed', { header: { alg: 'HS256' } }],
    ['parameters', 'critical_header', { header: { crit: ['exp'] } }],
    ['parameters', 'token_undecodable', { header: { kid: 7 } }],
    ['type', 'type_not_allowed', { header: { typ: 'dpop+jwt' } }],
    ['type', 'type_not_allowed', { header: { cty: 'JWT' } }],
    ['key', 'key_unknown', { header: { kid: 'unpublished' } }],
    ['claims', 'type_not_allowed', { claims: { nonce: 'n' } }],
    ['claims', 'claim_invalid', { claims: { scope: 7 } }],
    ['audience', 'audience_mismatch', { audience: 'https://stock.internal' }],
    ['proof', 'proof_missing', { claims: { cnf: { jkt: 'x' } } }],
    ['expiry', 'token_expired', { age: 7200, expiresIn: -60 }],
    ['not_before', 'token_not_active_yet', { claims: { nbf: 4_000_000_000 } }],
    ['issued_at', 'issued_in_future', { age: -600 }],
    ['age', 'token_too_old', { age: 60 }, { maxTokenAge: 60 }],
    ['age', 'claim_missing', { claims: { iat: undefined } }, { maxTokenAge: 60 }],
    ['lifetime', 'lifetime_too_long', {}, { maxTokenLifetime: 60 }],
    ['confirmation', 'confirmation_impossible', { age: 60 }, { confirmAfter: 30 }],
    ['issuers', 'issuer_not_allowed', {}, { issuers: 'https://other.example' }],
    ['clients', 'client_not_allowed', {}, { clients: 'someone' }],
    ['subjects', 'subject_not_allowed', {}, { subjects: 'someone' }],
    ['claims_rule', 'claims_insufficient', {}, { claims: { tenant: 'acme' } }],
    ['scopes', 'scope_insufficient', { scopes: 'a' }, { scopes: anyOf('b', 'c') }],
    ['check', 'check_failed', {}, { check: () => false }],
    ['check', 'token_expired', {}, { check: () => new Refusal('token_expired') }],
  ])('%s: %s', async (check, reason, mint, policy) => {
    const { verifier, jwt } = await localBed()
    const explanation = await verifier.explain(jwt(mint), policy)
    expect([failedIn(explanation), explanation.refusal?.reason]).toEqual([check, reason])
    const { steps, refusal } = explanation
    expect(steps.map((step) => step.check)).toEqual(CHECKS)
    expect(stepOf(explanation, check)?.detail).toBe(refusal?.detail ?? refusal?.description)
    for (const step of steps.slice(CHECKS.indexOf(check) + 1))
      expect(step).toMatchObject({ result: 'skipped', detail: 'not reached' })
  })

  it.each<[check: CheckName, token: unknown]>([
    ['header', 'not a token'],
    ['header', ''],
    ['header', undefined],
    ['header', 7],
    ['header', `${'x'.repeat(9000)} y`],
    ['length', 'x'.repeat(9000)],
    ['decoding', 'eyJhbGciOiJub25lIn0.e30'],
    ['decoding', 'a.b.c'],
    ['issuer', 'opaque'],
  ])('%s: a token that no issuer can read (%#)', async (check, token) => {
    const { verifier } = await localBed()
    expect(failedIn(await verifier.explain(token as string))).toBe(check)
  })

  it('header: a request without credentials', async () => {
    const { verifier } = await localBed()
    const explanation = await verifier.explain({ headers: {} })
    expect(failedIn(explanation)).toBe('header')
    expect(stepOf(explanation, 'header')?.detail).toBe('the request has no Authorization header')
  })

  it('signature: a changed token', async () => {
    const { verifier, jwt } = await localBed()
    const [header, payload] = jwt().split('.')
    const forged = `${header}.${payload}.${jwt({ scopes: 'x' }).split('.')[2]}`
    expect(failedIn(await verifier.explain(forged))).toBe('signature')
  })

  it('key: the issuer is down, and the outcome is undecidable', async () => {
    const { verifier, jwt, issuer } = await localBed()
    issuer.fail('discovery', 500)
    const explanation = await verifier.explain(jwt())
    expect([explanation.outcome, failedIn(explanation)]).toEqual(['undecidable', 'key'])
  })

  it('key: the keys of a cached token have become too old', async () => {
    const { verifier, jwt, issuer, pass } = await localBed()
    const token = jwt({ expiresIn: '1d' })
    await verifier.verify(token)
    issuer.fail('jwks', 500)
    pass(7200)
    const explanation = await verifier.explain(token)
    expect([explanation.outcome, failedIn(explanation)]).toEqual(['undecidable', 'key'])
  })

  it('introspection: an inactive token, fetched and cached', async () => {
    const { verifier, opaque, issuer } = await testBed()
    const token = opaque()
    issuer.revoke(token)
    for (const calls of [1, 1]) {
      const explanation = await verifier.explain(token)
      expect([explanation.refusal?.reason, failedIn(explanation)]).toEqual([
        'token_inactive',
        'introspection',
      ])
      expect(issuer.calls.introspection).toBe(calls)
    }
  })

  it('confirmation: a revoked JWT, fetched and cached', async () => {
    const { verifier, jwt, issuer } = await testBed()
    const token = jwt({ age: 60 })
    issuer.revoke(token)
    const policy = { confirmAfter: 30 }
    expect(failedIn(await verifier.explain(token, policy))).toBe('confirmation')
    expect(failedIn(await verifier.explain(token, policy))).toBe('confirmation')
  })

  it('issuer_rule: a machine that is not a sender', async () => {
    const { verifier, issuer } = await testBed({
      issuers: (by: TestIssuer) => [clerk(by.clerk({ senders: ['mch_x'] }))],
    })
    const token = issuer.mintOpaque({ provider: 'clerk' })
    expect(failedIn(await verifier.explain(token))).toBe('issuer_rule')
  })

  it('the check of a token whose verification another request has started', async () => {
    const { verifier, jwt, issuer } = await localBed()
    const [header, payload] = jwt().split('.')
    const forged = `${header}.${payload}.${jwt({ scopes: 'x' }).split('.')[2]}`
    const first = verifier.authorize(bearer(forged))
    await until(() => issuer.calls.discovery > 0)
    const explanation = await verifier.explain(forged)
    await first
    expect(failedIn(explanation)).toBe('signature')
  })

  it('for several policies, the checks before the failed one have passed for all of them', async () => {
    const { verifier, jwt } = await localBed({ policy: { clients: 'someone' } })
    const explanation = await verifier.explain(jwt(), { issuers: 'https://other.example' })
    expect(failedIn(explanation)).toBe('issuers')
    expect(stepOf(explanation, 'clients')?.result).toBe('skipped')
  })
})

describe('an accepted token', () => {
  it('has passed every check that applies, and says what was compared', async () => {
    const { verifier, jwt, issuer } = await localBed({ mint: { scopes: 'a b', clientId: 'billing' } })
    const policy = { scopes: 'a', maxTokenAge: 60, clients: ['billing', 'orders'] }
    const explanation = await verifier.explain(bearer(jwt()), policy)
    expect(explanation.outcome).toBe('accepted')
    expect(explanation).not.toHaveProperty('refusal')
    const shown = explanation.steps.map(({ check, result, detail }) => `${check} ${result}: ${detail}`)
    const iat = '2026-11-21T08:00:00Z'
    expect(shown).toEqual([
      expect.stringMatching(
        /^header passed: the Authorization header has the scheme Bearer; the fingerprint of the token is [\da-f]{16}$/,
      ),
      expect.stringMatching(/^length passed: the token has \d+ characters, and the limit is 8192$/),
      'decoding passed: the token is a JWT',
      `issuer passed: the issuer is "${issuer.url}" (oauth)`,
      'algorithm passed: alg is "ES256"',
      'parameters passed: the header has no crit, b64 or zip, and the token contains no other JWT',
      'type passed: typ is "at+jwt"',
      expect.stringMatching(/^key passed: kid is "[\w-]+" \(alg "ES256"\); the keys were fetched 0 s ago$/),
      'signature passed: the key verifies the signature',
      'claims passed: sub is "billing", and the client is "billing"',
      'introspection skipped: the JWTs of this issuer are verified with its keys',
      'confirmation skipped: no policy has confirmAfter',
      'audience passed: aud is ["https://api.test"], and the configured audience is ["https://api.test"]',
      'proof passed: the token is not bound to a key',
      `expiry passed: exp is 2026-11-21T09:00:00Z, 3600 s after ${iat}`,
      'not_before skipped: the token has no nbf',
      `issued_at passed: iat is ${iat}, and the time is ${iat}`,
      'revocation skipped: the verifier has no revocations',
      'issuer_rule skipped: the issuer has no rule about its tokens',
      'age passed: the token is 0 s old, and maxTokenAge is 60 s',
      'lifetime skipped: no policy has maxTokenLifetime',
      'issuers skipped: no policy has issuers',
      'clients passed: the client is "billing", and clients allows ["billing", "orders"]',
      'subjects skipped: no policy has subjects',
      'claims_rule skipped: no policy has claims',
      'scopes passed: the token has ["a", "b"], and the policies require "a"',
      'check skipped: no policy has a check',
    ])
  })

  it('is explained from the cache without a call, and says so', async () => {
    const { verifier, jwt, issuer, pass } = await localBed()
    const token = jwt()
    await verifier.verify(token)
    const { total } = issuer.calls
    pass(30)
    const explanation = await verifier.explain(token)
    expect(stepOf(explanation, 'signature')?.detail).toMatch(/^the signature was verified at 2026.*cached$/)
    expect(stepOf(explanation, 'key')?.detail).toMatch(/fetched 30 s ago$/)
    expect(issuer.calls.total).toBe(total)
  })

  it('that is opaque has skipped the checks of JWTs', async () => {
    const { verifier, opaque } = await testBed()
    const { steps, outcome } = await verifier.explain(opaque(), { confirmAfter: 30 })
    expect(outcome).toBe('accepted')
    const skipped = steps
      .filter(({ result, detail }) => result === 'skipped' && detail === 'the token is opaque')
      .map(({ check }) => check)
    expect(skipped).toEqual(['algorithm', 'parameters', 'type', 'key', 'signature', 'claims'])
  })
})

describe('explain', () => {
  it('emits no decision event, and caches like a request', async () => {
    const { verifier, jwt, events, issuer } = await localBed()
    const token = jwt()
    await verifier.explain(token)
    expect(events).toEqual([])
    const { total } = issuer.calls
    await verifier.verify(token)
    expect(issuer.calls.total).toBe(total)
    expect(events).toMatchObject([{ source: 'cache' }])
  })

  it('masks the token where a rule of the application has put it', async () => {
    const { verifier, jwt } = await localBed()
    const token = jwt()
    const check = () => Promise.resolve(new Refusal('check_failed', { detail: `no ${token}` }))
    expect(stepOf(await verifier.explain(token, { check }), 'check')?.detail).toBe('no [token]')
  })

  it('throws for an invalid policy, like authorize', async () => {
    const { verifier } = await localBed()
    expect(() => verifier.explain('x', { scopes: undefined } as unknown as Policy)).toThrow(
      ConfigurationError,
    )
  })

  it('returns a frozen result', async () => {
    const { verifier, jwt } = await localBed()
    const explanation = await verifier.explain(jwt())
    expect([explanation, explanation.steps, explanation.steps[0]].every(Object.isFrozen)).toBe(true)
  })
})
