import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { TokenSourceError } from '../../../src/client/index.js'
import { clientBed } from '../../support/client.js'
import { failureOf } from '../../support/outcomes.js'
import { HOUR, renewed } from './support.js'

describe('a token', () => {
  it('is requested on first use and then reused', async () => {
    const { issuer, source, pass } = await clientBed()
    const tokens = source()
    expect(issuer.calls.token).toBe(0)
    const first = await tokens.getToken()
    pass(0.69 * HOUR)
    expect(await tokens.getToken()).toBe(first)
    expect(issuer.calls.token).toBe(1)
  })

  it('is cached per audience and scope set, in any order of scopes', async () => {
    const { issuer, source } = await clientBed()
    const tokens = source({ scopes: 'a b' })
    const first = await tokens.getToken()
    for (const scopes of ['b a', 'a b', ['b', 'a'], 'a a b', 'a  b'])
      expect(await tokens.getToken({ scopes })).toBe(first)
    expect(issuer.calls.token).toBe(1)
    const others = [
      await tokens.getToken({ scopes: 'a' }),
      await tokens.getToken({ scopes: 'b' }),
      await tokens.getToken({ audience: 'https://x.test' }),
      await tokens.getToken({ resource: 'https://x.test' }),
      await tokens.getToken({ resource: ['https://x.test', 'https://y.test'] }),
    ]
    expect(new Set([first, ...others]).size).toBe(6)
    expect(await tokens.getToken({ resource: ['https://y.test', 'https://x.test'] })).toBe(others[4])
  })

  it('is requested once for concurrent callers', async () => {
    const { issuer, source } = await clientBed()
    const tokens = source()
    const gate = issuer.gate('token')
    const waiting = Array.from({ length: 50 }, () => tokens.getToken())
    await gate.waiting
    gate.release()
    expect(new Set(await Promise.all(waiting)).size).toBe(1)
    expect(issuer.calls.token).toBe(1)
  })

  it('is renewed in the background before it expires, while the old one is used', async () => {
    const { issuer, source, pass } = await clientBed()
    const tokens = source()
    const first = await tokens.getToken()
    pass(0.91 * HOUR)
    const gate = issuer.gate('token')
    expect(await tokens.getToken()).toBe(first)
    await gate.waiting
    expect(await tokens.getToken()).toBe(first)
    gate.release()
    const second = await renewed(tokens, first)
    expect(await tokens.getToken()).toBe(second)
    expect(issuer.calls.token).toBe(2)
  })

  it.each([
    ['by default between 70 and 90 %', undefined, 0.699, 0.901],
    ['at renewAt, give or take a tenth', 0.5, 0.399, 0.601],
  ])('is renewed %s of its lifetime', async (_, renewAt, early, late) => {
    const { issuer, source, pass } = await clientBed()
    onTestFinished(() => void vi.restoreAllMocks())
    for (const random of [0, 0.999999]) {
      vi.spyOn(Math, 'random').mockReturnValue(random)
      const tokens = source({ renewAt })
      const first = await tokens.getToken()
      issuer.resetCalls()
      pass((random === 0 ? early : late - 0.002) * HOUR)
      expect(await tokens.getToken()).toBe(first)
      expect(issuer.calls.token).toBe(0)
      pass(0.002 * HOUR)
      const gate = issuer.gate('token')
      expect(await tokens.getToken()).toBe(first)
      await gate.waiting
      gate.release()
      await renewed(tokens, first)
    }
  })

  it('is never returned in its last five seconds', async () => {
    const { issuer, source, pass } = await clientBed()
    const tokens = source()
    const first = await tokens.getToken()
    issuer.fail('token', 503)
    pass(HOUR - 5.001)
    expect(await tokens.getToken()).toBe(first)
    pass(0.002)
    expect((await failureOf(tokens.getToken(), TokenSourceError)).reason).toBe('issuer_unavailable')
  })

  it('with a short lifetime is not returned in the last tenth of it', async () => {
    const { issuer, source, pass } = await clientBed()
    const { clientId, clientSecret } = issuer.addClient({ tokenLifetime: 10 })
    const tokens = source({ clientId, clientSecret })
    const first = await tokens.getToken()
    issuer.fail('token', 503)
    pass(8.999)
    expect(await tokens.getToken()).toBe(first)
    pass(0.002)
    await failureOf(tokens.getToken(), TokenSourceError)
  })

  it('is valid for five minutes, or assumedLifetime, without expires_in', async () => {
    for (const [assumedLifetime, seconds] of [
      [undefined, 300],
      ['20m', 1200],
    ] as const) {
      const { issuer, source, pass } = await clientBed()
      const tokens = source({ assumedLifetime })
      issuer.fail('token', { body: { access_token: 'silent', token_type: 'bearer' } })
      expect(await tokens.getToken()).toBe('silent')
      issuer.fail('token', 503)
      pass(seconds - 6)
      expect(await tokens.getToken()).toBe('silent')
      pass(2)
      await failureOf(tokens.getToken(), TokenSourceError)
    }
  })

  it('has a lifetime that starts with the request, however long the response took', async () => {
    const { issuer, source, pass } = await clientBed()
    const { clientId, clientSecret } = issuer.addClient({ tokenLifetime: 10 })
    const tokens = source({ clientId, clientSecret })
    const gate = issuer.gate('token')
    const waiting = failureOf(tokens.getToken(), TokenSourceError)
    await gate.waiting
    pass(9.5)
    gate.release()
    expect(await waiting).toMatchObject({ reason: 'answer_unreadable' })
  })

  it('does not live longer because the system time was set back', async () => {
    const { issuer, source, pass } = await clientBed()
    const tokens = source()
    await tokens.getToken()
    pass(-10 * HOUR)
    await tokens.getToken()
    issuer.fail('token', 503)
    pass(HOUR)
    await failureOf(tokens.getToken(), TokenSourceError)
  })
})

