import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createVerifier, oauth } from '../../src/index.js'
import { expireDeadlines, withoutAnswer } from '../support/setup/deadlines.js'
import { saysJson } from '../support/servers/misbehaviours.js'
import { outageBed, undecidable, until } from './support.js'
import { concurrently, introspectionBed, type TestBed } from '../support/test-bed.js'
import { answerTo as askVerifier } from '../support/outcomes.js'

const between = (least: number, most: number) => ({
  asymmetricMatch: (value: unknown) => typeof value === 'number' && value >= least && value <= most,
})

/** Makes five consecutive calls that fail, each confirmed by a probe, and then resets the counters. */
async function openBreaker({ issuer, opaque, answer }: TestBed): Promise<void> {
  issuer.fail('introspection', 500)
  for (let failures = 0; failures < 5; failures += 1) await answer(opaque())
  expect(issuer.calls.introspection).toBe(10)
  issuer.resetCalls()
}

describe('the breaker', () => {
  it('F30 opens after five consecutive failures: one event, and no call for 5 s', async () => {
    const bed = await introspectionBed()
    const { issuer, opaque, answer, pass, issuerEvents, health } = bed
    await openBreaker(bed)
    for (let second = 5; second > 0; second -= 1) {
      expect(await answer(opaque())).toEqual(undecidable('issuer_unavailable', between(second, second + 1)))
      expect(health().remote?.breaker).toBe('open')
      pass(0.999)
    }
    expect(issuer.calls.introspection).toBe(0)
    expect(issuerEvents.map(({ kind }) => kind)).toEqual(['remote_failing'])
  })

  it('F30 stays closed with four failures and a success, however often', async () => {
    const { issuer, opaque, answer, health } = await introspectionBed()
    for (let round = 0; round < 5; round += 1) {
      issuer.fail('introspection', { status: 500, times: 8 })
      for (let failures = 0; failures < 4; failures += 1) expect((await answer(opaque())).status).toBe(503)
      expect((await answer(opaque())).status).toBe(200)
    }
    expect(health().remote?.breaker).toBe('closed')
  })

  it('F42 1,000 requests after the open time: one of them calls, and its success closes the circuit', async () => {
    const bed = await introspectionBed()
    const { issuer, opaque, answer, pass, issuerEvents, health } = bed
    await openBreaker(bed)
    issuer.heal()
    pass(5.5)
    expect(health().remote?.breaker).toBe('half-open')
    const tokens = Array.from({ length: 1000 }, opaque)
    const gate = issuer.gate('introspection')
    const herd = concurrently(1000, (index) => answer(tokens[index]!))
    await gate.waiting
    gate.release()
    const answers = await herd
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 503)).toHaveLength(999)
    expect(issuer.calls.introspection).toBe(1)
    expect((await answer(opaque())).status).toBe(200)
    expect(issuerEvents.map(({ kind }) => kind)).toEqual(['remote_failing', 'remote_recovered'])
    expect(health().remote).toMatchObject({ status: 'ok', breaker: 'closed' })
  })

  it('F42 a failed call keeps the circuit open for another 5 s, without an event', async () => {
    const bed = await introspectionBed()
    const { issuer, opaque, answer, pass, issuerEvents } = bed
    await openBreaker(bed)
    for (let probes = 1; probes <= 3; probes += 1) {
      pass(5.5)
      await concurrently(100, () => answer(opaque()))
      expect(issuer.calls.introspection).toBe(2 * probes)
      expect(await answer(opaque())).toEqual(undecidable('issuer_unavailable', between(5, 6)))
    }
    expect(issuerEvents).toHaveLength(1)
    issuer.heal()
    pass(5.5)
    expect((await answer(opaque())).status).toBe(200)
  })

  it('F42 responses to calls from before it opened neither prolong nor end the open time', async () => {
    const { issuer, opaque, answer, health, pass } = await introspectionBed()
    const gate = issuer.gate('introspection')
    issuer.fail('introspection', 500)
    const early = concurrently(20, () => answer(opaque()))
    await until(() => issuer.calls.introspection === 20)
    gate.release()
    await early
    expect(health().remote?.breaker).toBe('open')
    pass(5.5)
    expect(health().remote?.breaker).toBe('half-open')
  })

  it('F27 of one issuer does not affect the other', async () => {
    const other = await outageBed()
    const { clientId, clientSecret } = other.issuer.client
    const both = await introspectionBed(
      {},
      {
        issuers: (by) => [
          oauth(
            by.oauth({
              introspection: {
                clientId: by.client.clientId,
                clientSecret: by.client.clientSecret,
                opaquePrefix: 'down_',
              },
            }),
          ),
          oauth(other.issuer.oauth({ introspection: { clientId, clientSecret, opaquePrefix: 'up_' } })),
        ],
      },
    )
    both.issuer.fail('introspection', 500)
    for (let round = 0; round < 10; round += 1) {
      expect((await both.answer(both.issuer.mintOpaque({ prefix: 'down_' }))).status).toBe(503)
      expect((await both.answer(other.issuer.mintOpaque({ prefix: 'up_' }))).status).toBe(200)
    }
    expect([both.issuer.calls.introspection, other.issuer.calls.introspection]).toEqual([10, 10])
    expect(both.verifier.health()).toMatchObject({
      status: 'degraded',
      issuers: [{ remote: { breaker: 'open' } }, { remote: { breaker: 'closed', status: 'ok' } }],
    })
  })
})

