import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { ConfigurationError, createVerifier, oauth } from '../../src/index.js'
import { guard } from '../../adapters/fetch.js'
import { TokenSourceError } from '../../src/client/index.js'
import type { TokenSource } from '../../src/client/index.js'
import { type Answering, api, clientBed, type ClientBed } from '../support/client.js'
import { failureOf } from '../support/outcomes.js'

/** A client bed with an API and a source that may send tokens to it. */
async function bedWithApi(
  answering?: Answering,
): Promise<
  ClientBed & { readonly url: string; readonly tokens: TokenSource } & Awaited<ReturnType<typeof api>>
> {
  const bed = await clientBed()
  const target = await api(answering)
  return { ...bed, ...target, tokens: bed.source({ allowedOrigins: target.url }) }
}

/** Refuses the first so many requests. */
const refuseFirst =
  (refused: number): Answering =>
  (_, count) => ({ status: count <= refused ? 401 : 200, body: count <= refused ? 'no' : 'yes' })

describe('a request', () => {
  it.each<[string, (url: string) => readonly [string | URL | Request, RequestInit?], string, string]>([
    ['an address', (url) => [`${url}/a?b=c`], 'GET /a?b=c', ''],
    ['a URL', (url) => [new URL('/a', url)], 'GET /a', ''],
    ['a method and a body', (url) => [url, { method: 'put', body: 'x' }], 'PUT /', 'x'],
    ['a Request', (url) => [new Request(`${url}/a`, { method: 'POST', body: 'x' })], 'POST /a', 'x'],
    [
      'a Request and more',
      (url) => [new Request(`${url}/a`, { method: 'POST', body: 'x' }), { method: 'PATCH', body: 'y' }],
      'PATCH /a',
      'y',
    ],
    [
      'a stream',
      (url) => [url, { method: 'POST', body: Readable.toWeb(Readable.from(['x', 'y'])) as ReadableStream }],
      'POST /',
      'xy',
    ],
    ['a form', (url) => [url, { method: 'POST', body: new URLSearchParams({ a: 'b' }) }], 'POST /', 'a=b'],
  ])('made of %s carries the token', async (_, make, line, body) => {
    const { url, got, tokens } = await bedWithApi()
    const [input, init] = make(url)
    expect((await tokens.fetch(input, init)).status).toBe(200)
    expect(got).toMatchObject([{ line, body, authorization: `Bearer ${await tokens.getToken()}` }])
  })

  it('keeps the headers of the Request, of init, and those that come from the body', async () => {
    const { url, got, tokens } = await bedWithApi()
    await tokens.fetch(new Request(url, { headers: { 'x-a': '1' } }))
    await tokens.fetch(url, {
      headers: [['x-b', '2']],
      method: 'POST',
      body: new URLSearchParams({ a: 'b' }),
    })
    expect(got[0]!.headers['x-a']).toBe('1')
    expect(got[1]!.headers).toMatchObject({
      'x-b': '2',
      'content-type': expect.stringContaining('application/x-www-form-urlencoded') as string,
    })
  })

  it('may request another audience or other scopes than the source has', async () => {
    const { url, got, tokens } = await bedWithApi()
    await tokens.fetch(url, {}, { scopes: 'x' })
    expect(got[0]!.authorization).toBe(`Bearer ${await tokens.getToken({ scopes: 'x' })}`)
  })

  it('is accepted by the guard of the service', async () => {
    const { issuer, clock, source } = await clientBed()
    const verifier = createVerifier({ issuers: [oauth(issuer.oauth())], clock })
    const authorize = guard(verifier, { scopes: 'orders:read' })
    const service = await api()
    const inner: typeof fetch = async (input, init) => {
      if ((input instanceof Request ? input.url : String(input)).startsWith(issuer.url))
        return fetch(input, init)
      const verdict = await authorize(new Request(input, init))
      return verdict instanceof Response ? verdict : Response.json({ client: verdict.clientId })
    }
    const tokens = source({ allowedOrigins: service.url, scopes: 'orders:read', fetch: inner })
    const response = await tokens.fetch(`${service.url}/orders`)
    expect([response.status, await response.json()]).toEqual([200, { client: issuer.client.clientId }])
    verifier.close()
  })

  it('is aborted by its signal while it waits for the token or for the API', async () => {
    const { issuer, url, tokens } = await bedWithApi()
    const gate = issuer.gate('token')
    const first = new AbortController()
    const waiting = tokens.fetch(url, { signal: first.signal })
    await gate.waiting
    first.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    gate.release()
    const signal = AbortSignal.abort(new Error('too late'))
    await tokens.getToken()
    await expect(tokens.fetch(new Request(url, { signal }))).rejects.toThrow('too late')
  })
})

