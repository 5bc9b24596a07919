import { describe, expect, it, onTestFinished } from 'vitest'
import { tokenSource } from '../../src/client/index.js'
import { createVerifier, oauth } from '../../src/index.js'
import { oauthTokens } from '../../src/management/index.js'
import { createTestIssuer, type TestIssuer } from '../../src/testing/index.js'
import { createClock } from '../../src/options/clock.js'
import { Suspension } from '../../src/util/clock.js'
import { answerTo } from '../support/outcomes.js'
import { systemClocks } from '../support/system-clocks.js'
import { undecidable } from './support.js'

const HOUR = 3600

async function startIssuer(): Promise<TestIssuer> {
  const issuer = await createTestIssuer()
  onTestFinished(() => issuer.close())
  return issuer
}

/** Verifier that uses the clocks of the system. */
async function suspendable() {
  const clocks = systemClocks()
  const issuer = await startIssuer()
  const verifier = createVerifier({ issuers: [oauth(issuer.oauth())] })
  onTestFinished(() => verifier.close())
  const lasting = { age: '1h', expiresIn: '2d' } as const
  return {
    ...clocks,
    issuer,
    verifier,
    opaque: () => issuer.mintOpaque(lasting),
    jwt: () => issuer.mintJwt({ algorithm: 'ES256', ...lasting }),
    answer: (token: string) => answerTo(verifier, token),
  }
}

describe('after the machine was suspended', () => {
  it.each([
    ['for 10 h', 10 * HOUR],
    ['for little longer than a cached result lasts', 31],
  ])('%s, a cached introspection result is not used', async (_, seconds) => {
    const { issuer, opaque, answer, suspend } = await suspendable()
    const token = opaque()
    expect((await answer(token)).status).toBe(200)
    issuer.revoke(token)
    suspend(seconds)
    expect(await answer(token)).toMatchObject({ status: 401, reason: 'token_inactive' })
  })

  it('a cached inactive result is not used', async () => {
    const { issuer, opaque, answer, suspend } = await suspendable()
    const token = opaque()
    issuer.revoke(token)
    await answer(token)
    await answer(token)
    expect(issuer.calls.introspection).toBe(1)
    suspend(10 * HOUR)
    await answer(token)
    expect(issuer.calls.introspection).toBe(2)
  })

  it('the keys are fetched before they are used, so that tokens of a withdrawn key are refused', async () => {
    const { issuer, jwt, answer, suspend } = await suspendable()
    const [cached, unseen] = [jwt(), jwt()]
    expect((await answer(cached)).status).toBe(200)
    issuer.rotateKeys()
    suspend(10 * HOUR)
    expect(await answer(cached)).toMatchObject({ status: 401, reason: 'key_unknown' })
    expect(await answer(unseen)).toMatchObject({ status: 401, reason: 'key_unknown' })
  })

  it('for longer than the stale limit, keys that cannot be fetched are not used', async () => {
    const { issuer, jwt, answer, suspend } = await suspendable()
    const token = jwt()
    expect((await answer(token)).status).toBe(200)
    issuer.fail('all', 500)
    suspend(HOUR + 1)
    expect(await answer(token)).toEqual(undecidable('keys_unavailable', 1))
  })

  it('the backoff after a failure has ended', async () => {
    const { issuer, opaque, answer, suspend } = await suspendable()
    issuer.fail('introspection', { status: 429, headers: { 'retry-after': '100' }, times: 1 })
    await answer(opaque())
    expect((await answer(opaque())).status).toBe(503)
    suspend(100)
    expect((await answer(opaque())).status).toBe(200)
  })

  it('a token source does not send its cached token', async () => {
    const { suspend } = systemClocks()
    const issuer = await startIssuer()
    const { clientId, clientSecret } = issuer.client
    const source = tokenSource({ issuer: issuer.url, clientId, clientSecret })
    onTestFinished(() => source.close())
    const token = await source.getToken()
    expect(await source.getToken()).toBe(token)
    suspend(10 * HOUR)
    expect(await source.getToken()).not.toBe(token)
  })

  it('a management client fetches the discovery document again', async () => {
    const { suspend } = systemClocks()
    const issuer = await startIssuer()
    const { clientId, clientSecret } = issuer.client
    const tokens = oauthTokens({ issuer: issuer.url, clientId, clientSecret })
    await tokens.introspect({ token: 'x' })
    await tokens.introspect({ token: 'x' })
    expect(issuer.calls.discovery).toBe(1)
    suspend(10 * HOUR)
    await tokens.introspect({ token: 'x' })
    expect(issuer.calls.discovery).toBe(2)
  })
})