describe('too many introspection calls', () => {
  it('F41 with 64 in flight, every other token gets issuer_overloaded immediately, and JWTs are unaffected', async () => {
    const { issuer, opaque, jwt, answer } = await introspectionBed()
    const signed = jwt()
    await answer(signed)
    const gate = issuer.gate('introspection')
    const first = concurrently(64, () => answer(opaque()))
    await until(() => issuer.calls.introspection === 64)
    const rest = await concurrently(1000, () => answer(opaque()))
    expect(rest).toEqual(rest.map(() => undecidable('issuer_overloaded', 1)))
    expect((await answer(signed)).status).toBe(200)
    expect((await answer(jwt())).status).toBe(200)
    gate.release()
    expect((await first).map(({ status }) => status)).toEqual(Array(64).fill(200))
    expect((await answer(opaque())).status).toBe(200)
    expect(issuer.calls.introspection).toBe(65)
  })

  it('F41 concurrent requests with one token count as one call', async () => {
    const { issuer, opaque, answer } = await introspectionBed({ maxInFlight: 1 })
    const token = opaque()
    const gate = issuer.gate('introspection')
    const herd = concurrently(1000, () => answer(token))
    await gate.waiting
    gate.release()
    expect(new Set((await herd).map(({ status }) => status))).toEqual(new Set([200]))
    expect(issuer.calls.introspection).toBe(1)
  })

  it('F41 an issuer that hangs gets 64 calls and a probe, then none until the circuit closes', async () => {
    const { issuer, opaque, answer, pass, health } = await introspectionBed()
    issuer.fail('introspection', 'hang')
    const herd = concurrently(1000, () => answer(opaque()))
    await until(() => issuer.calls.introspection === 64)
    expireDeadlines()
    const answers = await withoutAnswer(issuer, 'introspection', herd)
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]))
    await until(() => health().remote?.breaker === 'open')
    expect(issuer.calls.introspection).toBe(64 + 1)
    await concurrently(1000, () => answer(opaque()))
    expect(issuer.calls.introspection).toBe(64 + 1)
    pass(5.5)
    await withoutAnswer(
      issuer,
      'introspection',
      concurrently(1000, () => answer(opaque())),
    )
    await until(() => health().remote?.breaker === 'open')
    expect(issuer.calls.introspection).toBe(64 + 1 + 2)
  })
})

