import { describe, expect, it } from 'vitest'
import { api, clientBed, type ClientBed } from '../../support/client.js'
import { nextTurn } from '../../support/until.js'

/** An API that refuses each token once it is this old, in seconds by the clock of the bed. */
async function apiWithMaxAge(bed: Pick<ClientBed, 'now'>, maxAge: number): ReturnType<typeof api> {
  const firstSeen = new Map<string, number>()
  return api(({ authorization = '' }) => {
    const seen = firstSeen.get(authorization) ?? bed.now()
    firstSeen.set(authorization, seen)
    return { status: bed.now() - seen >= maxAge ? 401 : 200 }
  })
}

/** For how long requests are sent, one each second. */
const SECONDS = 240

describe('a token that an API accepted and then refuses', () => {
  it.each([5, 20, 60])('after %d s is renewed each time, and no request fails', async (maxAge) => {
    const bed = await clientBed()
    const { url } = await apiWithMaxAge(bed, maxAge)
    const tokens = bed.source({ allowedOrigins: url })
    const statuses: number[] = []
    for (let second = 0; second < SECONDS; second += 1) {
      statuses.push((await tokens.fetch(url)).status)
      bed.pass(1)
    }
    expect(statuses.filter((status) => status !== 200)).toEqual([])
    expect(bed.issuer.calls.token).toBeLessThanOrEqual(SECONDS / maxAge + 1)
  })

  it.each([5, 20, 60])('after %d s is renewed each time by a client that calls forget', async (maxAge) => {
    const bed = await clientBed()
    const { url } = await apiWithMaxAge(bed, maxAge)
    const tokens = bed.source()
    const send = async (): Promise<number> => {
      const token = await tokens.getToken()
      const { status } = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
      if (status === 401) tokens.forget(token)
      return status
    }
    let refused = 0
    for (let second = 0; second < SECONDS; second += 1) {
      if ((await send()) === 401 && (await send()) === 401) refused += 1
      bed.pass(1)
    }
    expect(refused).toBe(0)
    expect(bed.issuer.calls.token).toBeLessThanOrEqual(SECONDS / maxAge + 1)
  })

  it('is renewed after a minute of success, although the API had refused every token for minutes', async () => {
    let answer: (authorization: string) => number = () => 401
    const { url } = await api(({ authorization = '' }) => ({ status: answer(authorization) }))
    const { issuer, source, pass } = await clientBed()
    const tokens = source({ allowedOrigins: url })
    for (let index = 0; index < 200; index += 1) {
      await tokens.fetch(url)
      pass(1)
    }
    answer = () => 200
    expect((await tokens.fetch(url)).status).toBe(200)
    pass(60)
    expect((await tokens.fetch(url)).status).toBe(200)
    const old = `Bearer ${await tokens.getToken()}`
    answer = (authorization) => (authorization === old ? 401 : 200)
    issuer.resetCalls()
    expect((await tokens.fetch(url)).status).toBe(200)
    expect(issuer.calls.token).toBe(1)
  })
})

describe('forget', () => {
  it('causes two token requests for fifty refused requests, like fetch', async () => {
    const { issuer, source } = await clientBed()
    const tokens = source()
    for (let index = 0; index < 50; index += 1) tokens.forget(await tokens.getToken())
    expect(issuer.calls.token).toBe(2)
  })

  it('and fetch share the pause after a renewal', async () => {
    const { url } = await api(() => ({ status: 401 }))
    const { issuer, source, pass } = await clientBed()
    const tokens = source({ allowedOrigins: url })
    await tokens.fetch(url)
    tokens.forget(await tokens.getToken())
    await tokens.getToken()
    await tokens.fetch(url)
    expect(issuer.calls.token).toBe(2)
    pass(1.1)
    tokens.forget(await tokens.getToken())
    await tokens.fetch(url)
    expect(issuer.calls.token).toBe(3)
  })

  it('keeps the old token as the fallback if no other can be obtained', async () => {
    const { issuer, source } = await clientBed()
    const tokens = source()
    const first = await tokens.getToken()
    tokens.forget(first)
    issuer.fail('token', 500)
    expect(await tokens.getToken()).toBe(first)
    expect(await tokens.getToken()).toBe(first)
    expect(issuer.calls.token).toBe(2)
  })

  it('is followed by one renewal however many callers wait for it', async () => {
    const { issuer, source } = await clientBed()
    const tokens = source()
    const first = await tokens.getToken()
    tokens.forget(first)
    const next = await Promise.all(Array.from({ length: 20 }, () => tokens.getToken()))
    expect(new Set(next).size).toBe(1)
    expect(next[0]).not.toBe(first)
    expect(issuer.calls.token).toBe(2)
  })
})

describe('minRemainingTtl at Clerk', () => {
  it('does not return a token again that an API has refused', async () => {
    const { issuer, clerkSource, pass } = await clientBed()
    let refused = ''
    const { url } = await api(({ authorization = '' }) => ({ status: authorization === refused ? 401 : 200 }))
    const tokens = clerkSource({ minRemainingTtl: '10m', allowedOrigins: url })
    for (let index = 0; index < 5; index += 1) {
      refused = `Bearer ${await tokens.getToken()}`
      expect((await tokens.fetch(url)).status).toBe(200)
      pass(20)
    }
    expect(issuer.calls.clerkTokens).toBe(6)
  })

  it('does not return a forgotten token again', async () => {
    const { clerkSource } = await clientBed()
    const tokens = clerkSource({ minRemainingTtl: '10m' })
    const first = await tokens.getToken()
    tokens.forget(first)
    expect(await tokens.getToken()).not.toBe(first)
  })
})

it('a refused token is not returned to other callers while it is replaced', async () => {
  const { issuer, source } = await clientBed()
  let old = ''
  const { url } = await api(({ authorization }) => ({
    status: authorization === `Bearer ${old}` ? 401 : 200,
  }))
  const tokens = source({ allowedOrigins: url })
  old = await tokens.getToken()
  const gate = issuer.gate('token')
  const sent = tokens.fetch(url)
  await gate.waiting
  const other = tokens.getToken()
  await nextTurn()
  gate.release()
  expect(await other).not.toBe(old)
  expect((await sent).status).toBe(200)
  expect(issuer.calls.token).toBe(2)
})
