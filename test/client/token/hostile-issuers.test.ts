import { describe, expect, it } from 'vitest'
import { TokenSourceError } from '../../../src/client/index.js'
import { api, clientBed } from '../../support/client.js'
import { failureOf } from '../../support/outcomes.js'

describe('the Retry-After of an issuer', () => {
  it.each<[string, number, number]>([
    ['30', 30, 60],
    [' 30 ', 30, 60],
    ['0', 0.5, 1],
    ['-5', 0.5, 1],
    ['2.5', 0.5, 1],
    ['1e9', 0.5, 1],
    ['soon', 0.5, 1],
    ['', 0.5, 1],
    ['99999999999999999999999', 3600, 7200],
    ['9'.repeat(400), 3600, 7200],
    ['Wed, 21 Oct 2015 07:28:00 GMT', 0.5, 1],
    ['Fri, 31 Dec 9999 23:59:59 GMT', 3600, 7200],
    ['Wed, 99 Oct 2015 99:99:99 GMT', 0.5, 1],
  ])('%j delays the next request by %d to %d s', async (value, shortest, longest) => {
    const { issuer, source, pass } = await clientBed()
    issuer.fail('token', { status: 429, headers: { 'retry-after': value } })
    const tokens = source()
    const { retryAfter = 0 } = await failureOf(tokens.getToken(), TokenSourceError)
    expect(retryAfter).toBeGreaterThanOrEqual(shortest)
    expect(retryAfter).toBeLessThanOrEqual(longest)
    issuer.heal()
    pass(retryAfter - 0.01)
    await failureOf(tokens.getToken(), TokenSourceError)
    expect(issuer.calls.token).toBe(1)
    pass(0.02)
    expect(await tokens.getToken()).toBeTypeOf('string')
  })
})

describe('a set that is evicted', () => {
  it('keeps the interval after refused tokens, so that more sets than maxTokens cause one request each', async () => {
    const bed = await clientBed()
    const { url } = await api(() => ({ status: 401 }))
    const tokens = bed.source({ allowedOrigins: url, maxTokens: 1 })
    const requests = 600
    for (let index = 0; index < requests; index += 1) {
      await tokens.fetch(url, {}, { scopes: index % 2 === 0 ? 'a' : 'b' })
      bed.pass(1)
    }
    // One for each use of an evicted set, and those that refusals may cause: 10 per set, and one in 5 min.
    expect(bed.issuer.calls.token).toBeLessThanOrEqual(requests + 2 * (10 + 2))
  })

  it('loses the interval with reset', async () => {
    const bed = await clientBed()
    const { url } = await api(() => ({ status: 401 }))
    const tokens = bed.source({ allowedOrigins: url, maxTokens: 1 })
    await tokens.fetch(url, {}, { scopes: 'a' })
    await tokens.getToken({ scopes: 'b' })
    tokens.reset()
    bed.issuer.resetCalls()
    await tokens.fetch(url, {}, { scopes: 'a' })
    expect(bed.issuer.calls.token).toBe(2)
  })
})

describe('a request that is aborted after a 401', () => {
  it.each(['init', 'third argument'])('rejects with the reason of the signal in %s', async (where) => {
    const bed = await clientBed()
    const { url } = await api(() => ({ status: 401, body: 'x'.repeat(1024) }))
    const tokens = bed.source({ allowedOrigins: url })
    await tokens.getToken()
    const gate = bed.issuer.gate('token')
    const controller = new AbortController()
    const { signal } = controller
    const sent = where === 'init' ? tokens.fetch(url, { signal }) : tokens.fetch(url, {}, { signal })
    await gate.waiting
    controller.abort(new Error('the caller left'))
    await expect(sent).rejects.toThrow('the caller left')
    gate.release()
    expect(await tokens.getToken()).toBeTypeOf('string')
    expect(bed.issuer.calls.token).toBe(2)
  })
})
