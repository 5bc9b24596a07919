import { afterAll, beforeAll, expect, it } from 'vitest'
import { accessToken, protect } from '../../../adapters/fetch.js'
import { ConfigurationError, type AccessToken } from '../../../src/index.js'
import type { TestIssuer } from '../../../src/testing/index.js'
import { bearer, createIssuer, observedVerifier, verifierFor } from '../support.js'

let issuer: TestIssuer
beforeAll(async () => {
  issuer = await createIssuer()
})
afterAll(() => issuer.close())

const ADDRESS = 'http://api.internal/orders'
const authorized = (scopes = 'orders:read') =>
  new Request(ADDRESS, { headers: bearer(issuer.mintJwt({ scopes })) })

it('calls the handler with the request, the token and every further argument', async () => {
  const seen: unknown[] = []
  const handle = protect(
    verifierFor(issuer),
    { scopes: 'orders:read' },
    (request, token, context: { readonly id: string }, last: number) => {
      seen.push(request, token, context, last)
      return new Response('handled')
    },
  )
  const request = authorized()
  const context = { id: 'o-1' }
  await handle(request, context, 7)
  expect(seen[0]).toBe(request)
  expect(seen[1]).toBe(accessToken(request))
  expect(seen[2]).toBe(context)
  expect(seen[3]).toBe(7)
})

it('returns the response of the handler unchanged', async () => {
  for (const own of [new Response('own'), Response.error(), { status: 200 }, undefined]) {
    const handle = protect(verifierFor(issuer), undefined, () => own as Response)
    expect(await handle(authorized())).toBe(own)
  }
})

it.each([
  {
    how: 'throws',
    handler: () => {
      throw new Error('the handler broke')
    },
  },
  { how: 'rejects', handler: () => Promise.reject(new Error('the handler broke')) },
])('does not catch the error of a handler that $how', async ({ handler }) => {
  await expect(protect(verifierFor(issuer), {}, handler)(authorized())).rejects.toThrow('the handler broke')
})

it.each([
  { what: 'no token', request: () => new Request(ADDRESS), status: 401 },
  {
    what: 'two tokens',
    request: () => new Request(ADDRESS, { headers: { authorization: 'Bearer a, Bearer b' } }),
    status: 400,
  },
  { what: 'a missing scope', request: () => authorized('orders:write'), status: 403 },
])('responds to $what without calling the handler', async ({ request, status }) => {
  let calls = 0
  const handle = protect(verifierFor(issuer), { scopes: 'orders:read' }, () => {
    calls += 1
    return new Response('handled')
  })
  const response = await handle(request())
  expect(response).toBeInstanceOf(Response)
  expect(response.status).toBe(status)
  expect(calls).toBe(0)
})

it('does not call the handler after an onRefusal that throws', async () => {
  let calls = 0
  const handle = protect(
    verifierFor(issuer),
    undefined,
    () => {
      calls += 1
      return new Response('handled')
    },
    {
      onRefusal: (refusal) => {
        throw refusal
      },
    },
  )
  await expect(handle(new Request(ADDRESS))).rejects.toMatchObject({ reason: 'token_missing' })
  expect(calls).toBe(0)
})

it('in report mode calls the handler without a token, and reports', async () => {
  const { verifier, events } = observedVerifier(issuer)
  const tokens: (AccessToken | undefined)[] = []
  const handle = protect(
    verifier,
    undefined,
    (_request, token) => {
      tokens.push(token)
      return new Response('handled')
    },
    { mode: 'report' },
  )
  expect(await (await handle(new Request(ADDRESS))).text()).toBe('handled')
  expect(tokens).toEqual([undefined])
  expect(events).toMatchObject([{ outcome: 'refused', reason: 'token_missing', mode: 'report' }])
})

it('adds no policy with undefined', async () => {
  const handle = protect(
    verifierFor(issuer, { policy: { clients: 'nobody-else' } }),
    undefined,
    () => new Response(),
  )
  expect((await handle(authorized())).status).toBe(403)
})

it.each([
  ['a value that is not a verifier', [{}, undefined, () => new Response()]],
  ['no handler', [undefined, {}]],
  ['options instead of the handler', [undefined, {}, { realm: 'api' }]],
  ['an undefined requirement', [undefined, { scopes: undefined }, () => new Response()]],
  ['an unknown option', [undefined, {}, () => new Response(), { relm: 'api' }]],
] as const)('is a ConfigurationError with %s', (_, [verifier = verifierFor(issuer), ...rest]) => {
  expect(() => (protect as (...given: readonly unknown[]) => unknown)(verifier, ...rest)).toThrow(
    ConfigurationError,
  )
})
