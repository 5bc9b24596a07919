import { describe, expect, it } from 'vitest'
import {
  ConfigurationError,
  createVerifier,
  oauth,
  type AccessToken,
  type CacheOptions,
  type VerifierOptions,
} from '../../src/index.js'
import { weighClaims, weighToken } from '../../src/verifier/token-weight.js'
import { testBed, type TestBed, times } from '../support/test-bed.js'

/** Verifies tokens one after the other and returns the number of calls. */
async function callsFor({ issuer, outcome }: TestBed, ...tokens: readonly string[]): Promise<number> {
  const before = issuer.calls.introspection
  for (const token of tokens) await outcome(token)
  return issuer.calls.introspection - before
}

describe('the lifetime of a cached result', () => {
  it.each([
    ['active, by default', {}, true, 29.999, 0],
    ['active, by default', {}, true, 30, 1],
    ['inactive, by default', {}, false, 4.999, 0],
    ['inactive, by default', {}, false, 5, 1],
    ['active, configured', { lifetime: '2m' }, true, 119.999, 0],
    ['active, configured', { lifetime: '2m' }, true, 120, 1],
    ['inactive, configured', { refusedLifetime: '1s' }, false, 0.999, 0],
    ['inactive, configured', { refusedLifetime: '1s' }, false, 1, 1],
    ['active, not cached', { lifetime: 0 }, true, 0, 1],
    ['inactive, not cached', { refusedLifetime: 0 }, false, 0, 1],
  ])('%s (%j): token active %s, after %s s: %s calls', async (_, remote, isGood, seconds, calls) => {
    const bed = await testBed({ issuers: (by) => [oauth(by.oauth({ remote }))] })
    const token = isGood ? bed.issuer.mintOpaque() : 'made-up'
    expect(await callsFor(bed, token)).toBe(1)
    bed.pass(seconds)
    expect(await callsFor(bed, token)).toBe(calls)
  })

  it('an active result is renewed by the next response, from the time of its request', async () => {
    const bed = await testBed()
    const token = bed.issuer.mintOpaque()
    await bed.outcome(token)
    bed.pass(30)
    expect(await callsFor(bed, token)).toBe(1)
    bed.pass(29.999)
    expect(await callsFor(bed, token)).toBe(0)
    bed.pass(0.001)
    expect(await callsFor(bed, token)).toBe(1)
  })

  it('a revocation applies when the active result expires, and an activation when the inactive one does', async () => {
    const bed = await testBed()
    const token = bed.issuer.mintOpaque()
    const early = bed.issuer.mintOpaque({ claims: { nbf: bed.now() + 5 } })
    expect(await bed.outcome(token)).toBe('accepted')
    expect(await bed.outcome(early)).toBe('token_inactive')
    bed.issuer.revoke(token)
    bed.pass(29.999)
    expect(await bed.outcome(token)).toBe('accepted')
    bed.pass(0.001)
    expect(await bed.outcome(token)).toBe('token_inactive')
    expect(await bed.outcome(early)).toBe('accepted')
  })

  it('an active result expires with its token', async () => {
    const bed = await testBed({ clockTolerance: 0 })
    const token = bed.issuer.mintOpaque({ expiresIn: 10 })
    expect(await bed.outcome(token)).toBe('accepted')
    bed.pass(9.999)
    expect(await bed.outcome(token)).toBe('accepted')
    bed.pass(0.001)
    expect(await bed.outcome(token)).toBe('token_expired')
  })

  it('an active result is not used past the expiry of its token: within the clock tolerance it is introspected', async () => {
    const bed = await testBed({ clockTolerance: '5s' })
    const token = bed.issuer.mintOpaque({ expiresIn: 10 })
    expect(await bed.outcome(token)).toBe('accepted')
    bed.pass(9.999)
    expect(await callsFor(bed, token)).toBe(0)
    bed.pass(0.001)
    expect(await callsFor(bed, token)).toBe(1)
    expect(await bed.outcome(token)).toBe('token_inactive')
  })

  it('an active result past the expiry of its token and the clock tolerance is refused without a call', async () => {
    const bed = await testBed({ clockTolerance: '5s' })
    const token = bed.issuer.mintOpaque({ expiresIn: 10 })
    await bed.outcome(token)
    bed.pass(15)
    expect(await callsFor(bed, token)).toBe(0)
    expect(await bed.outcome(token)).toBe('token_expired')
  })

  it('a clock that is set back does not extend the lifetime of cached results', async () => {
    const bed = await testBed()
    const token = bed.issuer.mintOpaque({ age: '2h', expiresIn: '2h' })
    await bed.outcome(token)
    bed.pass(-3600)
    expect(await callsFor(bed, token)).toBe(0)
    bed.pass(30)
    expect(await callsFor(bed, token)).toBe(1)
  })
})

