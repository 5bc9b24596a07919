import { describe, expect, it, onTestFinished } from 'vitest'
import { guard } from '../../adapters/fetch.js'
import { clerk, createVerifier, oauth, type Policy } from '../../src/index.js'
import type { TokenSource } from '../../src/client/index.js'
import { clientBed, type ClientBed } from '../support/client.js'

const API = 'https://orders.internal'
const HOUR = 3600
/** A request that is sent many times. A streamed upload cannot be sent again. */
type Send = (source: TokenSource) => Promise<Response>

const get: Send = (source) => source.fetch(`${API}/orders`)
const upload: Send = (source) =>
  source.fetch(`${API}/orders`, { method: 'POST', body: new Blob(['x']).stream() })

/** A `fetch` that calls an API behind our own guard in this process, and the issuer over the network. */
function guardedFetch(bed: ClientBed, policy: Policy): typeof fetch {
  const { issuer, clock } = bed
  const issuers = [oauth(issuer.oauth()), clerk({ ...issuer.clerk(), jwtAccess: false })]
  const verifier = createVerifier({ issuers, clock, onIssuerEvent: () => undefined })
  onTestFinished(() => verifier.close())
  const authorize = guard(verifier, policy)
  return async (input, init) => {
    const request = new Request(input, init)
    if (!request.url.startsWith(API)) return fetch(request)
    const verdict = await authorize(request)
    return verdict instanceof Response ? verdict : Response.json({ client: verdict.clientId })
  }
}

/** For how long requests are sent: an hour, or 30 times the age limit of the guard. */
const durationOf = (age: number): number => Math.min(HOUR, 30 * age)

/** Sends requests for that time. Returns how many were refused, and how many tokens were requested. */
async function sendAll(
  bed: ClientBed,
  source: TokenSource,
  {
    send = get,
    age = HOUR,
    duration = durationOf(age),
  }: { readonly send?: Send; readonly age?: number; readonly duration?: number },
  during: (second: number) => Promise<void> | void = () => undefined,
): Promise<{ readonly refused: number; readonly tokens: number }> {
  bed.issuer.resetCalls()
  let refused = 0
  // Several requests per lifetime, and not more than the test needs.
  const step = Math.max(4, age / 20)
  for (let second = 0; second < duration; second += step) {
    await during(second)
    if ((await send(source)).status !== 200) refused += 1
    bed.pass(step)
  }
  return { refused, tokens: bed.issuer.calls.token + bed.issuer.calls.clerkTokens }
}

/** The largest number of token requests in that time for tokens of this age: each is renewed after 70 % at the earliest. */
function most(age: number, duration = durationOf(age)): number {
  return Math.ceil(duration / (0.7 * age)) + 3
}

describe.each([20, 60, 300, HOUR])('a guard with maxTokenAge of %d s', (age) => {
  const policy = { maxTokenAge: age }

  it('refuses no request of a source that does not know the limit', async () => {
    const bed = await clientBed()
    const source = bed.source({ allowedOrigins: API, fetch: guardedFetch(bed, policy) })
    const { refused, tokens } = await sendAll(bed, source, { age })
    expect(refused).toBe(0)
    expect(tokens).toBeLessThanOrEqual(most(age))
  })

  it('refuses no streamed upload with maxAge, and at most the first one without it', async () => {
    const bed = await clientBed()
    const fetch = guardedFetch(bed, policy)
    const withLimit = bed.source({ allowedOrigins: API, fetch, maxAge: age })
    const known = await sendAll(bed, withLimit, { send: upload, age })
    expect(known.refused).toBe(0)
    expect(known.tokens).toBeLessThanOrEqual(most(age))
    const withoutLimit = bed.source({ allowedOrigins: API, fetch })
    const learned = await sendAll(bed, withoutLimit, { send: upload, age })
    expect(learned.refused).toBeLessThanOrEqual(1)
    expect(learned.tokens).toBeLessThanOrEqual(most(age))
  })

  it.each([undefined, '30m'])(
    'refuses no opaque token of Clerk with minRemainingTtl %s',
    async (minRemainingTtl) => {
      const bed = await clientBed()
      const shared = { allowedOrigins: API, fetch: guardedFetch(bed, policy), minRemainingTtl }
      // Long enough that Clerk returns another token in the middle.
      const { refused, tokens } = await sendAll(bed, bed.clerkSource(shared), { age, duration: HOUR })
      expect(refused).toBe(0)
      // Without the limit, Clerk may return the same token until 30 minutes are left.
      expect(tokens).toBeLessThanOrEqual(most(age, HOUR) + 30)
    },
  )
})

describe('a guard with confirmAfter', () => {
  it.each(['10s', '5m'])('of %s refuses no request, and a revoked token once', async (confirmAfter) => {
    const bed = await clientBed()
    const { issuer } = bed
    const source = bed.source({ allowedOrigins: API, fetch: guardedFetch(bed, { confirmAfter }) })
    const revokeEvery20Minutes = async (second: number): Promise<void> => {
      if (second % 1200 === 600) issuer.revoke(await source.getToken())
    }
    const { refused, tokens } = await sendAll(bed, source, { age: 200 }, revokeEvery20Minutes)
    expect(refused).toBe(0)
    expect(tokens).toBeLessThanOrEqual(6)
  })
})

describe('keys that are replaced without notice', () => {
  it('cause one renewal each, and no refused request', async () => {
    const bed = await clientBed()
    const { issuer } = bed
    const source = bed.source({ allowedOrigins: API, fetch: guardedFetch(bed, { maxTokenAge: '5m' }) })
    const { refused, tokens } = await sendAll(bed, source, { age: 300 }, (second) => {
      if (second % 900 === 450) issuer.rotateKeys()
    })
    expect(refused).toBe(0)
    expect(tokens).toBeLessThanOrEqual(most(300) + 4)
  })
})

it('the challenge for a token that is too old states the limit, and no other challenge does', async () => {
  const bed = await clientBed()
  const authorize = async (policy: Policy, age: number): Promise<string | null> => {
    const verifier = createVerifier({ issuers: [oauth(bed.issuer.oauth())], clock: bed.clock })
    onTestFinished(() => verifier.close())
    const token = bed.issuer.mintJwt({ age })
    const headers = { authorization: `Bearer ${token}` }
    const verdict = await guard(verifier, policy)(new Request(API, { headers }))
    return verdict instanceof Response ? verdict.headers.get('www-authenticate') : null
  }
  expect(await authorize({ maxTokenAge: '90s' }, 100)).toMatch(/^Bearer realm="api", .*, max_age="90"$/)
  expect(await authorize({ maxTokenAge: 0 }, 100)).not.toContain('max_age')
  expect(await authorize({ maxTokenLifetime: 1 }, 10)).not.toContain('max_age')
  expect(await authorize({ maxTokenAge: '90s' }, 10)).toBeNull()
})
