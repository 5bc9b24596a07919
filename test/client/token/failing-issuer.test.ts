import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { TokenSourceError } from '../../../src/client/index.js'
import { expireDeadlines, withoutAnswer } from '../../support/setup/deadlines.js'
import { until, watchedFetch } from '../../support/until.js'
import { clientBed } from '../../support/client.js'
import { failureOf } from '../../support/outcomes.js'
import { HOUR, renewed } from './support.js'

describe('when the issuer fails', () => {
  it('the old token is used until it expires, and a new one as soon as one is issued', async () => {
    const { issuer, source, pass } = await clientBed()
    const { fetch, settled } = watchedFetch()
    const tokens = source({ fetch })
    const first = await tokens.getToken()
    issuer.fail('token', 'reset')
    pass(0.91 * HOUR)
    // A reset connection is followed by a second request.
    for (let calls = 3; calls < 11; calls += 2) {
      expect(await tokens.getToken()).toBe(first)
      await until(() => issuer.calls.token === calls)
      await settled()
      // Longer than the pause after so many failures; the token lasts.
      expect(await tokens.getToken()).toBe(first)
      pass(20)
    }
    issuer.heal()
    await renewed(tokens, first)
  })

  it('no request is sent for 1 s, doubling to 60 s, and callers get the error immediately', async () => {
    const { issuer, source, pass } = await clientBed()
    onTestFinished(() => void vi.restoreAllMocks())
    vi.spyOn(Math, 'random').mockReturnValue(0)
    const tokens = source()
    issuer.fail('token', 500)
    for (const [index, pause] of [1, 2, 4, 8, 16, 32, 60, 60].entries()) {
      expect(await failureOf(tokens.getToken(), TokenSourceError)).toMatchObject({
        reason: 'issuer_unavailable',
        status: 500,
        retryAfter: pause,
      })
      pass(pause - 0.01)
      const again = await failureOf(tokens.getToken(), TokenSourceError)
      expect(again.retryAfter).toBeCloseTo(0.01)
      expect(issuer.calls.token).toBe(index + 1)
      pass(0.02)
    }
    issuer.heal()
    await tokens.getToken()
    issuer.fail('token', 500)
    const { retryAfter } = await failureOf(tokens.getToken({ scopes: 'a' }), TokenSourceError)
    expect(retryAfter).toBeLessThanOrEqual(1)
  })

  it.each([
    ['seconds', '42', 42],
    ['a date', new Date(Date.UTC(2026, 10, 21, 8, 1)).toUTCString(), 60],
    ['longer than an hour', '100000', 3600],
  ])('its Retry-After in %s is obeyed with jitter, for every set', async (_, value, seconds) => {
    const { issuer, source, pass } = await clientBed()
    onTestFinished(() => void vi.restoreAllMocks())
    vi.spyOn(Math, 'random').mockReturnValue(0.5)
    const tokens = source()
    issuer.fail('token', { status: 429, headers: { 'retry-after': value } })
    expect(await failureOf(tokens.getToken(), TokenSourceError)).toMatchObject({
      status: 429,
      retryAfter: 1.5 * seconds,
    })
    issuer.heal()
    pass(1.5 * seconds - 1)
    await failureOf(tokens.getToken({ scopes: 'other' }), TokenSourceError)
    expect(issuer.calls.token).toBe(1)
    pass(1.1)
    await tokens.getToken()
  })

  it('several sets that fail together cause one backoff', async () => {
    const { issuer, source } = await clientBed()
    const tokens = source()
    issuer.fail('token', 500)
    const asked = ['a', 'b', 'c', 'd'].map((scopes) =>
      failureOf(tokens.getToken({ scopes }), TokenSourceError),
    )
    for (const { retryAfter } of await Promise.all(asked)) expect(retryAfter).toBeLessThanOrEqual(1)
  })

  it('a set that the issuer refuses does not block the others', async () => {
    const { issuer, source } = await clientBed()
    const { clientId, clientSecret } = issuer.addClient({ scopes: 'a' })
    const tokens = source({ clientId, clientSecret })
    expect(await failureOf(tokens.getToken({ scopes: 'b' }), TokenSourceError)).toMatchObject({
      reason: 'request_refused',
      code: 'invalid_scope',
      status: 400,
    })
    expect(await tokens.getToken({ scopes: 'a' })).toBeTypeOf('string')
    await failureOf(tokens.getToken({ scopes: 'b' }), TokenSourceError)
    expect(issuer.calls.token).toBe(2)
  })

  it('a missing response and a missing secret end at the deadline, and the error says which', async () => {
    const { issuer, source } = await clientBed()
    issuer.fail('token', 'hang')
    const unanswered = withoutAnswer(issuer, 'token', source().getToken())
    expect((await failureOf(unanswered, TokenSourceError)).reason).toBe('issuer_unavailable')
    const never = source({
      clientSecret: () => {
        setImmediate(expireDeadlines)
        return new Promise(() => undefined)
      },
    })
    expect((await failureOf(never.getToken(), TokenSourceError)).reason).toBe('credentials_unavailable')
    expect(issuer.calls.token).toBe(1)
  })
})
