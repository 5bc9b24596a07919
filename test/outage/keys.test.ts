import { describe, expect, it } from 'vitest'
import { oauth } from '../../src/index.js'
import { says, saysJson, inTurn } from '../support/servers/misbehaviours.js'
import { madeUp, outageBed, undecidable, until, watchedFetch } from './support.js'
import { concurrently, jwksBed } from '../support/test-bed.js'

const within = (least: number, most: number) => ({
  asymmetricMatch: (value: unknown) => typeof value === 'number' && value >= least && value <= most,
})

describe('keys that cannot be fetched', () => {
  it('F1 at the start: ready() rejects, requests are undecidable, and 50 of them cause one call', async () => {
    const { issuer, verifier, jwt, answer, health, pass, issuerEvents } = await jwksBed()
    issuer.fail('jwks', 'refuse')
    await expect(verifier.ready()).rejects.toThrow(/not ready/)
    const told = await concurrently(50, () => answer(jwt()))
    expect(told).toEqual(told.map(() => undecidable('keys_unavailable', 1)))
    expect(issuer.calls.jwks).toBe(1)
    expect(health().status).toBe('down')
    expect(verifier.health().status).toBe('down')
    issuer.heal()
    pass(1)
    await verifier.ready()
    expect(verifier.health().status).toBe('ok')
    expect(issuerEvents.map(({ kind }) => kind)).toEqual(['keys_failing', 'keys_recovered'])
  })

  it('F2 after a warm-up, within their lifetime: accepted, without a call', async () => {
    const { issuer, jwt, answer, pass, health } = await jwksBed()
    await answer(jwt())
    issuer.fail('jwks', 'refuse')
    // From 70 % on a refresh may be due.
    pass(419)
    expect(await concurrently(50, () => answer(jwt()))).toMatchObject(
      Array.from({ length: 50 }, () => ({ status: 200 })),
    )
    expect(issuer.calls.jwks).toBe(1)
    expect(health().status).toBe('ok')
  })

  it('F3 after their lifetime: listed ids are accepted up to an hour after the last success, with growing backoff, degraded', async () => {
    const { fetch, settled } = watchedFetch()
    const { issuer, jwt, answer, pass, health } = await jwksBed({ fetch })
    const token = jwt()
    await answer(token)
    issuer.fail('jwks', 500)
    issuer.resetCalls()
    for (let second = 1; second < 3600; second += 1) {
      pass(1)
      expect((await answer(token)).status).toBe(200)
      await settled()
    }
    expect(health()).toMatchObject({
      status: 'degraded',
      keys: { age: 3599, failure: expect.stringContaining('500') },
    })
    // 1, 2, 4 … 32, then one a minute (54 s at the shortest), since 70 to 90 % of the lifetime.
    expect(issuer.calls.jwks).toEqual(within(45, 70))
  })

  it('F4 after the stale limit: undecidable to the second, never refused', async () => {
    const { issuer, jwt, answer, pass, health } = await jwksBed()
    const token = jwt()
    await answer(token)
    issuer.fail('jwks', 500)
    pass(3599)
    expect((await answer(token)).status).toBe(200)
    pass(1)
    expect(await answer(token)).toEqual(undecidable('keys_unavailable', within(1, 2)))
    expect(await answer(jwt())).toEqual(undecidable('keys_unavailable', within(1, 2)))
    expect(health().status).toBe('down')
    issuer.heal()
    pass(2)
    expect((await answer(token)).status).toBe(200)
    expect(health().status).toBe('ok')
  })

  it('F5 an unknown id meanwhile is undecidable, and Retry-After is the time of the next fetch', async () => {
    const { issuer, jwt, answer, pass } = await jwksBed()
    const known = jwt()
    await answer(known)
    pass(20)
    issuer.fail('jwks', 503)
    issuer.rotateKeys({ keepOld: true })
    const fresh = jwt()
    expect(await answer(fresh)).toEqual(undecidable('keys_unavailable', 10))
    expect((await answer(known)).status).toBe(200)
    issuer.heal()
    pass(4)
    const { retryAfter } = await answer(fresh)
    expect(retryAfter).toBe(6)
    expect(issuer.calls.jwks).toBe(2)
    pass(retryAfter!)
    expect((await answer(fresh)).status).toBe(200)
    expect(issuer.calls.jwks).toBe(3)
  })

  it('F5 an unknown id while the set is up to date is a refusal, not an outage', async () => {
    const bed = await jwksBed()
    await bed.answer(bed.jwt())
    expect(await bed.answer(madeUp(bed))).toMatchObject({ status: 401, reason: 'key_unknown' })
    bed.issuer.fail('jwks', 503)
    expect(await bed.answer(madeUp(bed))).toMatchObject({ status: 401, reason: 'key_unknown' })
    expect(bed.issuer.calls.jwks).toBe(2)
  })

  it('F6 slow keys: on a cold start all requests wait for one call, and when warm no request waits', async () => {
    const { issuer, jwt, answer, pass, health } = await jwksBed()
    const cold = issuer.gate('jwks')
    const waiting = concurrently(20, () => answer(jwt()))
    await cold.waiting
    cold.release()
    expect(await waiting).toMatchObject(Array.from({ length: 20 }, () => ({ status: 200 })))
    expect(issuer.calls.jwks).toBe(1)
    pass(595)
    const warm = issuer.gate('jwks')
    // If a request waited, the gate would never be released.
    expect((await answer(jwt())).status).toBe(200)
    await warm.waiting
    expect((await answer(jwt())).status).toBe(200)
    warm.release()
    await until(() => health().keys?.age === 0)
    expect(issuer.calls.jwks).toBe(2)
  })

  it.each([
    [429, '5', 5],
    [503, '5', 5],
    [429, 'Sat, 21 Nov 2026 08:00:30 GMT', 30],
    [429, '3600', 60],
    [429, '9'.repeat(400), 60],
    // Less than the configured backoff, and invalid values.
    [429, '0', 1],
    [429, 'Sat, 21 Nov 2026 07:00:00 GMT', 1],
    [429, 'soon', 1],
    [429, '-1', 1],
    [429, '1e9', 1],
    // Only these two statuses extend the backoff.
    [500, '5', 1],
  ])('F13 a %d with Retry-After %j: callers get %d s, and no fetch starts before', async (...row) => {
    const [status, value, seconds] = row
    const { issuer, jwt, answer, pass } = await jwksBed()
    issuer.fail('jwks', saysJson(status, {}, { 'retry-after': value }))
    expect(await answer(jwt())).toEqual(undecidable('keys_unavailable', seconds))
    issuer.heal()
    if (seconds > 1) {
      pass(seconds - 0.5)
      expect((await answer(jwt())).reason).toBe('keys_unavailable')
      pass(0.5)
    } else pass(1)
    expect(issuer.calls.jwks).toBe(1)
    expect((await answer(jwt())).status).toBe(200)
    expect(issuer.calls.jwks).toBe(2)
  })

  it('F13 Retry-After cannot extend the backoff beyond the configured maximum', async () => {
    const { issuer, jwt, answer, pass } = await jwksBed({ keys: { longestPause: '5s' } })
    issuer.fail('jwks', saysJson(503, {}, { 'retry-after': '3600' }))
    expect(await answer(jwt())).toEqual(undecidable('keys_unavailable', 5))
    issuer.heal()
    pass(5)
    expect((await answer(jwt())).status).toBe(200)
  })

  it('F13 cached keys are used during the backoff of a Retry-After', async () => {
    const { issuer, jwt, answer, pass } = await jwksBed()
    const token = jwt()
    expect((await answer(token)).status).toBe(200)
    issuer.fail('jwks', saysJson(429, {}, { 'retry-after': '50' }))
    pass(601)
    for (const seconds of [0, 1, 48]) {
      pass(seconds)
      expect((await answer(token)).status).toBe(200)
    }
    expect(issuer.calls.jwks).toBe(2)
    pass(1)
    expect((await answer(token)).status).toBe(200)
    await until(() => issuer.calls.jwks === 3)
  })

  it('F26 1,000 requests on a cold guard, and 1,000 after the keys expire, cause one call each', async () => {
    const { issuer, jwt, answer, pass } = await jwksBed()
    const tokens = Array.from({ length: 1000 }, (_, index) => (index < 10 ? jwt() : ''))
    const herd = () => concurrently(1000, (index) => answer(tokens[index % 10]!))
    for (const calls of [1, 2]) {
      const gate = issuer.gate('jwks')
      const answers = herd()
      await gate.waiting
      gate.release()
      expect(new Set((await answers).map(({ status }) => status))).toEqual(new Set([200]))
      expect(issuer.calls.jwks).toBe(calls)
      pass(700)
    }
  })

  it('F19 a server that fails intermittently: the usable set stays, and the backoff restarts after each success', async () => {
    const { issuer, jwt, answer, pass, issuerEvents, health } = await jwksBed()
    const token = jwt()
    const good = saysJson(200, issuer.jwks())
    const bad = says(500)
    issuer.fail('jwks', inTurn(good, bad, good, bad, bad, good))
    await answer(token)
    for (const calls of [2, 3]) {
      pass(calls === 2 ? 601 : 1)
      expect((await answer(token)).status).toBe(200)
      await until(() => issuer.calls.jwks === calls && (health().status === 'ok') === (calls === 3))
    }
    pass(601)
    expect((await answer(token)).status).toBe(200)
    await until(() => health().status === 'degraded')
    pass(1)
    expect((await answer(token)).status).toBe(200)
    await until(() => issuer.calls.jwks === 5)
    expect(issuerEvents.map(({ kind }) => kind)).toEqual(['keys_failing', 'keys_recovered', 'keys_failing'])
  })

  it('F27 two issuers, one of which fails: the other is called and reports as if it were alone', async () => {
    const down = await outageBed()
    const { verifier, answer, jwt, issuer, pass } = await outageBed({
      issuers: (by) => [oauth(by.oauth()), oauth(down.issuer.oauth({ introspection: undefined }))],
    })
    down.issuer.fail('all', 'refuse')
    for (let round = 0; round < 10; round += 1) {
      expect(await answer(down.jwt())).toEqual(undecidable('keys_unavailable', within(1, 60)))
      expect((await answer(jwt())).status).toBe(200)
      expect((await answer(issuer.mintOpaque({ expiresIn: '1d' }))).status).toBe(200)
      pass(7)
    }
    expect(issuer.calls).toMatchObject({ jwks: 1, introspection: 10 })
    expect(verifier.health()).toMatchObject({
      status: 'degraded',
      issuers: [{ status: 'ok' }, { status: 'down' }],
    })
  })
})

describe('the lifetime of keys', () => {
  it.each([
    ['max-age=31536000', undefined, 600],
    ['max-age=300', undefined, 300],
    ['public, max-age=300, must-revalidate', undefined, 300],
    ['max-age=300', '200', 100],
    ['max-age=300', '900', 60],
    ['max-age=0', undefined, 60],
    ['no-store', undefined, 60],
    ['no-cache', undefined, 60],
    ['max-age=-5', undefined, 600],
    ['max-age=soon', undefined, 600],
    ['max-age=1e9', undefined, 600],
    ['s-maxage=5', undefined, 600],
  ])('F24 Cache-Control %s with Age %s: %d s', async (control, age, lifetime) => {
    const { issuer, jwt, answer, pass } = await jwksBed()
    const token = jwt()
    const headers = { 'cache-control': control, ...(age === undefined ? {} : { age }) }
    issuer.fail('jwks', { headers })
    await answer(token)
    pass(lifetime * 0.7 - 0.001)
    await answer(token)
    expect(issuer.calls.jwks).toBe(1)
    pass(lifetime * 0.3 + 0.001)
    await answer(token)
    expect(issuer.calls.jwks).toBe(2)
  })
})
