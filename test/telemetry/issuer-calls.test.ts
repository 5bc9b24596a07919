import { describe, expect, it } from 'vitest'
import type { IssuerCall, IssuerCallResult } from '../../src/index.js'
import { concurrently, introspectionBed, testBed, type TestBed } from '../support/test-bed.js'

interface Recorded {
  readonly call: IssuerCall
  readonly result: IssuerCallResult
}

function record({ verifier }: TestBed): Recorded[] {
  const calls: Recorded[] = []
  verifier.observe({ onIssuerCall: (call) => ({ end: (result) => calls.push({ call, result }) }) })
  return calls
}

const summary = (calls: readonly Recorded[]) =>
  calls.map(({ call, result }) => [call.kind, result.reason ?? 'success'])

describe('a call to an issuer', () => {
  it('is reported with its purpose, issuer, duration and no reason if it succeeds', async () => {
    const bed = await testBed()
    const calls = record(bed)
    expect(await bed.outcome(bed.jwt())).toBe('accepted')
    expect(await bed.outcome(bed.opaque())).toBe('accepted')
    expect(summary(calls)).toEqual([
      ['discovery', 'success'],
      ['keys', 'success'],
      ['introspection', 'success'],
    ])
    const [first] = calls
    expect(first!.call).toEqual({ kind: 'discovery', issuer: bed.issuer.url, provider: 'oauth' })
    expect(first!.result.durationMs).toBeGreaterThan(0)
    expect([first!.call, first!.result].every(Object.isFrozen)).toBe(true)
  })

  it('is not reported for a cached token', async () => {
    const bed = await testBed()
    const token = bed.jwt()
    await bed.outcome(token)
    const calls = record(bed)
    await bed.outcome(token)
    expect(calls).toEqual([])
  })

  it('is reported once for concurrent requests that share it', async () => {
    const bed = await introspectionBed()
    const calls = record(bed)
    const token = bed.opaque()
    await concurrently(5, () => bed.outcome(token))
    expect(summary(calls)).toEqual([['introspection', 'success']])
  })

  it('an inactive token is a success of the call', async () => {
    const bed = await introspectionBed()
    const calls = record(bed)
    expect(await bed.outcome('unknown-token')).toBe('token_inactive')
    expect(summary(calls)).toEqual([['introspection', 'success']])
  })

  it.each([
    [500, 'issuer_unavailable'],
    [401, 'issuer_refused_us'],
    [429, 'issuer_overloaded'],
    ['reset', 'issuer_unavailable'],
  ] as const)('introspection that fails with %s has the reason %s', async (fault, reason) => {
    const bed = await introspectionBed({ breakerAfter: 100 })
    const calls = record(bed)
    bed.issuer.fail('introspection', fault)
    expect(await bed.outcome(bed.opaque())).toBe(reason)
    expect(summary(calls)[0]).toEqual(['introspection', reason])
  })

  it('a failed fetch of the keys has the reason keys_unavailable', async () => {
    const bed = await testBed()
    const calls = record(bed)
    bed.issuer.fail('jwks', 500)
    await bed.outcome(bed.jwt())
    expect(summary(calls)).toEqual([
      ['discovery', 'success'],
      ['keys', 'keys_unavailable'],
    ])
  })

  it('a probe of the issuer is reported as a probe', async () => {
    const bed = await introspectionBed({ breakerAfter: 1 })
    const calls = record(bed)
    bed.issuer.fail('introspection', 500)
    await bed.outcome(bed.opaque())
    expect(summary(calls).map(([kind]) => kind)).toEqual(['introspection', 'probe'])
  })

  it('never contains the token', async () => {
    const bed = await introspectionBed()
    const calls = record(bed)
    const token = bed.opaque()
    await bed.outcome(token)
    expect(JSON.stringify(calls)).not.toContain(token)
  })
})

describe('run', () => {
  it('surrounds the request, in nesting order', async () => {
    const bed = await introspectionBed()
    const order: string[] = []
    for (const name of ['inner', 'outer']) {
      bed.verifier.observe({
        onIssuerCall: () => ({
          run: (start) => {
            order.push(`${name} before`)
            start()
            order.push(`${name} after`)
          },
          end: () => order.push(`${name} end`),
        }),
      })
    }
    expect(await bed.outcome(bed.opaque())).toBe('accepted')
    expect(order).toEqual([
      'outer before',
      'inner before',
      'inner after',
      'outer after',
      'inner end',
      'outer end',
    ])
  })

  it.each<[string, (start: () => void) => unknown]>([
    ['does not start the request', () => undefined],
    [
      'throws before it',
      () => {
        throw new Error('an observer')
      },
    ],
    [
      'starts it twice',
      (start) => {
        start()
        start()
      },
    ],
  ])('an observer that %s changes nothing: the request is sent once', async (_, run) => {
    const bed = await introspectionBed()
    bed.verifier.observe({ onIssuerCall: () => ({ run }) })
    expect(await bed.outcome(bed.opaque())).toBe('accepted')
    expect(bed.issuer.calls.introspection).toBe(1)
  })
})