describe('the number of clock readings for a cached token is', () => {
  it('one for a JWT, and two within a new millisecond', async () => {
    const { jwt, verifier, reads, pass } = await suspendable()
    const token = jwt()
    await verifier.verify(token)
    await verifier.verify(token)
    const before = reads()
    await verifier.verify(token)
    expect(reads() - before).toBe(1)
    pass(0.001)
    await verifier.verify(token)
    expect(reads() - before).toBe(1 + 2)
  })

  it('three for an opaque token', async () => {
    const { opaque, verifier, reads } = await suspendable()
    const token = opaque()
    await verifier.verify(token)
    const before = reads()
    await verifier.verify(token)
    expect(reads() - before).toBe(3)
  })
})

describe('elapsed time', () => {
  it.each<[string, readonly (readonly [monotonic: number, now: number])[], number]>([
    [
      'both clocks run alike',
      [
        [10, 10],
        [10, 10],
      ],
      20,
    ],
    [
      'a suspension',
      [
        [10, 10],
        [0, 36_000],
        [10, 10],
      ],
      36_020,
    ],
    ['a suspension within a longer interval', [[60, 36_060]], 36_060],
    [
      'two suspensions',
      [
        [1, 101],
        [1, 51],
      ],
      152,
    ],
    [
      'a time of day set forward',
      [
        [0, 3600],
        [10, 10],
      ],
      3610,
    ],
    [
      'a time of day set back, which lengthens nothing',
      [
        [10, -3600],
        [10, 10],
      ],
      20,
    ],
    [
      'a time of day set back and forward again, which ends things early',
      [
        [10, -3600],
        [10, 3620],
      ],
      3630,
    ],
    [
      'a suspension after the time of day was set back',
      [
        [10, -3600],
        [0, 100],
      ],
      110,
    ],
  ])('counts %s', (_, steps, expected) => {
    const suspension = new Suspension(0, 0)
    let [monotonic, now, elapsed] = [0, 0, 0]
    for (const [ticks, seconds] of steps) {
      monotonic += ticks
      now += seconds
      const next = monotonic + suspension.seconds(monotonic, now)
      expect(next).toBeGreaterThanOrEqual(elapsed)
      elapsed = next
    }
    expect(elapsed).toBeCloseTo(expected, 6)
  })

  it.each([
    ['a clock that is slewed by 8 %', () => 0.08],
    ['a clock that jitters by half a second', (at: number) => (at % 2 === 0 ? 0.5 : -0.5)],
    ['a clock that is read a little later each time', () => 0.9],
  ])('does not add up %s', (_, gain) => {
    const suspension = new Suspension(0, 0)
    let [monotonic, now] = [0, 0]
    for (let second = 0; second < 100_000; second += 1) {
      monotonic += 1
      now += 1 + gain(second)
      suspension.seconds(monotonic, now)
    }
    expect(suspension.seconds(monotonic, now)).toBe(0)
  })

  it('of the system continues with a wall-clock time that was just read', () => {
    const { pass, suspend, reads } = systemClocks()
    const clock = createClock()
    const started = clock.elapsed()
    suspend(100)
    pass(5)
    const now = clock.now()
    const before = reads()
    expect(clock.elapsed(now) - started).toBeCloseTo(105, 3)
    expect(reads() - before).toBe(1)
  })
})
