import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import type { Answering } from '../../support/client.js'
import { bedWithApi } from './support.js'

/** Refuses the first so many requests. */
const refuseFirst =
  (refused: number): Answering =>
  (_, count) => ({ status: count <= refused ? 401 : 200, body: count <= refused ? 'no' : 'yes' })

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
