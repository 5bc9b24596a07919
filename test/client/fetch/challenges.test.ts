import { describe, expect, it } from 'vitest'
import { readChallenges } from '../../../src/client/fetch/challenge.js'
import { api, clientBed } from '../../support/client.js'

/** Sends one request to an API that refuses it with a challenge. Returns how often the API was called. */
async function callsWith(challenge: string | undefined) {
  const bed = await clientBed()
  const { url, got } = await api(() => ({
    status: 401,
    headers: challenge === undefined ? {} : { 'www-authenticate': challenge },
  }))
  const tokens = bed.source({ allowedOrigins: url })
  await tokens.fetch(url)
  return { bed, tokens, url, calls: got.length }
}

describe('a 401 renews the token only if its challenge is about the token', () => {
  it.each<[string | undefined, boolean]>([
    [undefined, true],
    ['', true],
    ['Bearer', true],
    ['bearer realm="a"', true],
    ['Bearer error="invalid_token"', true],
    ['Bearer realm="a, b", error="invalid_token", error_description="too \\"old\\", renew"', true],
    ['Basic realm="x", Bearer error="invalid_token"', true],
    ['DPoP error="invalid_dpop_proof", Bearer error="invalid_token"', true],
    ['Bearer error="invalid_token", DPoP error="insufficient_scope"', true],
    ['Bearer error="insufficient_scope", Bearer realm="other"', true],
    ['Negotiate YWJj==, Bearer error=invalid_token', true],
    ['Bearer error="insufficient_scope", scope="a"', false],
    ['Bearer error="invalid_request"', false],
    ['Bearer error="insufficient_user_authentication", max_age="5"', false],
    ['DPoP error="invalid_token", Bearer error="insufficient_scope"', false],
    ['Basic realm="Bearer error=invalid_token"', false],
    ['Basic realm="a, Bearer realm=b"', false],
    ['Negotiate', false],
    ['DPoP algs="ES256"', false],
  ])('%s: %s', async (challenge, isRenewed) => {
    const { bed, calls } = await callsWith(challenge)
    expect({ calls, requests: bed.issuer.calls.token }).toEqual(
      isRenewed ? { calls: 2, requests: 2 } : { calls: 1, requests: 1 },
    )
  })
})

describe('max_age is an age limit only in a challenge about the token, as seconds', () => {
  it.each<[string, boolean]>([
    ['Bearer error="invalid_token", max_age="20"', true],
    ['Bearer max_age=20', true],
    ['Basic realm="x", Bearer error="invalid_token", max_age="20"', true],
    ['Bearer max_age="20", Bearer max_age="9999"', true],
    ['Bearer error="invalid_token", max_age="-20"', false],
    ['Bearer error="invalid_token", max_age="0.5"', false],
    ['Bearer error="invalid_token", max_age="1e1"', false],
    ['Bearer error="invalid_token", max_age="99999999999999999999"', false],
    ['Bearer error="invalid_token", max_age=""', false],
    ['Bearer error="invalid_token", max_age', false],
    ['Bearer realm="a, max_age=1"', false],
    ['Bearer error="insufficient_user_authentication", max_age="20"', false],
    ['Bearer error="invalid_token", DPoP max_age="20"', false],
  ])('%s: %s', async (challenge, isLimit) => {
    const { bed, tokens } = await callsWith(challenge)
    const first = await tokens.getToken()
    bed.pass(21)
    expect((await tokens.getToken()) !== first).toBe(isLimit)
  })
})

it.each<[string, (response: Response) => unknown]>([
  [
    'throws',
    () => {
      throw new Error('mistake')
    },
  ],
  ['returns a promise', () => Promise.resolve(true)],
])('a function retryOn401 that %s rejects the call, and the response is released', async (_, retryOn401) => {
  const bed = await clientBed()
  let isReleased = false
  const body = (): ReadableStream => new ReadableStream({ cancel: () => void (isReleased = true) })
  const tokens = bed.source({
    allowedOrigins: 'https://orders.test',
    retryOn401: retryOn401 as (response: Response) => boolean,
    fetch: (input, init) =>
      (input instanceof Request ? input.url : input.toString()).startsWith(bed.issuer.url)
        ? fetch(input, init)
        : Promise.resolve(new Response(body(), { status: 401 })),
  })
  await expect(tokens.fetch('https://orders.test/')).rejects.toThrow(
    /mistake|retryOn401: must return true or false/,
  )
  expect(isReleased).toBe(true)
})

it.each(['bearer ', ',', ' ', 'a=', 'a="', '\\"', 'max_age=1 ', 'a '.repeat(9), '"\\'])(
  'a header of 1 MiB that repeats %j is read, with at most one challenge for each word',
  (part) => {
    const text = part.repeat(2 ** 20 / part.length)
    for (const header of [text, `Bearer realm="${text}`]) {
      expect(readChallenges(header).length).toBeLessThanOrEqual(2 ** 20)
    }
  },
)
