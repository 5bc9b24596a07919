import { describe, expect, it } from 'vitest'
import { api, clientBed, type Answering } from '../../support/client.js'

const refuseFirst: Answering = (_, count) => ({ status: count === 1 ? 401 : 200 })

describe('a Request', () => {
  it.each(['x', 'x'.repeat(1024 * 1024)])(
    'with a body up to 1 MiB is sent again after a 401',
    async (body) => {
      const { source } = await clientBed()
      const { url, got } = await api(refuseFirst)
      const request = new Request(url, { method: 'POST', body, headers: { 'x-a': '1' } })
      expect((await source({ allowedOrigins: url }).fetch(request)).status).toBe(200)
      expect(got.map((one) => [one.line, one.body === body, one.headers['x-a']])).toEqual([
        ['POST /', true, '1'],
        ['POST /', true, '1'],
      ])
    },
  )

  it('with a larger body is sent once and completely', async () => {
    const { source } = await clientBed()
    const { url, got } = await api()
    const body = 'x'.repeat(3 * 1024 * 1024)
    await source({ allowedOrigins: url }).fetch(new Request(url, { method: 'POST', body }))
    expect(got[0]!.body.length).toBe(body.length)
  })

  it('keeps what only it holds: fetch receives a Request of the same class and settings', async () => {
    class ProxiedRequest extends Request {}
    const { issuer, source } = await clientBed()
    const { url } = await api()
    const inputs: (string | URL | Request)[] = []
    const recording: typeof fetch = (input, init) => {
      inputs.push(input)
      return fetch(input, init)
    }
    const tokens = source({ allowedOrigins: url, fetch: recording })
    await tokens.fetch(new ProxiedRequest(`${url}/a`, { method: 'PUT', body: 'x', credentials: 'omit' }))
    const sent = inputs.at(-1) as Request
    expect(sent).toBeInstanceOf(ProxiedRequest)
    expect([sent.url, sent.method, sent.credentials, sent.redirect]).toEqual([
      `${url}/a`,
      'PUT',
      'omit',
      'manual',
    ])
    expect(issuer.calls.token).toBe(1)
  })

  it('is checked against its integrity', async () => {
    const { source } = await clientBed()
    const { url } = await api(() => ({ status: 200, body: 'other' }))
    const integrity = 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='
    const tokens = source({ allowedOrigins: url })
    await expect(tokens.fetch(new Request(url, { integrity }))).rejects.toThrow(TypeError)
  })

  it('is passed as URL and options to a fetch that does not know its class', async () => {
    const { source, issuer } = await clientBed()
    const { url, got } = await api()
    const foreign: typeof fetch = (input, init) =>
      fetch(input instanceof Request ? '[object Request]' : input, init)
    const tokens = source({ allowedOrigins: url, fetch: foreign })
    await tokens.fetch(new Request(`${url}/a`, { method: 'POST', body: 'x' }))
    expect(got).toMatchObject([{ line: 'POST /a', body: 'x' }])
    expect(issuer.calls.token).toBe(1)
  })
})

describe('a 401', () => {
  it.each<[string, string, number]>([
    ['of another scheme', 'Basic realm="proxy"', 1],
    ['for a request that is malformed', 'Bearer error="invalid_request"', 1],
    ['for an invalid token', 'Bearer realm="x", error="invalid_token"', 2],
    ['of several schemes', 'Basic realm="x", Bearer', 2],
  ])('%s is repeated only if another token may help', async (_, challenge, requests) => {
    const { source } = await clientBed()
    const { url, got } = await api(() => ({ status: 401, headers: { 'www-authenticate': challenge } }))
    await source({ allowedOrigins: url }).fetch(url)
    expect(got).toHaveLength(requests)
  })

  it('is returned with retryOn401: false, and repeated as its function decides', async () => {
    const { issuer, source } = await clientBed()
    const { url, got } = await api(() => ({ status: 401, headers: { 'x-expired': 'yes' } }))
    const never = source({ allowedOrigins: url, retryOn401: false })
    expect((await never.fetch(url)).status).toBe(401)
    expect([got.length, issuer.calls.token]).toEqual([1, 1])
    const decide = source({
      allowedOrigins: url,
      retryOn401: ({ headers }) => headers.get('x-expired') === 'yes',
    })
    await decide.fetch(url)
    expect(got).toHaveLength(3)
  })

  it('with max_age makes the source renew ahead of that age', async () => {
    const { issuer, source, pass } = await clientBed()
    const challenge = 'Bearer realm="x", error="invalid_token", max_age="20"'
    const { url, got } = await api((_, count) =>
      count === 1 ? { status: 401, headers: { 'www-authenticate': challenge } } : { status: 200 },
    )
    const tokens = source({ allowedOrigins: url })
    await tokens.fetch(url)
    for (let second = 0; second < 120; second += 1) {
      pass(1)
      const { authorization } = got.at(-1)!
      await tokens.fetch(url)
      if (second % 20 === 19) expect(got.at(-1)!.authorization).toBeDefined()
      expect(authorization).toBeDefined()
    }
    expect(issuer.calls.token).toBeGreaterThanOrEqual(2 + 120 / 20)
    expect(issuer.calls.token).toBeLessThanOrEqual(2 + Math.ceil(120 / 13))
  })
})

it('the signal of the third argument aborts a request', async () => {
  const { source } = await clientBed()
  const { url } = await api()
  const signal = AbortSignal.abort(new Error('enough'))
  await expect(source({ allowedOrigins: url }).fetch(url, {}, { signal })).rejects.toThrow('enough')
})
