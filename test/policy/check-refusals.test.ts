import { describe, expect, it } from 'vitest'
import { Refusal, type Policy } from '../../src/index.js'
import { refusalOf } from '../support/outcomes.js'
import { testBed } from '../support/test-bed.js'

type Check = NonNullable<Policy['check']>

/** A refusal of another copy of the package: it shares no prototype, and has the symbol that all copies know. */
function foreign(reason: string): Refusal {
  const prototype = { [Symbol.for('m2m-guard@0/refusal')]: () => undefined }
  const members = { reason, description: 'Ask again.', headers: { 'Retry-After': '7' } }
  return Object.assign(Object.create(prototype) as Refusal, members)
}

const WAYS: readonly [string, (refusal: Refusal) => Check][] = [
  ['returns', (refusal) => () => refusal],
  ['resolves to', (refusal) => () => Promise.resolve(refusal)],
  [
    'throws',
    (refusal) => () => {
      throw refusal
    },
  ],
  ['rejects with', (refusal) => () => Promise.reject(refusal)],
]

describe.each(WAYS)('a check that %s a refusal', (_, checkOf) => {
  it('refuses with it: status, reason, description and headers are those of the refusal', async () => {
    const { jwt, verifier, events } = await testBed()
    for (const refusal of [
      new Refusal('token_revoked'),
      new Refusal('scope_insufficient', { required: ['a', 'b'], description: 'Not today.' }),
      new Refusal('client_not_allowed', { cause: new Error('blocked') }),
    ]) {
      const got = await refusalOf(verifier.verify(jwt(), { check: checkOf(refusal) }))
      const { reason, status, error, description, required, headers } = refusal
      expect(got).toMatchObject({ reason, status, error, description, headers })
      expect(got.required).toEqual(required)
      expect(got.cause).toBe(refusal.cause)
      expect(events.at(-1)).toMatchObject({ outcome: 'refused', reason })
    }
  })

  it('is used as it is: the same object, with the properties of its class', async () => {
    class QuotaRefusal extends Refusal {
      readonly limit = 3
    }
    const { jwt, verifier, events } = await testBed()
    const refusal = new QuotaRefusal('check_failed')
    expect(await refusalOf(verifier.verify(jwt(), { check: checkOf(refusal) }))).toBe(refusal)
    expect((await verifier.explain(jwt(), { check: checkOf(refusal) })).refusal).toBe(refusal)
    expect(events.at(-1)!.issuer).toBe(verifier.health().issuers[0]!.name)
  })

  it('with the token in its detail: the detail is masked', async () => {
    const { jwt, verifier } = await testBed()
    const token = jwt()
    const refusal = new Refusal('check_failed', { detail: `the token was ${token}` })
    const got = await refusalOf(verifier.verify(token, { check: checkOf(refusal) }))
    expect(got.detail).toBe('the token was [token]')
  })

  it('makes the decision undecidable with a 503, with its Retry-After', async () => {
    const { jwt, answer, events } = await testBed()
    const refusal = new Refusal('issuer_unavailable', { retryAfterSeconds: 30 })
    expect(await answer(jwt(), { check: checkOf(refusal) })).toMatchObject({ status: 503, retryAfter: 30 })
    expect(events.at(-1)).toMatchObject({ outcome: 'undecidable', reason: 'issuer_unavailable' })
  })

  it('refuses with a refusal of another copy of the package', async () => {
    const { jwt, answer } = await testBed()
    const revoked = { check: checkOf(foreign('token_revoked')) }
    expect(await answer(jwt(), revoked)).toMatchObject({ status: 401, reason: 'token_revoked' })
    const unavailable = { check: checkOf(foreign('issuer_unavailable')) }
    expect(await answer(jwt(), unavailable)).toMatchObject({ status: 503, retryAfter: 7 })
  })

  it('refuses with check_failed, if the other copy has a reason that this one does not know', async () => {
    const { jwt, outcome } = await testBed()
    expect(await outcome(jwt(), { check: checkOf(foreign('of_the_future')) })).toBe('check_failed')
  })

  it('refuses before a check of a further policy runs', async () => {
    let calls = 0
    const { jwt, outcome } = await testBed({ policy: { check: checkOf(new Refusal('token_revoked')) } })
    const check = (): boolean => (calls += 1) > 0
    expect(await outcome(jwt(), { check })).toBe('token_revoked')
    expect(calls).toBe(0)
  })
})
