import { describe, expect, it, onTestFinished } from 'vitest'
import { createVerifier, oauth } from '../../src/index.js'
import { createTestIssuer } from '../../src/testing/index.js'
import { passDeadlines, runningDeadlines } from '../support/setup/deadlines.js'
import { undecidable, until, watchedFetch } from './support.js'
import { answerTo } from '../support/outcomes.js'
import { systemClocks } from '../support/system-clocks.js'
import { introspectionBed, jwksBed } from '../support/test-bed.js'

describe('a clock that jumps', () => {
  it('F49 an hour back does not prolong a cached result: the time before and after the jump counts', async () => {
    const { issuer, answer, pass } = await introspectionBed()
    const token = issuer.mintOpaque({ age: '2h', expiresIn: '3h' })
    expect((await answer(token)).status).toBe(200)
    issuer.revoke(token)
    for (const seconds of [10, -3600, 19.999]) {
      pass(seconds)
      expect((await answer(token)).status).toBe(200)
    }
    pass(0.001)
    expect((await answer(token)).status).toBe(401)
  })

  it('F49 back to the time at which keys were last found usable does not make them usable again', async () => {
    const { issuer, jwt, answer, pass } = await jwksBed()
    const token = jwt({ age: '2h' })
    for (let times = 0; times < 2; times += 1) expect((await answer(token)).status).toBe(200)
    issuer.fail('jwks', 500)
    pass(3 * 3600)
    expect((await answer(token)).reason).toBe('keys_unavailable')
    pass(-3 * 3600)
    expect((await answer(token)).reason).toBe('keys_unavailable')
  })

  it('a clock that throws during a background refresh of keys affects only requests that read it', async () => {
    let isBroken = false
    const issuer = await createTestIssuer()
    onTestFinished(() => issuer.close())
    let milliseconds = Date.now()
    const { fetch, settled } = watchedFetch()
    const verifier = createVerifier({
      issuers: [oauth(issuer.oauth({ introspection: undefined, jwksUri: `${issuer.url}/jwks`, fetch }))],
      clock: () => (isBroken ? Number.NaN : milliseconds),
    })
    const token = issuer.mintJwt({ algorithm: 'ES256', expiresIn: '1h' })
    expect((await answerTo(verifier, token)).status).toBe(200)
    const gate = issuer.gate('jwks')
    milliseconds += 590_000
    expect((await answerTo(verifier, token)).status).toBe(200)
    await gate.waiting
    isBroken = true
    gate.release()
    // An unhandled rejection would end the test run.
    await settled()
    expect((await answerTo(verifier, token)).reason).toBe('issuer_unavailable')
    isBroken = false
    expect((await answerTo(verifier, token)).status).toBe(200)
  })

  it('F49 an hour back does not block the refresh of keys: the time after the jump counts', async () => {
    const { issuer, jwt, answer, pass } = await jwksBed()
    const token = jwt({ age: '2h' })
    await answer(token)
    pass(-3600)
    await answer(token)
    for (let minute = 0; minute < 10; minute += 1) {
      pass(60)
      expect((await answer(token)).status).toBe(200)
    }
    expect(issuer.calls.jwks).toBe(2)
  })

  it('F49 an hour back does not prolong the backoff after a failure', async () => {
    const { issuer, jwt, answer, pass } = await jwksBed()
    issuer.fail('jwks', 500)
    const token = jwt({ age: '2h' })
    expect(await answer(token)).toEqual(undecidable('keys_unavailable', 1))
    pass(-3600)
    expect(await answer(token)).toEqual(undecidable('keys_unavailable', 1))
    issuer.heal()
    pass(1)
    expect((await answer(token)).status).toBe(200)
  })

  it('F49 an hour forward: an expired token is refused although it is cached', async () => {
    const { issuer, answer, pass } = await jwksBed()
    const token = issuer.mintJwt({ algorithm: 'ES256', expiresIn: '30m' })
    expect((await answer(token)).status).toBe(200)
    pass(3600)
    expect(await answer(token)).toMatchObject({ status: 401, reason: 'token_expired' })
  })

  it('F49 a stopped clock: cached keys are used, and many new tokens cause no further call', async () => {
    const { issuer, jwt, answer } = await jwksBed()
    for (let request = 0; request < 100; request += 1) expect((await answer(jwt())).status).toBe(200)
    expect(issuer.calls.jwks).toBe(1)
  })

  it('F51 a process that slept for two hours notices that its keys are too old before it uses them', async () => {
    const { issuer, jwt, answer, pass } = await jwksBed()
    const token = jwt()
    await answer(token)
    issuer.rotateKeys()
    pass(7200)
    expect(await answer(token)).toMatchObject({ status: 401, reason: 'key_unknown' })
  })
})

