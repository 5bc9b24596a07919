import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { TokenSourceError } from '../../../src/client/index.js'
import { type Answering, api, clientBed } from '../../support/client.js'
import { failureOf } from '../../support/outcomes.js'
import { bedWithApi } from './support.js'

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