describe('the size of the cache', () => {
  async function on(
    cache: CacheOptions,
  ): Promise<TestBed & { good: readonly string[]; junk: readonly string[] }> {
    const set = await testBed({ cache })
    return {
      ...set,
      good: times(4, () => set.issuer.mintOpaque()),
      junk: times(50, (index) => `junk-${index}`),
    }
  }

  it('a flood of invalid tokens evicts no valid one', async () => {
    const { good, junk, ...set } = await on({ maxTokens: 4, maxRefused: 2 })
    expect(await callsFor(set, ...good)).toBe(4)
    expect(await callsFor(set, ...junk)).toBe(50)
    expect(await callsFor(set, ...good)).toBe(0)
  })

  it('a flood of valid tokens evicts no refused one', async () => {
    const { good, junk, ...set } = await on({ maxTokens: 1, maxRefused: 2 })
    expect(await callsFor(set, junk[0]!, junk[1]!, ...good)).toBe(6)
    expect(await callsFor(set, junk[0]!, junk[1]!)).toBe(0)
  })

  it('more valid tokens than maxTokens evict the least recently used one', async () => {
    const { good, ...set } = await on({ maxTokens: 2 })
    const [a, b, c] = good as [string, string, string]
    await callsFor(set, a, b, a, c)
    expect(await callsFor(set, a, c)).toBe(0)
    expect(await callsFor(set, b)).toBe(1)
  })

  it('caches at most maxRefused refused tokens', async () => {
    const { junk, ...set } = await on({ maxRefused: 2 })
    const [a, b, c] = junk as [string, string, string]
    await callsFor(set, a, b, c)
    expect(await callsFor(set, b, c)).toBe(0)
    expect(await callsFor(set, a)).toBe(1)
  })

  it.each<unknown>([
    { maxTokens: 0 },
    { maxTokens: -1 },
    { maxTokens: 1.5 },
    { maxTokens: '10' },
    { maxTokens: Number.POSITIVE_INFINITY },
    { maxRefused: 0 },
    { maxrefused: 1 },
    true,
    null,
  ])('an invalid limit is a ConfigurationError: %j', async (cache) => {
    await expect(testBed({ cache: cache as CacheOptions })).rejects.toThrow(ConfigurationError)
  })
})

describe('cache: false', () => {
  it('introspects opaque tokens and verifies JWTs on every request', async () => {
    const bed = await testBed({ cache: false })
    const token = bed.issuer.mintOpaque()
    expect(await callsFor(bed, token, token, 'junk', 'junk')).toBe(4)
    const signed = bed.jwt()
    await callsFor(bed, signed, signed)
    expect(bed.events.map(({ source }) => source).slice(4)).toEqual(['local', 'local'])
  })
})