describe("the system's time of day, set while the guard runs", () => {
  it.each([
    // Cannot be distinguished from an hour in which the machine was suspended.
    ['forward', 3600, 2],
    ['back', -3600, 1],
  ])('F49 %s by an hour: accepted, with one more call at most', async (_, jump, calls) => {
    const clocks = systemClocks()
    const issuer = await createTestIssuer()
    onTestFinished(() => issuer.close())
    const verifier = createVerifier({ issuers: [oauth(issuer.oauth())] })
    const mint = { age: '2h', expiresIn: '3h' } as const
    const [jwt, opaque] = [issuer.mintJwt({ algorithm: 'ES256', ...mint }), issuer.mintOpaque(mint)]
    for (const token of [jwt, opaque]) expect((await answerTo(verifier, token)).status).toBe(200)
    clocks.suspend(jump)
    for (const token of [jwt, opaque]) expect((await answerTo(verifier, token)).status).toBe(200)
    expect(issuer.calls).toMatchObject({ jwks: calls, introspection: calls })
  })
})

describe('times beyond the range of a timer', () => {
  it('F50 a token with a lifetime of a thousand years, and one that never expires', async () => {
    const { issuer, answer } = await introspectionBed()
    for (const expiresIn of ['36500d', null]) {
      expect((await answer(issuer.mintJwt({ algorithm: 'ES256', expiresIn }))).reason).toMatch(
        /accepted|claim_missing/,
      )
      expect((await answer(issuer.mintOpaque({ expiresIn }))).status).toBe(200)
    }
  })

  it('F50 a Retry-After of thirty years pauses calls for two minutes, not longer and not shorter', async () => {
    const { issuer, opaque, answer, pass } = await introspectionBed()
    issuer.fail('introspection', { status: 429, headers: { 'retry-after': '946080000' }, times: 1 })
    expect(await answer(opaque())).toEqual(undecidable('issuer_overloaded', 120))
    await answer(opaque())
    expect(issuer.calls.introspection).toBe(1)
    pass(120)
    expect((await answer(opaque())).status).toBe(200)
  })
})

describe('a blocked event loop', () => {
  it('F53 for a part of the deadline has no effect: no failure, no second attempt', async () => {
    const { issuer, opaque, jwt, answer, health } = await introspectionBed()
    const blocked = [answer(opaque()), answer(jwt())]
    await until(() => runningDeadlines().length === 2)
    passDeadlines(2.9)
    expect((await Promise.all(blocked)).map(({ status }) => status)).toEqual([200, 200])
    expect(issuer.calls).toMatchObject({ jwks: 1, introspection: 1 })
    expect(health()).toMatchObject({ status: 'ok', remote: { breaker: 'closed' } })
  })

  it('F53 beyond the deadline counts as one failure of the issuer, not two', async () => {
    const { issuer, opaque, answer, health } = await introspectionBed()
    const token = opaque()
    const blocked = answer(token)
    await until(() => runningDeadlines().length === 1)
    passDeadlines(3)
    await blocked
    expect(health().remote?.breaker).toBe('closed')
    expect((await answer(token)).status).toBe(200)
    expect(issuer.calls.introspection).toBeLessThanOrEqual(2)
  })
})
