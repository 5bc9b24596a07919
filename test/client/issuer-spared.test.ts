import { TokenSourceError } from '../../src/client/index.js'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { until } from '../support/until.js'
import { api, clientBed } from '../support/client.js'
import { failureOf } from '../support/outcomes.js'
import { serve } from '../support/servers/servers.js'

function withoutJitter(): void {
  onTestFinished(() => void vi.restoreAllMocks())
  vi.spyOn(Math, 'random').mockReturnValue(0)
}

describe('a discovery request that hangs', () => {
  it('does not block token requests to the known endpoint, and is retried after a minute', async () => {
    const { issuer, source, pass } = await clientBed()
    const tokens = source({ issuer: issuer.url, tokenEndpoint: undefined })
    await tokens.getToken()
    pass(3601)
    issuer.fail('discovery', 503)
    const gate = issuer.gate('discovery')
    const during = ['a', 'b', 'c'].map((scopes) => tokens.getToken({ scopes }))
    expect(new Set(await Promise.all(during)).size).toBe(3)
    await gate.waiting
    expect(issuer.calls.discovery).toBe(2)
    gate.release()
    // Once the look-up under way has failed, the minute begins: until then no other is started.
    await until(async () => {
      pass(61)
      await tokens.getToken({ scopes: `at ${issuer.calls.token}` })
      return issuer.calls.discovery === 3
    })
  })

  it('is aborted when the source is closed', async () => {
    const { issuer, source, pass } = await clientBed()
    let closed = 0
    let asked = 0
    const url = await serve((request, response) => {
      asked += 1
      request.socket.once('close', () => (closed += 1))
      const document = { issuer: `http://${request.headers.host!}`, token_endpoint: `${issuer.url}/token` }
      if (asked === 1) response.setHeader('connection', 'close').end(JSON.stringify(document))
    })
    const tokens = source({ issuer: url, tokenEndpoint: undefined, deadline: '60s' })
    await tokens.getToken()
    await until(() => closed === 1)
    pass(3601)
    await tokens.getToken()
    await until(() => asked === 2)
    tokens.close()
    await until(() => closed === 2)
  })

  it('is followed by one that changes the endpoint', async () => {
    const { issuer, source, pass, sent } = await clientBed()
    const tokens = source({ issuer: issuer.url, tokenEndpoint: undefined })
    await tokens.getToken()
    const moved = await api(() => ({
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ access_token: 'moved', token_type: 'Bearer', expires_in: 3600 }),
    }))
    issuer.fail('discovery', { body: { issuer: issuer.url, token_endpoint: `${moved.url}/t` } })
    pass(3601)
    let count = 0
    await until(async () => (await tokens.getToken({ scopes: `s${(count += 1)}` })) === 'moved')
    expect(sent.at(-1)!.url).toBe(`${moved.url}/t`)
  })
})

describe('the backoff that an issuer requests', () => {
  it('is not ended by the success of a request that was in flight before', async () => {
    const { source, pass } = await clientBed()
    withoutJitter()
    let asked = 0
    let release: () => void = () => undefined
    let arrived: () => void = () => undefined
    const waiting = new Promise<void>((resolve) => (arrived = resolve))
    const url = await serve((request, response) => {
      asked += 1
      const body = JSON.stringify({ access_token: 'good', token_type: 'Bearer', expires_in: 3600 })
      request.resume().on('end', () => {
        if (asked === 1) {
          release = () => response.end(body)
          arrived()
        } else if (asked === 2) response.writeHead(429, { 'retry-after': '100' }).end('{}')
        else response.end(body)
      })
    })
    const tokens = source({ tokenEndpoint: `${url}/token` })
    const slow = tokens.getToken({ scopes: 'slow' })
    await waiting
    expect(await failureOf(tokens.getToken({ scopes: 'a' }), TokenSourceError)).toMatchObject({
      status: 429,
      retryAfter: 100,
    })
    release()
    expect(await slow).toBe('good')
    pass(99)
    expect(await failureOf(tokens.getToken({ scopes: 'b' }), TokenSourceError)).toMatchObject({
      status: 429,
      retryAfter: 1,
    })
    expect(asked).toBe(2)
    pass(1)
    expect(await tokens.getToken({ scopes: 'b' })).toBe('good')
  })

  it('applies to an evicted entry, idle or in flight', async () => {
    const { issuer, source, pass } = await clientBed()
    const tokens = source({ maxTokens: 1 })
    withoutJitter()
    const headers = { 'retry-after': '100' }
    issuer.fail('token', { status: 400, headers, body: { error: 'invalid_scope' } })
    await Promise.all(
      ['a', 'b', 'c'].map((scopes) => failureOf(tokens.getToken({ scopes }), TokenSourceError)),
    )
    for (let index = 0; index < 48; index += 1) {
      const error = await failureOf(
        tokens.getToken({ scopes: ['a', 'b', 'c'][index % 3]! }),
        TokenSourceError,
      )
      expect([error.reason, error.retryAfter]).toEqual(['request_refused', 100])
    }
    expect(issuer.calls.token).toBe(3)
    issuer.heal()
    pass(100)
    expect(await tokens.getToken({ scopes: 'a' })).toBeTypeOf('string')
  })
})

describe('an API that refuses valid tokens', () => {
  it('for every other request causes one renewal, then one after 1 s, doubling to a minute', async () => {
    const { issuer, source, pass } = await clientBed()
    const { url } = await api((_, count) => ({ status: count % 2 === 1 ? 401 : 200 }))
    const tokens = source({ allowedOrigins: url })
    const statuses: number[] = []
    const burst = async (): Promise<number> => {
      issuer.resetCalls()
      for (let index = 0; index < 10; index += 1) statuses.push((await tokens.fetch(url)).status)
      return issuer.calls.token
    }
    expect(await burst()).toBe(2)
    expect(new Set(statuses)).toEqual(new Set([200, 401]))
    for (const pause of [1, 2, 4, 8, 16, 32, 64]) {
      pass(pause - 0.01)
      expect(await burst()).toBe(0)
      pass(0.02)
      expect(await burst()).toBe(1)
    }
    // After the last pause and five quiet minutes, the next one is short again.
    pass(500)
    expect(await burst()).toBe(1)
    pass(1.01)
    expect(await burst()).toBe(1)
  })

  it('for a request that cannot be repeated gets another token with the next request', async () => {
    const { issuer, source } = await clientBed()
    let old = ''
    const { url, got } = await api(({ authorization }) => ({
      status: authorization === `Bearer ${old}` ? 401 : 200,
    }))
    const tokens = source({ allowedOrigins: url })
    old = await tokens.getToken()
    const post = async (): Promise<number> =>
      (await tokens.fetch(url, { method: 'POST', body: new Blob(['x']).stream() })).status
    expect(await post()).toBe(401)
    expect(got).toHaveLength(1)
    await until(async () => (await tokens.getToken()) !== old)
    expect(await post()).toBe(200)
    expect(issuer.calls.token).toBe(2)
  })
})
