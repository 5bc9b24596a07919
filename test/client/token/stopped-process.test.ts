import { describe, expect, it, onTestFinished } from 'vitest'
import { tokenSource, TokenSourceError, type TokenSource } from '../../../src/client/index.js'
import { dateClock, manualClock } from '../../support/clock.js'
import { expireDeadlines } from '../../support/setup/deadlines.js'
import { manualIssuer, type ManualIssuer } from '../../support/servers/manual-issuer.js'
import { failureOf } from '../../support/outcomes.js'
import { nextTurn, until } from '../../support/until.js'

const HOUR = 3600

function sourceOf(issuer: ManualIssuer, extra: Readonly<Record<string, unknown>>): TokenSource {
  const source = tokenSource({
    tokenEndpoint: 'https://issuer.test/token',
    clientId: 'x',
    clientSecret: 'y',
    fetch: issuer.fetch,
    ...extra,
  })
  onTestFinished(() => source.close())
  return source
}

async function bed(extra: Readonly<Record<string, unknown>> = {}) {
  const clock = manualClock()
  const issuer = manualIssuer(clock.read)
  const source = sourceOf(issuer, { clock: clock.read, ...extra })
  const first = source.getToken()
  await issuer.answerNext('token')
  await first
  return { clock, issuer, source }
}

describe('an expired token', () => {
  it.each([
    ['the machine was suspended for its lifetime', HOUR, 1],
    ['the wall clock gained less than a second at a time', 0.9, HOUR / 0.9],
  ])('is not returned after %s', async (_, step, steps) => {
    const clock = dateClock(onTestFinished)
    const issuer = manualIssuer(clock.read)
    const source = sourceOf(issuer, {})
    const first = source.getToken()
    await issuer.answerNext('token')
    await first
    issuer.answerAll('reset')
    for (let count = 0; count < steps; count += 1) {
      clock.pass(step)
      if (count % 100 === 0) await source.getToken().catch(() => undefined)
    }
    expect((await failureOf(source.getToken(), TokenSourceError)).reason).toBe('issuer_unavailable')
  })

  it('is not returned although the wall clock was set back', async () => {
    const { clock, issuer, source } = await bed()
    issuer.answerAll('reset')
    clock.pass(-10 * HOUR)
    await source.getToken()
    clock.pass(HOUR)
    await failureOf(source.getToken(), TokenSourceError)
  })
})

describe('after a process was stopped during a renewal', () => {
  it('a caller gets a token although the deadline of the renewal has passed', async () => {
    const { clock, issuer, source } = await bed()
    clock.pass(0.95 * HOUR)
    await source.getToken()
    await until(() => issuer.open.length === 1)
    clock.pass(HOUR)
    const waiting = Promise.all([source.getToken(), source.getToken()])
    expireDeadlines()
    await issuer.answerNext('token')
    expect(new Set(await waiting).size).toBe(1)
    expect(await source.getToken()).toBe((await waiting)[0])
    expect(issuer.forms).toHaveLength(3)
  })

  it('no backoff starts, even if the repeated attempt passes late too', async () => {
    const { clock, issuer, source } = await bed()
    clock.pass(2 * HOUR)
    const waiting = failureOf(source.getToken(), TokenSourceError)
    for (let attempt = 2; attempt <= 3; attempt += 1) {
      await until(() => issuer.forms.length === attempt)
      clock.pass(HOUR)
      expireDeadlines()
    }
    expect((await waiting).retryAfter).toBeUndefined()
    const next = source.getToken()
    await issuer.answerNext('token')
    expect(await next).toBe('token-2')
  })
})

describe('a caller that joins a renewal in the background', () => {
  it('gets an attempt of its own if the renewal ends without a response', async () => {
    const { clock, issuer, source } = await bed()
    clock.pass(HOUR - 40)
    await source.getToken()
    await until(() => issuer.open.length === 1)
    clock.pass(36)
    const waiting = Promise.all([source.getToken(), source.getToken()])
    await issuer.answerNext('reset')
    await issuer.answerNext('reset')
    await issuer.answerNext('token')
    expect(new Set(await waiting)).toEqual(new Set(['token-2']))
    expect(issuer.forms).toHaveLength(4)
  })
})

describe("with renewal: 'blocking'", () => {
  it('the caller that finds a token due for renewal waits, and no request is sent in the background', async () => {
    const { clock, issuer, source } = await bed({ renewal: 'blocking' })
    clock.pass(0.95 * HOUR)
    const waiting = source.getToken()
    await issuer.answerNext('token')
    expect(await waiting).toBe('token-2')
    await nextTurn()
    expect(issuer.forms).toHaveLength(2)
  })

  it('the old token is returned if the renewal fails, and during the backoff', async () => {
    const { clock, issuer, source } = await bed({ renewal: 'blocking' })
    clock.pass(0.95 * HOUR)
    issuer.answerAll({ status: 500 })
    expect(await source.getToken()).toBe('token-1')
    expect(await source.getToken()).toBe('token-1')
    expect(issuer.forms).toHaveLength(2)
  })
})

it('after idle time the caller waits for another token if the old one is about to expire', async () => {
  const { clock, issuer, source } = await bed()
  clock.pass(HOUR - 6)
  const waiting = source.getToken()
  await issuer.answerNext('token')
  expect(await waiting).toBe('token-2')
})
