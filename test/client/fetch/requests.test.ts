import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { ConfigurationError, createVerifier, oauth } from '../../../src/index.js'
import { guard } from '../../../adapters/fetch.js'
import { TokenSourceError } from '../../../src/client/index.js'
import { api, clientBed } from '../../support/client.js'
import { failureOf } from '../../support/outcomes.js'
import { bedWithApi } from './support.js'

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