describe('facts are cached, not decisions', () => {
  it.each(['jwt', 'opaque'] as const)(
    'policies are evaluated for a cached %s token on every request',
    async (format) => {
      const { issuer, outcome, pass } = await testBed()
      const mint = { scopes: 'a', clientId: 'billing' }
      const token = format === 'jwt' ? issuer.mintJwt(mint) : issuer.mintOpaque(mint)
      expect(await outcome(token, { scopes: 'b' })).toBe('scope_insufficient')
      expect(await outcome(token, { scopes: 'a' })).toBe('accepted')
      expect(await outcome(token, { scopes: 'b' })).toBe('scope_insufficient')
      expect(await outcome(token, { clients: 'x' })).toBe('client_not_allowed')
      pass(20)
      expect(await outcome(token, { maxTokenAge: 20 })).toBe('token_too_old')
      expect(await outcome(token, { maxTokenAge: 21 })).toBe('accepted')
      expect(issuer.calls.introspection).toBe(format === 'jwt' ? 0 : 1)
    },
  )

  it('a cached JWT is used until its expiry', async () => {
    const { jwt, outcome, events, pass } = await testBed({ clockTolerance: 0 })
    const token = jwt({ expiresIn: 300 })
    await outcome(token)
    pass(299.999)
    expect(await outcome(token)).toBe('accepted')
    pass(0.001)
    expect(await outcome(token)).toBe('token_expired')
    expect(events.map(({ source }) => source)).toEqual(['local', 'cache', 'cache'])
  })

  it('a token that differs in one character is another token', async () => {
    const { jwt, outcome, issuer } = await testBed()
    const [signed, opaque] = [jwt(), issuer.mintOpaque()]
    await outcome(signed)
    await outcome(opaque)
    const end = signed.lastIndexOf('.') + 1
    const other = signed[end] === 'A' ? 'B' : 'A'
    expect(await outcome(signed.slice(0, end) + other + signed.slice(end + 1))).toBe('signature_invalid')
    expect(await outcome(`${opaque}a`)).toBe('token_inactive')
  })
})

describe('tokens that no route can accept', () => {
  it('evict none that a route accepts, and are introspected only once', async () => {
    const { issuer, outcome, opaque } = await testBed({ cache: { maxTokens: 5, maxRefused: 3 } })
    const valid = Array.from({ length: 5 }, () => opaque())
    for (const token of valid) expect(await outcome(token)).toBe('accepted')
    const elsewhere = Array.from({ length: 50 }, () => opaque({ audience: 'https://another.test' }))
    for (const token of elsewhere) expect(await outcome(token)).toBe('audience_mismatch')
    const { introspection } = issuer.calls
    expect(await outcome(elsewhere.at(-1)!)).toBe('audience_mismatch')
    for (const token of valid) expect(await outcome(token)).toBe('accepted')
    expect(issuer.calls.introspection).toBe(introspection)
  })
})

describe('cache.maxBytes', () => {
  it('limits what is cached, not what is accepted', async () => {
    const { issuer, outcome, opaque } = await testBed({ cache: { maxBytes: 65_536 } })
    const tokens = Array.from({ length: 100 }, () => opaque())
    for (const token of tokens) expect(await outcome(token)).toBe('accepted')
    expect(issuer.calls.introspection).toBe(100)
    expect(await outcome(tokens.at(-1)!)).toBe('accepted')
    expect(issuer.calls.introspection).toBe(100)
    expect(await outcome(tokens[0]!)).toBe('accepted')
    expect(issuer.calls.introspection).toBe(101)
  })

  it.each([0, -1, 1.5, 65_535, '64 MiB', null])('%j is an error that names the option', (maxBytes) => {
    const options = { issuers: [], cache: { maxBytes } } as unknown as VerifierOptions
    expect(() => createVerifier({ ...options, issuers: [oauth(OPTIONS)] })).toThrow(/cache\.maxBytes/)
  })

  it('holds 10,000 ordinary tokens by default', async () => {
    const bed = await testBed()
    const claims = { tenant: 'acme', roles: ['admin', 'reader'], email: 'billing@example.com', version: 2 }
    const weight = 10_000 * weightOf(await bed.verifier.verify(bed.jwt({ claims })))
    expect(weight).toBeLessThan((67_108_864 * 14) / 16)
  })
})

const OPTIONS = { issuer: 'https://auth.example.com', audience: 'https://api.test' }

function weightOf(token: AccessToken): number {
  return weighToken(token) + (weighClaims(token.claims, 1e6) ?? 0)
}
