import { describe, expect, it } from 'vitest'
import type { TokenSource } from '../../../src/client/index.js'
import { clientBed, type ClientBed } from '../../support/client.js'

const API = 'https://orders.internal'

/** Seconds. Long enough for every pause to reach its longest form: 5 min. */
const SPAN = 1200

/** How an API answers the request with this token, at this second. */
type Answer = (request: { readonly authorization: string; readonly second: number }) => {
  readonly status: number
  readonly maxAge?: number
}

/** Sends a request each second. Returns the number of refused requests, and of token requests. */
async function requestEachSecond(
  bed: ClientBed,
  { answer, send }: { readonly answer: Answer; readonly send: Send },
): Promise<{ readonly refused: number; readonly requests: number }> {
  let refused = 0
  let second = 0
  const respond = (authorization: string): Response => {
    const { status, maxAge } = answer({ authorization, second })
    if (status === 401) refused += 1
    const challenge = `Bearer error="invalid_token"${maxAge === undefined ? '' : `, max_age="${maxAge}"`}`
    return new Response(null, { status, headers: status === 401 ? { 'www-authenticate': challenge } : {} })
  }
  // The API is in this process, because so many requests over the network take most of a minute. The issuer is not.
  const source = bed.source({
    allowedOrigins: API,
    fetch: async (input, init) => {
      const request = new Request(input, init)
      if (request.url.startsWith(API)) return respond(request.headers.get('authorization') ?? '')
      return fetch(request)
    },
  })
  for (; second < SPAN; second += 1) {
    await send(source, respond)
    bed.pass(1)
  }
  return { refused, requests: bed.issuer.calls.token }
}

type Send = (source: TokenSource, respond: (authorization: string) => Response) => Promise<unknown>

const withFetch: Send = (source) => source.fetch(API)
const withForget: Send = async (source, respond) => {
  const token = await source.getToken()
  if (respond(`Bearer ${token}`).status === 401) source.forget(token)
}

/** Answers that change with each request. */
function alternating(maxAge?: number): Answer {
  let count = 0
  return () => ({ status: (count += 1) % 2 === 1 ? 401 : 200, ...(maxAge !== undefined && { maxAge }) })
}

/** The first token request, ten renewals that the pause allows at first, and one per 5 min or per minute. */
const REFUSING = 1 + 10 + SPAN / 300
const ALTERNATING = 1 + 10 + SPAN / 60
/** One token request per 7 s: the shortest age limit of 10 s, with the earliest renewal. */
const LIMITED = Math.ceil(SPAN / 7)

const APIS: readonly (readonly [string, () => Answer, number])[] = [
  ['refuses every token', () => () => ({ status: 401 }), REFUSING],
  ['alternates between 401 and 200', () => alternating(), ALTERNATING],
  [
    'alternates each second',
    () =>
      ({ second }) => ({ status: second % 2 === 1 ? 401 : 200 }),
    ALTERNATING,
  ],
  [
    'refuses one request in 30 s',
    () =>
      ({ second }) => ({ status: second % 30 === 0 ? 401 : 200 }),
    1 + SPAN / 30,
  ],
  [
    'refuses every token and states an age limit of 1 s',
    () => () => ({ status: 401, maxAge: 1 }),
    LIMITED + REFUSING,
  ],
  ['alternates and states an age limit of 0 s', () => alternating(0), LIMITED + ALTERNATING],
  ['alternates and states an age limit of 5 s', () => alternating(5), LIMITED + ALTERNATING],
]

describe.each([
  ['fetch', withFetch],
  ['forget', withForget],
])('with %s and a request each second for 20 minutes', (_, send) => {
  it.each(APIS)('an API that %s causes few token requests', async (_name, answer, most) => {
    const { refused, requests } = await requestEachSecond(await clientBed(), { answer: answer(), send })
    expect(refused).toBeGreaterThan(0)
    expect(requests).toBeLessThanOrEqual(most)
  })

  it('an API that refuses one request causes one token request, also if the issuer returns the same token', async () => {
    const bed = await clientBed()
    const body = { access_token: 'same', token_type: 'Bearer', expires_in: 2 * SPAN }
    bed.issuer.fail('token', { status: 200, body })
    const { requests } = await requestEachSecond(bed, {
      answer: ({ second }) => ({ status: second === 9 ? 401 : 200 }),
      send,
    })
    expect(requests).toBe(2)
  })

  it('an API that alternates causes few token requests if the issuer returns the same token', async () => {
    const bed = await clientBed()
    const body = { access_token: 'same', token_type: 'Bearer', expires_in: 2 * SPAN }
    bed.issuer.fail('token', { status: 200, body })
    const { requests } = await requestEachSecond(bed, { answer: alternating(), send })
    expect(requests).toBeLessThanOrEqual(REFUSING)
  })
})