describe('a request that is not sent', () => {
  it.each<[string, (url: string) => readonly [unknown, RequestInit?], string]>([
    ['an authorization header', (url) => [url, { headers: { Authorization: 'x' } }], 'authorization'],
    [
      'an authorization header in a Request',
      (url) => [new Request(url, { headers: { authorization: 'x' } })],
      'authorization',
    ],
    ['a relative URL', () => ['/orders'], 'absolute URL'],
    ['an undefined URL', () => [undefined], 'absolute URL'],
    ['a misspelt redirect', (url) => [url, { redirect: 'folow' as 'follow' }], 'fetch.redirect'],
    ['a password', (url) => [url.replace('//', '//u:hunter2@')], 'user name or password'],
  ])('with %s is a ConfigurationError', async (_, make, words) => {
    const { issuer, url, got, tokens } = await bedWithApi()
    const [input, init] = make(url)
    const error: unknown = await tokens.fetch(input as string, init).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(ConfigurationError)
    expect((error as Error).message).toContain(words)
    expect((error as Error).message).not.toContain('hunter2')
    expect([got, issuer.calls.token]).toEqual([[], 0])
  })

  it('is any request without allowedOrigins', async () => {
    const { issuer, source } = await clientBed()
    const { url, got } = await api()
    await expect(source().fetch(url)).rejects.toThrow(/^tokenSource\.allowedOrigins: is required for fetch/)
    expect([got, issuer.calls.token]).toEqual([[], 0])
  })

  it.each([
    ['another port', (url: string) => url.replace(/\d+$/, '1')],
    ['another scheme', (url: string) => url.replace('http:', 'https:')],
    ['another host of the same machine', (url: string) => url.replace('127.0.0.1', 'localhost')],
    ['the origin as a user name', (url: string) => `http://evil.test/?${url}`],
    ['the origin as a subdomain', (url: string) => `${url}.evil.test`.replace(/:\d+/, '')],
  ])('is a request to %s', async (_, foreign) => {
    const { issuer, url, got, tokens } = await bedWithApi()
    const error = await failureOf(tokens.fetch(foreign(url)), TokenSourceError)
    expect(error.reason).toBe('request_not_sent')
    expect(error.message).toContain('allowedOrigins')
    expect([got, issuer.calls.token]).toEqual([[], 0])
  })

  it('is a request for which no token can be obtained', async () => {
    const { issuer, url, got, tokens } = await bedWithApi()
    issuer.fail('token', 503)
    expect((await failureOf(tokens.fetch(url), TokenSourceError)).reason).toBe('issuer_unavailable')
    expect(got).toEqual([])
  })
})

