import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { tokenSource, TokenSourceError } from '../../../src/client/index.js'
import { clientBed } from '../../support/client.js'
import { manualClock } from '../../support/clock.js'
import { manualIssuer, type ManualAnswer } from '../../support/servers/manual-issuer.js'
import { failureOf } from '../../support/outcomes.js'
import { until } from '../../support/until.js'

/** Seconds. */
const LIFETIME = 3600

function bed(extra: Readonly<Record<string, unknown>> = {}) {
  const clock = manualClock()
  const issuer = manualIssuer(clock.read, LIFETIME)
  const create = () => {
    const source = tokenSource({
      tokenEndpoint: 'https://issuer.test/token',
      clientId: 'x',
      clientSecret: 'y',
      fetch: issuer.fetch,
      clock: clock.read,
      ...extra,
    })
    onTestFinished(() => source.close())
    return source
  }
  return { clock, issuer, create, source: create() }
}

describe('a temporary failure', () => {
  it.each<[string, ManualAnswer]>([
    ['a reset connection', 'reset'],
    ['a 502', { status: 502 }],
    ['a 503', { status: 503 }],
    ['a 504', { status: 504 }],
  ])('%s at cold start fails no caller', async (_, failure) => {
    const { issuer, source } = bed()
    const waiting = Promise.all(Array.from({ length: 50 }, () => source.getToken()))
    await issuer.answerNext(failure)
    await issuer.answerNext('token')
    expect(new Set(await waiting)).toEqual(new Set(['token-1']))
    expect(issuer.forms).toHaveLength(2)
  })

  it('is followed by a request from whose time the lifetime of the token counts', async () => {
    const { clock, issuer, source } = bed({ deadline: '60s' })
    const waiting = source.getToken()
    await until(() => issuer.open.length === 1)
    clock.pass(40)
    await issuer.answerNext({ status: 503 })
    const second = clock.read()
    await issuer.answerNext('token')
    await waiting
    expect((await source.getTokenInfo()).expiresAt).toBe(Math.floor(second / 1000) + LIFETIME)
  })

  it('that is repeated is an error, and the third request is sent after the backoff', async () => {
    const { issuer, source } = bed()
    issuer.answerAll({ status: 503 })
    expect((await failureOf(source.getToken(), TokenSourceError)).status).toBe(503)
    await failureOf(source.getToken(), TokenSourceError)
    expect(issuer.forms).toHaveLength(2)
  })

  it.each<[string, ManualAnswer]>([
    ['503 with Retry-After', { status: 503, headers: { 'retry-after': '2' } }],
    ['429', { status: 429 }],
    ['500', { status: 500 }],
    ['401', { status: 401 }],
  ])('is not repeated: %s', async (_, failure) => {
    const { issuer, source } = bed()
    issuer.answerAll(failure)
    await failureOf(source.getToken(), TokenSourceError)
    expect(issuer.forms).toHaveLength(1)
  })

  it('is followed by a request with another assertion', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const { issuer, source, sent } = await clientBed()
    const { clientId } = issuer.addClient({
      publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    })
    issuer.fail('token', 503)
    const tokens = source({
      clientId,
      clientSecret: undefined,
      authentication: 'private_key_jwt',
      privateKey,
    })
    await failureOf(tokens.getToken(), TokenSourceError)
    const assertions = sent.map(({ form }) => form.get('client_assertion'))
    expect([assertions.length, new Set(assertions).size]).toEqual([2, 2])
  })
})

describe('a token with expires_in 0', () => {
  it.each([0, '0'])('(%j) is requested again until another one is issued', async (seconds) => {
    const { issuer, source } = bed()
    const waiting = source.getToken()
    await issuer.answerNext({ body: { expires_in: seconds } })
    await issuer.answerNext({ body: { expires_in: seconds } })
    await issuer.answerNext('token')
    expect(await waiting).toBe('token-3')
  })

  it('until the deadline is an error that says so, and no set backs off', async () => {
    const { issuer, source } = bed()
    const stop = issuer.answerAll({ body: { expires_in: 0 } })
    const error = await failureOf(source.getToken(), TokenSourceError)
    expect(error.message).toContain('expires_in: 0')
    expect(error.retryAfter).toBeUndefined()
    expect(issuer.forms.length).toBeLessThan(10)
    stop()
    issuer.answerAll('token')
    await source.getToken({ scopes: 'other' })
    await source.getToken()
  })
})

describe('Retry-After', () => {
  it('is followed by jitter of its size, so that a fleet does not return in step', async () => {
    const { clock, issuer, create } = bed()
    const fleet = Array.from({ length: 40 }, create)
    const stop = issuer.answerAll({ status: 429, headers: { 'retry-after': '2' } })
    const pauses = await Promise.all(
      fleet.map(async (source) => (await failureOf(source.getToken(), TokenSourceError)).retryAfter ?? 0),
    )
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(2)
    expect(Math.max(...pauses)).toBeLessThanOrEqual(4.001)
    expect(new Set(pauses.map((pause) => Math.floor(pause * 5))).size).toBeGreaterThan(4)
    stop()
    issuer.answerAll('token')
    clock.pass(4.001)
    await Promise.all(fleet.map((source) => source.getToken()))
  })

  it('is not doubled when it is repeated', async () => {
    onTestFinished(() => void vi.restoreAllMocks())
    vi.spyOn(Math, 'random').mockReturnValue(0.5)
    const { clock, issuer, source } = bed()
    issuer.answerAll({ status: 503, headers: { 'retry-after': '2' } })
    for (let count = 0; count < 8; count += 1) {
      expect((await failureOf(source.getToken(), TokenSourceError)).retryAfter).toBeCloseTo(3, 2)
      clock.pass(3.01)
    }
  })

  it('longer than an hour counts as an hour', async () => {
    const { issuer, source } = bed()
    issuer.answerAll({ status: 429, headers: { 'retry-after': '86400' } })
    const { retryAfter = 0 } = await failureOf(source.getToken(), TokenSourceError)
    expect(retryAfter).toBeGreaterThanOrEqual(3600)
    expect(retryAfter).toBeLessThanOrEqual(7200)
  })
})
