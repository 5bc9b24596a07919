import type { ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import type { FaultHandler } from '../../src/testing/index.js'
import { expireDeadlines, passDeadlines } from '../support/setup/deadlines.js'
import { inTurn, says, saysJson } from '../support/servers/misbehaviours.js'
import { concurrently, introspectionBed, type TestBed } from '../support/test-bed.js'
import { until } from '../support/until.js'

/** Sends no response, and lets no deadline pass. */
const silence: FaultHandler = () => undefined

/** The reasons of concurrent calls with new tokens, with their counts. */
async function batch({ opaque, outcome }: TestBed, size = 20): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const reason of await concurrently(size, () => outcome(opaque()))) {
    counts[reason] = (counts[reason] ?? 0) + 1
  }
  return counts
}

/** Ends the probe that hangs, and makes one call, during which its failure is recorded. */
async function endProbe({ opaque, answer }: TestBed): Promise<void> {
  expireDeadlines()
  await answer(opaque())
}

describe('a probe that hangs, begun during a stall of the issuer', () => {
  it('blocks no calls after the stall, and its failure does not open the circuit', async () => {
    const bed = await introspectionBed()
    const { issuer, health, issuerEvents } = bed
    issuer.fail('introspection', 'hang')
    const stalled = batch(bed, 100)
    await until(() => issuer.calls.introspection === 64)
    expireDeadlines()
    await until(() => issuer.calls.introspection === 64 + 1)
    // The calls that wait for the probe have no time left but the shortest of a timer.
    // The calls that wait for the probe have no time left, except the shortest of a timer.
    passDeadlines(0.001)
    expect(await stalled).toEqual({ issuer_unavailable: 64, issuer_overloaded: 36 })
    issuer.heal()
    issuer.resetCalls()
    const batches = [await batch(bed), await batch(bed, 63)]
    await endProbe(bed)
    batches.push(await batch(bed), await batch(bed, 64))
    expect(batches).toEqual([{ accepted: 20 }, { accepted: 63 }, { accepted: 20 }, { accepted: 64 }])
    expect(issuer.calls.introspection).toBe(20 + 63 + 1 + 20 + 64)
    expect(health().remote).toMatchObject({ status: 'ok', breaker: 'closed' })
    expect(issuerEvents).toEqual([])
  })

  it('holds one place of maxInFlight', async () => {
    const bed = await introspectionBed({ maxInFlight: 3 })
    const { issuer, opaque, answer } = bed
    issuer.fail('introspection', inTurn(says(500), silence))
    const failed = answer(opaque())
    await until(() => issuer.calls.introspection === 2)
    issuer.heal()
    expect(await batch(bed, 10)).toEqual({ accepted: 2, issuer_overloaded: 8 })
    await endProbe(bed)
    expect((await failed).reason).toBe('issuer_unavailable')
    expect(await batch(bed, 10)).toEqual({ accepted: 3, issuer_overloaded: 7 })
  })

  it('has at most maxInFlight callers that wait for it; further failed calls end immediately', async () => {
    const { issuer, opaque, answer, health } = await introspectionBed({ maxInFlight: 3 })
    issuer.fail('introspection', inTurn(says(500), silence, says(500)))
    const ended: (string | undefined)[] = []
    const calls: Promise<unknown>[] = []
    for (let call = 1; call <= 10; call += 1) {
      calls.push(answer(opaque()).then(({ reason }) => ended.push(reason)))
      // The probe is the additional call.
      await until(() => issuer.calls.introspection === call + 1)
      await until(() => ended.length === Math.max(0, call - 3))
    }
    expect(ended).toEqual(Array(7).fill('issuer_unavailable'))
    expireDeadlines()
    await Promise.all(calls)
    expect(ended).toEqual(Array(10).fill('issuer_unavailable'))
    expect(health().remote?.breaker).toBe('closed')
  })

  it.each([
    ['a result', 'closed', saysJson(200, { active: false })],
    ['only a 404, which a filter in front of the issuer may send', 'open', saysJson(404, {})],
    ['only a 403', 'open', saysJson(403, {})],
  ])('during which a call gets %s: the circuit is %s', async (_, breaker, response) => {
    const bed = await introspectionBed({ breakerAfter: 1 })
    const { issuer, opaque, answer, health } = bed
    issuer.fail('introspection', inTurn(says(500), silence, response))
    const failed = answer(opaque())
    await until(() => issuer.calls.introspection === 2)
    await answer(opaque())
    await endProbe(bed)
    await failed
    expect(health().remote?.breaker).toBe(breaker)
  })

  it('after the single call of an open circuit: the circuit stays open, even if an older call gets a response', async () => {
    const bed = await introspectionBed({ breakerAfter: 1 })
    const { issuer, opaque, answer, health, pass, issuerEvents } = bed
    let held: ServerResponse | undefined
    const hold: FaultHandler = (_, response) => {
      held = response
    }
    issuer.fail('introspection', inTurn(hold, says(500), says(500), says(500), silence))
    const older = answer(opaque())
    await until(() => issuer.calls.introspection === 1)
    await answer(opaque())
    expect(health().remote?.breaker).toBe('open')
    pass(5.5)
    const trial = answer(opaque())
    await until(() => issuer.calls.introspection === 5)
    held?.writeHead(200, { 'content-type': 'application/json' }).end('{"active":false}')
    expect((await older).status).toBe(401)
    expect(await batch(bed)).toEqual({ issuer_unavailable: 20 })
    await endProbe(bed)
    expect((await trial).status).toBe(503)
    await until(() => health().remote?.breaker === 'open')
    expect(issuer.calls.introspection).toBe(5)
    expect(issuerEvents.map(({ kind }) => kind)).toEqual(['remote_failing'])
  })
})