describe('after a 401', () => {
  it('the whole request is sent once more with a new token', async () => {
    const { issuer, url, got, tokens } = await bedWithApi(refuseFirst(1))
    const response = await tokens.fetch(`${url}/a`, { method: 'POST', body: 'x', headers: { 'x-a': '1' } })
    expect([response.status, await response.text()]).toEqual([200, 'yes'])
    expect(got.map(({ line, body, headers }) => [line, body, headers['x-a']])).toEqual([
      ['POST /a', 'x', '1'],
      ['POST /a', 'x', '1'],
    ])
    expect(got[0]!.authorization).not.toBe(got[1]!.authorization)
    expect(issuer.calls.token).toBe(2)
    expect(got[1]!.authorization).toBe(`Bearer ${await tokens.getToken()}`)
  })

  it('the request is not sent a third time', async () => {
    const { url, got, tokens } = await bedWithApi(() => ({ status: 401, body: 'no' }))
    const response = await tokens.fetch(url)
    expect([response.status, await response.text()]).toEqual([401, 'no'])
    expect(got).toHaveLength(2)
  })

  it('an API that refuses every token does not overload the issuer', async () => {
    const { issuer, url, got, tokens, pass } = await bedWithApi(() => ({ status: 401 }))
    for (let index = 0; index < 10; index += 1) await tokens.fetch(url)
    expect([issuer.calls.token, got.length]).toEqual([2, 11])
    pass(1.1)
    await tokens.fetch(url)
    await tokens.fetch(url)
    expect([issuer.calls.token, got.length]).toEqual([3, 14])
  })

  it('tokens that are refused minutes apart are renewed each time', async () => {
    let refused: string | undefined = ''
    const { issuer, url, tokens, pass } = await bedWithApi(({ authorization }) => ({
      status: authorization === refused ? 401 : 200,
    }))
    for (let index = 0; index < 5; index += 1) {
      refused = `Bearer ${await tokens.getToken()}`
      expect((await tokens.fetch(url)).status).toBe(200)
      pass(61.1)
    }
    expect(issuer.calls.token).toBe(6)
  })

  it('requests that are refused together share one new token', async () => {
    const { issuer, url, got, tokens } = await bedWithApi(({ authorization }) => ({
      status: authorization === `Bearer ${old}` ? 401 : 200,
    }))
    const old = await tokens.getToken()
    const answers = await Promise.all(Array.from({ length: 20 }, () => tokens.fetch(url)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(issuer.calls.token).toBe(2)
    expect(new Set(got.map(({ authorization }) => authorization)).size).toBe(2)
  })

  it('a token that was renewed meanwhile is used without another token request', async () => {
    const { issuer, url, tokens } = await bedWithApi(({ authorization }) => {
      if (authorization !== `Bearer ${old}`) return { status: 200 }
      return { status: 401 }
    })
    const old = await tokens.getToken()
    const [first] = await Promise.all([tokens.fetch(url), tokens.fetch(url)])
    expect(first.status).toBe(200)
    expect((await tokens.fetch(url)).status).toBe(200)
    expect(issuer.calls.token).toBe(2)
  })

  it('the 401 is returned if no other token can be obtained, and other callers keep the old token', async () => {
    const { issuer, url, got, tokens } = await bedWithApi(refuseFirst(1))
    const old = await tokens.getToken()
    issuer.fail('token', 503)
    const response = await tokens.fetch(url)
    expect([response.status, await response.text()]).toEqual([401, 'no'])
    expect(got).toHaveLength(1)
    expect(await tokens.getToken()).toBe(old)
  })

  it.each<[string, (url: string) => readonly [string | Request, RequestInit?]]>([
    [
      'a stream',
      (url) => [url, { method: 'POST', body: Readable.toWeb(Readable.from(['x'])) as ReadableStream }],
    ],
    [
      'a Request whose body is larger than 1 MiB',
      (url) => [new Request(url, { method: 'POST', body: 'x'.repeat(1024 * 1024 + 1) })],
    ],
  ])('%s is not sent again', async (_, make) => {
    const { url, got, tokens } = await bedWithApi(refuseFirst(1))
    expect((await tokens.fetch(...make(url))).status).toBe(401)
    expect(got).toHaveLength(1)
  })

  it('a Request without a body is sent again', async () => {
    const { url, got, tokens } = await bedWithApi(refuseFirst(1))
    expect((await tokens.fetch(new Request(url))).status).toBe(200)
    expect(got).toHaveLength(2)
  })
})

describe('a redirect', () => {
  const to = (status: number, location: string): ReturnType<Answering> => ({ status, headers: { location } })

  it.each<[number, string, string, string]>([
    [301, 'GET', 'GET', ''],
    [301, 'POST', 'GET', ''],
    [302, 'POST', 'GET', ''],
    [303, 'POST', 'GET', ''],
    [303, 'PUT', 'GET', ''],
    [303, 'HEAD', 'HEAD', ''],
    [301, 'PUT', 'PUT', 'x'],
    [302, 'DELETE', 'DELETE', 'x'],
    [307, 'POST', 'POST', 'x'],
    [308, 'PATCH', 'PATCH', 'x'],
  ])('%d of a %s is followed as %s', async (status, method, expected, body) => {
    const { url, got, tokens } = await bedWithApi(({ line }) =>
      line.endsWith('/a') ? to(status, 'b?c') : { status: 200, body: 'there' },
    )
    const sentBody = method === 'GET' || method === 'HEAD' ? {} : { body: 'x' }
    const response = await tokens.fetch(`${url}/a`, { method, ...sentBody })
    expect([response.status, response.url]).toEqual([200, `${url}/b?c`])
    expect(got[1]).toMatchObject({ line: `${expected} /b?c`, body, authorization: got[0]!.authorization })
    expect(got[0]!.authorization).toMatch(/^Bearer /)
    if (body === '') expect(got[1]!.headers['content-type']).toBeUndefined()
  })

  it.each([301, 302, 303, 307, 308])('%d to another origin is followed without the token', async (status) => {
    const other = await api(() => ({ status: 200, body: 'elsewhere' }))
    const { url, tokens } = await bedWithApi(() => to(status, `${other.url}/x`))
    const response = await tokens.fetch(url, { headers: { cookie: 'a=b', 'x-a': '1' } })
    expect(await response.text()).toBe('elsewhere')
    expect(other.got).toHaveLength(1)
    expect(other.got[0]!.headers).toMatchObject({ 'x-a': '1' })
    expect(other.got[0]!.headers).not.toHaveProperty('authorization')
    expect(other.got[0]!.headers).not.toHaveProperty('cookie')
  })

  it('to another allowed origin is followed with the token', async () => {
    const { source } = await clientBed()
    const second = await api()
    const first = await api(() => to(302, second.url))
    const tokens = source({ allowedOrigins: [first.url, `${second.url}/`] })
    await tokens.fetch(first.url)
    expect(second.got[0]!.authorization).toBe(`Bearer ${await tokens.getToken()}`)
  })

  it('that returns from another origin does not get the token again', async () => {
    const { source, issuer } = await clientBed()
    const home = await api(({ line }) => (line.endsWith('/a') ? to(302, stranger.url) : { status: 401 }))
    const stranger = await api(() => to(302, `${home.url}/delete-everything`))
    const response = await source({ allowedOrigins: home.url }).fetch(`${home.url}/a`)
    expect(home.got.map(({ line, authorization }) => [line, authorization !== undefined])).toEqual([
      ['GET /a', true],
      ['GET /delete-everything', false],
    ])
    expect([response.status, issuer.calls.token]).toEqual([401, 1])
  })

  it('followed by a 401 repeats the last request only', async () => {
    const { url, got, tokens } = await bedWithApi(({ line }, count) =>
      line === 'POST /a' ? to(303, '/b') : { status: count === 2 ? 401 : 200 },
    )
    expect((await tokens.fetch(`${url}/a`, { method: 'POST', body: 'x' })).status).toBe(200)
    expect(got.map(({ line }) => line)).toEqual(['POST /a', 'GET /b', 'GET /b'])
  })

  it('does not allow a second retry', async () => {
    const { url, got, tokens } = await bedWithApi(({ line }, count) =>
      line === 'GET /b' || count === 1 ? { status: 401 } : to(302, '/b'),
    )
    expect((await tokens.fetch(`${url}/a`)).status).toBe(401)
    expect(got.map(({ line }) => line)).toEqual(['GET /a', 'GET /a', 'GET /b'])
  })

  it('is not followed more than 20 times', async () => {
    const { url, got, tokens } = await bedWithApi(() => to(302, '/'))
    const error = await failureOf(tokens.fetch(url), TokenSourceError)
    expect([error.reason, error.message]).toEqual(['request_not_sent', expect.stringContaining('20')])
    expect(got).toHaveLength(21)
  })

  it.each([
    ['ftp://127.0.0.1/', 'not an http or https URL'],
    ['http://[', 'not an http or https URL'],
    ['data:text/plain,x', 'not an http or https URL'],
    ['http://u:p@127.0.0.1/', 'a URL with credentials'],
  ])('to %s is not followed', async (location, words) => {
    const { url, tokens } = await bedWithApi(() => to(302, location))
    const error = await failureOf(tokens.fetch(url), TokenSourceError)
    expect([error.reason, error.message]).toEqual(['request_not_sent', expect.stringContaining(words)])
  })

  it('of a stream is followed only if the body is dropped', async () => {
    const { url, got, tokens } = await bedWithApi(({ line }) =>
      line.endsWith('/b') ? { status: 200 } : to(line.endsWith('/303') ? 303 : 307, '/b'),
    )
    const stream = () => Readable.toWeb(Readable.from(['x'])) as ReadableStream
    expect((await tokens.fetch(`${url}/303`, { method: 'POST', body: stream() })).status).toBe(200)
    const error = await failureOf(
      tokens.fetch(`${url}/307`, { method: 'POST', body: stream() }),
      TokenSourceError,
    )
    expect(error.message).toContain('stream')
    expect(got.map(({ line }) => line)).toEqual(['POST /303', 'GET /b', 'POST /307'])
  })

  it('is returned or is an error, as the redirect option says', async () => {
    const { url, got, tokens } = await bedWithApi(() => to(302, '/b'))
    const response = await tokens.fetch(url, { redirect: 'manual' })
    expect([response.status, response.headers.get('location')]).toEqual([302, '/b'])
    await expect(tokens.fetch(new Request(url, { redirect: 'error' }))).rejects.toThrow(TypeError)
    expect(got).toHaveLength(2)
  })

  it('without a location is returned like any other response', async () => {
    const { url, tokens } = await bedWithApi(() => ({ status: 302, body: 'lost' }))
    expect(await (await tokens.fetch(url)).text()).toBe('lost')
  })
})