describe('the cache', () => {
  it('is bounded and evicts the least recently used token first', async () => {
    const { issuer, source } = await clientBed()
    const tokens = source({ maxTokens: 2 })
    await tokens.getToken({ scopes: 'a' })
    await tokens.getToken({ scopes: 'b' })
    await tokens.getToken({ scopes: 'a' })
    await tokens.getToken({ scopes: 'c' })
    expect(issuer.calls.token).toBe(3)
    await tokens.getToken({ scopes: 'a' })
    expect(issuer.calls.token).toBe(3)
    await tokens.getToken({ scopes: 'b' })
    expect(issuer.calls.token).toBe(4)
  })

  it('requests a token once although it is evicted during the request', async () => {
    const { issuer, source } = await clientBed()
    const tokens = source({ maxTokens: 1 })
    const gate = issuer.gate('token')
    const asked = ['a', 'b', 'a', 'b', 'a'].map((scopes) => tokens.getToken({ scopes }))
    await gate.waiting
    gate.release()
    const [a, b, ...rest] = await Promise.all(asked)
    expect(rest).toEqual([a, b, a])
    expect(issuer.calls.token).toBe(2)
  })
})

describe('a waiting caller', () => {
  it('aborts without effect on others', async () => {
    const { issuer, source } = await clientBed()
    const tokens = source()
    const gate = issuer.gate('token')
    const hasty = new AbortController()
    const first = tokens.getToken({ signal: hasty.signal })
    const second = tokens.getToken()
    await gate.waiting
    hasty.abort(new Error('no time'))
    await expect(first).rejects.toThrow('no time')
    gate.release()
    expect(await tokens.getToken()).toBe(await second)
    expect(issuer.calls.token).toBe(1)
  })

  it('is rejected before any request if the signal is aborted', async () => {
    const { issuer, source } = await clientBed()
    const signal = AbortSignal.abort(new Error('too late'))
    await expect(source().getToken({ signal })).rejects.toThrow('too late')
    expect(issuer.calls.token).toBe(0)
  })

  it('is rejected when the source is closed, as is every later caller', async () => {
    const { issuer, source } = await clientBed()
    const tokens = source({ allowedOrigins: issuer.url })
    const gate = issuer.gate('token')
    const waiting = failureOf(tokens.getToken(), TokenSourceError)
    await gate.waiting
    tokens.close()
    expect((await waiting).reason).toBe('source_closed')
    gate.release()
    expect((await failureOf(tokens.getToken(), TokenSourceError)).reason).toBe('source_closed')
    expect((await failureOf(tokens.fetch(issuer.url), TokenSourceError)).reason).toBe('source_closed')
    expect(issuer.calls.token).toBe(1)
  })
})

it('a forgotten token is not returned again, and forgetting an older one has no effect', async () => {
  const { issuer, source } = await clientBed()
  const tokens = source()
  const first = await tokens.getToken()
  tokens.forget(first)
  const second = await tokens.getToken()
  expect(second).not.toBe(first)
  tokens.forget(first)
  expect(await tokens.getToken()).toBe(second)
  expect(issuer.calls.token).toBe(2)
})
