import { expect, it } from 'vitest'
import { oauth } from '../../src/index.js'
import { testBed, times, type TestBed } from '../support/test-bed.js'
import { withoutAnswer } from '../support/setup/deadlines.js'

/** The endpoint is discovered, the keys are not. */
function discoveryBed(remote = {}): Promise<TestBed> {
  return testBed({ issuers: (by) => [oauth(by.oauth({ jwksUri: `${by.url}/jwks`, remote }))] })
}

function countOf(values: readonly string[], wanted: string): number {
  return values.filter((value) => value === wanted).length
}

it.each([
  [64, {}],
  [3, { maxInFlight: 3 }],
])(
  'at most %i introspection calls wait for discovery; more get issuer_overloaded immediately',
  async (most, remote) => {
    const { issuer, opaque, outcome, answer } = await discoveryBed(remote)
    const gate = issuer.gate('discovery')
    const outcomes = times(300, () => outcome(opaque()))
    await gate.waiting
    expect(await answer(opaque())).toEqual({
      status: 503,
      reason: 'issuer_overloaded',
      retryAfter: 1,
      challenge: undefined,
    })
    gate.release()
    const results = await Promise.all(outcomes)
    expect([countOf(results, 'accepted'), countOf(results, 'issuer_overloaded')]).toEqual([most, 300 - most])
    expect(issuer.calls).toMatchObject({ discovery: 1, introspection: most })
  },
)

it('callers with the same token count as one waiting call', async () => {
  const { issuer, opaque, outcome } = await discoveryBed({ maxInFlight: 1 })
  const token = opaque()
  const gate = issuer.gate('discovery')
  const outcomes = times(100, () => outcome(token))
  await gate.waiting
  gate.release()
  expect(new Set(await Promise.all(outcomes))).toEqual(new Set(['accepted']))
})

it('waiting calls no longer count when discovery has failed', async () => {
  const { issuer, opaque, outcome, pass } = await discoveryBed()
  issuer.fail('discovery', 'hang')
  const results = await withoutAnswer(issuer, 'discovery', Promise.all(times(100, () => outcome(opaque()))))
  expect([countOf(results, 'issuer_unavailable'), countOf(results, 'issuer_overloaded')]).toEqual([64, 36])
  issuer.heal()
  pass(60)
  expect(new Set(await Promise.all(times(64, () => outcome(opaque()))))).toEqual(new Set(['accepted']))
})
