import { describe, expect, it } from 'vitest'
import type { TokenSource } from '../../../src/client/index.js'
import { api, clientBed, type ClientBed } from '../../support/client.js'
import { nextTurn } from '../../support/until.js'

/** An API whose answer a test changes. It records the tokens that it received. */
async function changingApi(status: number) {
  const state = { status: (_: string): number => status, maxAge: undefined as number | undefined }
  const { url, got } = await api(({ authorization = '' }) => {
    const answered = state.status(authorization)
    const limit = state.maxAge === undefined ? '' : `, max_age="${state.maxAge}"`
    return answered === 401
      ? { status: 401, headers: { 'www-authenticate': `Bearer error="invalid_token"${limit}` } }
      : { status: answered }
  })
  return { url, got, state }
}

async function twoApis(bed: ClientBed) {
  const [broken, working] = [await changingApi(401), await changingApi(200)]
  return { broken, working, tokens: bed.source({ allowedOrigins: [broken.url, working.url] }) }
}

/** Refuses the tokens that it was given until now, and accepts others. */
async function revokeCurrent(tokens: TokenSource): Promise<(authorization: string) => number> {
  const revoked = `Bearer ${await tokens.getToken()}`
  return (authorization) => (authorization === revoked ? 401 : 200)
}

/** Lets the issuer return a new token for each request, which lives this many seconds. */
function issueTokens({ issuer }: ClientBed, lifetime: number): void {
  let count = 0
  issuer.fail('token', (_, response) => {
    count += 1
    const body = { access_token: `token-${count}`, token_type: 'Bearer', expires_in: lifetime }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
}

describe('an API that refuses every token', () => {
  it('does not delay the renewal that another API requires', async () => {
    const bed = await clientBed()
    const { broken, working, tokens } = await twoApis(bed)
    const refused: number[] = []
    for (let second = 0; second < 1200; second += 1) {
      await tokens.fetch(broken.url)
      if (second % 90 === 45) working.state.status = await revokeCurrent(tokens)
      if ((await tokens.fetch(working.url)).status !== 200) refused.push(second)
      bed.pass(1)
    }
    expect(refused).toEqual([])
    // One renewal for each of the 13 revocations, and those that the other API may cause: 10, and one in 5 min.
    expect(bed.issuer.calls.token).toBeLessThanOrEqual(1 + 13 + 10 + 4)
  })

  it('does not delay the renewal that an API requires whose client calls forget', async () => {
    const bed = await clientBed()
    const { broken, working, tokens } = await twoApis(bed)
    const refused: number[] = []
    const send = async (): Promise<number> => {
      const token = await tokens.getToken()
      const { status } = await fetch(working.url, { headers: { authorization: `Bearer ${token}` } })
      if (status === 401) tokens.forget(token)
      return status
    }
    for (let second = 0; second < 1200; second += 1) {
      await tokens.fetch(broken.url)
      if (second % 60 === 45) working.state.status = await revokeCurrent(tokens)
      if ((await send()) === 401 && (await send()) === 401) refused.push(second)
      bed.pass(1)
    }
    expect(refused).toEqual([])
    expect(bed.issuer.calls.token).toBeLessThanOrEqual(1 + 20 + 10 + 4)
  })

  it('causes few token requests of a client that calls forget, while another API accepts the token', async () => {
    const bed = await clientBed()
    issueTokens(bed, 1e7)
    const [working, other] = [await changingApi(200), await changingApi(200)]
    const tokens = bed.source({ allowedOrigins: [working.url, other.url] })
    for (let second = 0; second < 1800; second += 1) {
      await tokens.fetch(working.url)
      if (second % 61 === 0) tokens.forget(await tokens.getToken())
      bed.pass(1)
    }
    expect(bed.issuer.calls.token).toBeLessThanOrEqual(1 + 10 + 1800 / 300)
  })

  it('has the interval itself, and not the API that redirects to it', async () => {
    const bed = await clientBed()
    const broken = await changingApi(401)
    let current = ''
    const redirecting = await api(({ line, authorization = '' }) =>
      line === 'GET /moved'
        ? { status: 307, headers: { location: broken.url } }
        : { status: authorization === current ? 401 : 200 },
    )
    const tokens = bed.source({ allowedOrigins: [broken.url, redirecting.url] })
    for (let second = 0; second < 600; second += 1) {
      expect((await tokens.fetch(`${redirecting.url}/moved`)).status).toBe(401)
      if (second % 90 === 45) current = `Bearer ${await tokens.getToken()}`
      expect((await tokens.fetch(redirecting.url)).status).toBe(200)
      bed.pass(1)
    }
    expect(bed.issuer.calls.token).toBeLessThanOrEqual(1 + 7 + 10 + 2)
  })

  it('does not make callers of another API wait for the renewal', async () => {
    const bed = await clientBed()
    const { broken, working, tokens } = await twoApis(bed)
    const old = `Bearer ${await tokens.getToken()}`
    const gate = bed.issuer.gate('token')
    const toBroken = tokens.fetch(broken.url)
    await gate.waiting
    expect((await tokens.fetch(working.url)).status).toBe(200)
    expect(working.got.map(({ authorization }) => authorization)).toEqual([old])
    gate.release()
    expect((await toBroken).status).toBe(401)
  })

  it.each([
    [2, 61],
    [20, 61],
    [10, 120],
  ])(
    'causes few token requests of %d simultaneous callers, each %d s, that call forget',
    async (callers, pause) => {
      const bed = await clientBed()
      issueTokens(bed, 1e7)
      const tokens = bed.source()
      const bursts = 200
      for (let burst = 0; burst < bursts; burst += 1) {
        const given = await Promise.all(Array.from({ length: callers }, () => tokens.getToken()))
        for (const token of given) tokens.forget(token)
        bed.pass(pause)
      }
      // The first one, 10 that the interval allows at first, and one in 5 min.
      expect(bed.issuer.calls.token).toBeLessThanOrEqual(1 + 10 + (bursts * pause) / 300)
    },
  )

  it('causes few token requests of a program that calls getToken and forget in a loop', async () => {
    const bed = await clientBed()
    const tokens = bed.source()
    for (let second = 0; second < 600; second += 1) {
      for (let index = 0; index < 20; index += 1) tokens.forget(await tokens.getToken())
      bed.pass(1)
    }
    expect(bed.issuer.calls.token).toBeLessThanOrEqual(1 + 10 + 2)
  })

  it('causes few token requests if it refuses the token of one instance only', async () => {
    const bed = await clientBed()
    const { url } = await api(({ headers }) => ({ status: headers['x-instance'] === 'a' ? 401 : 200 }))
    const [a, b] = ['a', 'b'].map((name) => ({ name, tokens: bed.source({ allowedOrigins: url }) }))
    for (let second = 0; second < 600; second += 1) {
      for (const { name, tokens } of [a!, b!]) await tokens.fetch(url, { headers: { 'x-instance': name } })
      bed.pass(1)
    }
    expect(bed.issuer.calls.token).toBeLessThanOrEqual(2 + 10 + 2)
  })

  it('is used with tokens whose life is shorter than the interval', async () => {
    const bed = await clientBed()
    const { broken, tokens } = await twoApis(bed)
    issueTokens(bed, 60)
    for (let second = 0; second < 1200; second += 1) {
      expect((await tokens.fetch(broken.url)).status).toBe(401)
      bed.pass(1)
    }
    // One at the latest after 70 % of each life, beside those that the refusals cause.
    expect(bed.issuer.calls.token).toBeLessThanOrEqual(1 + Math.ceil(1200 / 42) + 10 + 4)
  })
})

describe('an API that recovers', () => {
  it.each([
    ['a new token', revokeCurrent],
    ['any token', () => Promise.resolve(() => 200)],
  ])('and accepts %s is used again within 5 minutes', async (_, answerOf) => {
    const bed = await clientBed()
    const { url, state } = await changingApi(401)
    const tokens = bed.source({ allowedOrigins: url })
    for (let second = 0; second < 1200; second += 1) {
      await tokens.fetch(url)
      bed.pass(1)
    }
    state.status = await answerOf(tokens)
    let waited = 0
    for (; (await tokens.fetch(url)).status !== 200; waited += 1) bed.pass(1)
    expect(waited).toBeLessThanOrEqual(300)
  })

  it('is used again immediately after reset, also with a new token', async () => {
    const bed = await clientBed()
    const { url, state } = await changingApi(401)
    const tokens = bed.source({ allowedOrigins: url })
    for (let second = 0; second < 600; second += 1) {
      await tokens.fetch(url)
      bed.pass(1)
    }
    state.status = await revokeCurrent(tokens)
    expect((await tokens.fetch(url)).status).toBe(401)
    tokens.reset()
    expect((await tokens.fetch(url)).status).toBe(200)
  })

  it('no longer causes renewals after reset, although it had stated an age limit', async () => {
    const bed = await clientBed()
    const { url, state } = await changingApi(401)
    state.maxAge = 10
    const tokens = bed.source({ allowedOrigins: url })
    await tokens.fetch(url)
    state.status = () => 200
    bed.pass(9)
    await tokens.fetch(url)
    await nextTurn()
    await tokens.getToken()
    tokens.reset()
    const before = bed.issuer.calls.token
    for (let second = 0; second < 120; second += 1) {
      await tokens.fetch(url)
      bed.pass(1)
    }
    expect(bed.issuer.calls.token).toBe(before)
  })
})

it('a clock that is set back extends no token and causes no token requests', async () => {
  let offset = 0
  const bed = await clientBed()
  const tokens = bed.source({ clock: () => bed.clock() + offset })
  const first = await tokens.getTokenInfo()
  offset = -3_600_000
  for (let second = 0; second < 60; second += 1) {
    expect(await tokens.getToken()).toBe(first.token)
    bed.pass(1)
  }
  tokens.forget(first.token)
  expect(await tokens.getToken()).not.toBe(first.token)
  expect(bed.issuer.calls.token).toBe(2)
})