describe('an issuer that responds with Retry-After', () => {
  it.each([
    ['7', 7],
    ['0', 1],
    ['120', 120],
    ['3600', 120],
    ['999999999', 120],
    ['9999999999', 120],
    ['9'.repeat(400), 120],
    ['Sat, 21 Nov 2026 08:00:30 GMT', 30],
    ['Sat, 21 Nov 2026 07:00:00 GMT', 1],
    ['Sun, 21 Nov 2027 08:00:00 GMT', 120],
  ])('F32 429 with Retry-After %j: callers get %d s, and no call is made before', async (value, seconds) => {
    const { issuer, opaque, answer, pass } = await introspectionBed()
    issuer.fail('introspection', saysJson(429, {}, { 'retry-after': value }))
    const token = opaque()
    const told = await answer(token)
    expect(told).toEqual(undecidable('issuer_overloaded', between(seconds, Math.min(120, seconds * 1.1 + 1))))
    expect(issuer.calls.introspection).toBe(1)
    issuer.heal()
    pass(Math.max(0, seconds - 1))
    await answer(token)
    expect(issuer.calls.introspection).toBe(seconds === 1 ? 2 : 1)
    // A caller that waits for Retry-After is accepted.
    pass(told.retryAfter! - Math.max(0, seconds - 1))
    expect((await answer(token)).status).toBe(200)
    expect(issuer.calls.introspection).toBe(2)
  })

  it.each(['soon', '-5', '1.5', '', undefined])(
    'F32 429 with Retry-After %j, which is invalid: counts as a failure, and five consecutive ones open the circuit',
    async (value) => {
      const { issuer, opaque, answer, pass } = await introspectionBed()
      issuer.fail('introspection', saysJson(429, {}, value === undefined ? {} : { 'retry-after': value }))
      for (let failure = 1; failure <= 5; failure += 1) {
        const retryAfter = failure === 5 ? 5 : 1
        expect(await answer(opaque())).toEqual(undecidable('issuer_overloaded', retryAfter))
        expect(issuer.calls.introspection).toBe(failure)
      }
      await answer(opaque())
      expect(issuer.calls.introspection).toBe(5)
      issuer.heal()
      pass(5)
      expect((await answer(opaque())).status).toBe(200)
    },
  )

  it('F30 a 503 with Retry-After has the effect of a 429, and is not retried', async () => {
    const { issuer, opaque, answer } = await introspectionBed()
    issuer.fail('introspection', { status: 503, headers: { 'retry-after': '9' } })
    expect(await answer(opaque())).toEqual(undecidable('issuer_unavailable', between(9, 10)))
    expect(await answer(opaque())).toEqual(undecidable('issuer_unavailable', between(9, 10)))
    // The call, and a probe with a random token.
    expect(issuer.calls.introspection).toBe(2)
  })
})

describe('an issuer that rejects our own credentials', () => {
  it.each([
    ['a 401', { status: 401 }],
    ['a 401 invalid_client', { status: 401, body: { error: 'invalid_client' } }],
    ['a 400 invalid_client', { status: 400, body: { error: 'invalid_client' } }],
    ['a 401 with an active body', { status: 401, body: { active: true, sub: 'x' } }],
  ])(
    'F31 %s: undecidable, one event until it recovers and five calls before the first, and the token is not refused',
    async (_, how) => {
      const { issuer, opaque, answer, pass, issuerEvents } = await introspectionBed()
      issuer.fail('introspection', how)
      const token = opaque()
      for (let pause = 0; pause < 3; pause += 1) {
        for (let request = 0; request < 50; request += 1) {
          const told = await answer(request % 2 === 0 ? token : opaque())
          expect(told).toEqual(undecidable('issuer_refused_us', pause === 0 && request < 4 ? 1 : 5))
        }
        // Before the circuit opens, each time a probe with a random token confirms that the token is not the cause.
        expect(issuer.calls.introspection).toBe(6 + 2 * pause)
        expect(issuerEvents.map(({ kind }) => kind)).toEqual(['credentials_refused'])
        pass(5)
      }
      issuer.heal()
      expect((await answer(token)).status).toBe(200)
      expect(issuerEvents.at(-1)?.kind).toBe('remote_recovered')
    },
  )

  it('F31 64 at the same time: one event', async () => {
    const { issuer, opaque, answer, issuerEvents } = await introspectionBed()
    issuer.fail('introspection', 401)
    await concurrently(64, () => answer(opaque()))
    expect(issuerEvents.map(({ kind }) => kind)).toEqual(['credentials_refused'])
  })

  it('F31 without an observer: one process warning until it recovers, without the secret', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    onTestFinished(() => warn.mockRestore())
    const { issuer, opaque, clock, pass } = await introspectionBed()
    const verifier = createVerifier({ clock, issuers: [oauth(issuer.oauth())] })
    issuer.fail('introspection', 401)
    for (let pause = 0; pause < 2; pause += 1) {
      for (let request = 0; request < 20; request += 1) await askVerifier(verifier, opaque())
      expect(warn).toHaveBeenCalledTimes(1)
      pass(6)
    }
    expect(JSON.stringify(warn.mock.calls)).not.toContain(issuer.client.clientSecret)
  })
})
