import { describe, expect, it } from 'vitest'
import { jwksBed, LONG_LIVED, testBed, times } from '../support/test-bed.js'

describe('keys are fetched once and shared', () => {
  it('by 100 concurrent requests with as many tokens on a cold verifier', async () => {
    const { issuer, jwt, outcome } = await testBed()
    const tokens = times(100, () => jwt())
    const gate = issuer.gate('jwks')
    const outcomes = tokens.map((token) => outcome(token))
    await gate.waiting
    gate.release()
    expect(new Set(await Promise.all(outcomes))).toEqual(new Set(['accepted']))
    expect(issuer.calls).toMatchObject({ discovery: 1, jwks: 1, total: 2 })
  })

  it('by later requests until their lifetime ends', async () => {
    const { issuer, jwt, outcome, pass } = await jwksBed()
    for (let seconds = 0; seconds < 420; seconds += 60) {
      expect(await outcome(jwt())).toBe('accepted')
      pass(60)
    }
    expect(issuer.calls.jwks).toBe(1)
  })
})

describe('keys are refreshed in the background', () => {
  it('from 80 % ± 10 % of their lifetime, without waiting requests and with one fetch', async () => {
    const { issuer, jwt, outcome, pass } = await jwksBed()
    const token = jwt()
    await outcome(token)
    pass(419.999)
    await outcome(token)
    expect(issuer.calls.jwks).toBe(1)
    pass(540 - 419.999)
    const gate = issuer.gate('jwks')
    const outcomes = await Promise.all(times(100, () => outcome(jwt())))
    expect(new Set(outcomes)).toEqual(new Set(['accepted']))
    await gate.waiting
    expect(await outcome(token)).toBe('accepted')
    expect(issuer.calls.jwks).toBe(2)
    gate.release()
  })

  it('by requests with a cached token too', async () => {
    const { issuer, jwt, outcome, pass } = await jwksBed()
    const token = jwt()
    await outcome(token)
    pass(540)
    const gate = issuer.gate('jwks')
    expect(await outcome(token)).toBe('accepted')
    await gate.waiting
    expect(issuer.calls.jwks).toBe(2)
    gate.release()
  })

  it('not by an idle verifier', async () => {
    const { issuer, jwt, outcome, pass, verifier } = await jwksBed()
    await outcome(jwt())
    pass(86_400)
    verifier.health()
    expect(issuer.calls.jwks).toBe(1)
  })
})

describe('the lifetime of fetched keys', () => {
  it.each<[string, Record<string, string>, number]>([
    ['10 minutes', {}, 600],
    ['a shorter max-age', { 'cache-control': 'public, max-age=120' }, 120],
    ['a max-age less the time in caches', { 'cache-control': 'max-age=300', age: '100' }, 200],
    ['no less than a minute', { 'cache-control': 'max-age=10' }, 60],
    ['no less than a minute, whatever is said', { 'cache-control': 'no-store' }, 60],
    ['no longer than 10 minutes', { 'cache-control': 'max-age=31536000' }, 600],
    ['10 minutes where nonsense is said', { 'cache-control': 'max-age=soon' }, 600],
  ])('%s (%j): %s s', async (_, headers, lifetime) => {
    const { issuer, jwt, outcome, pass } = await jwksBed()
    issuer.fail('jwks', { headers })
    const token = jwt()
    await outcome(token)
    issuer.removeKey(issuer.keys[0]!)
    pass(lifetime * 0.7 - 0.001)
    expect(await outcome(token)).toBe('accepted')
    expect(issuer.calls.jwks).toBe(1)
    const gate = issuer.gate('jwks')
    pass(lifetime * 0.3)
    expect(await outcome(token)).toBe('accepted')
    pass(0.001)
    const late = outcome(token)
    gate.release()
    expect(await late).toBe('key_unknown')
  })

  it('is configurable', async () => {
    const { issuer, jwt, outcome, pass } = await jwksBed({ keys: { lifetime: '2m' } })
    const token = jwt()
    await outcome(token)
    issuer.removeKey(issuer.keys[0]!)
    pass(120)
    expect(await outcome(token)).toBe('key_unknown')
  })
})

describe('a change of keys', () => {
  it('a new key is found by the first token that names it', async () => {
    const { issuer, jwt, outcome } = await jwksBed()
    await outcome(jwt())
    issuer.rotateKeys()
    expect(await outcome(jwt())).toBe('accepted')
    expect(issuer.calls.jwks).toBe(2)
  })

  it('a key is published ahead and used, and the old one withdrawn: no valid token is refused', async () => {
    const { issuer, jwt, outcome, pass } = await jwksBed()
    const old = jwt()
    expect(await outcome(old)).toBe('accepted')
    const kid = issuer.addKey({ algorithm: 'ES256' })
    pass(600)
    expect(await outcome(old)).toBe('accepted')
    const young = issuer.mintJwt({ kid, ...LONG_LIVED })
    expect(await outcome(young)).toBe('accepted')
    expect(await outcome(old)).toBe('accepted')
    expect(issuer.calls.jwks).toBe(2)
  })

  it('a withdrawn key verifies no token, cached or new', async () => {
    const { issuer, jwt, outcome, pass } = await jwksBed()
    const [remembered, unseen] = [jwt(), jwt()]
    await outcome(remembered)
    issuer.rotateKeys()
    pass(600)
    expect(await outcome(remembered)).toBe('key_unknown')
    expect(await outcome(unseen)).toBe('key_unknown')
  })

  it('of two keys, only the tokens of the withdrawn one are refused', async () => {
    const { issuer, jwt, outcome, pass } = await jwksBed()
    const first = jwt()
    const kid = issuer.addKey({ algorithm: 'EdDSA' })
    const second = issuer.mintJwt({ kid, ...LONG_LIVED })
    await outcome(first)
    await outcome(second)
    issuer.removeKey(kid)
    pass(600)
    expect(await outcome(first)).toBe('accepted')
    expect(await outcome(second)).toBe('key_unknown')
  })

  it('another key under the same id is another key', async () => {
    const { issuer, jwt, outcome, pass } = await jwksBed()
    const token = jwt()
    await outcome(token)
    const { kid } = issuer.jwks().keys[0]!
    const other = issuer.addKey({ algorithm: 'ES256' })
    const swapped = { ...issuer.jwks().keys.find((key) => key.kid === other)!, kid }
    issuer.fail('jwks', { body: { keys: [swapped] } })
    pass(600)
    expect(await outcome(token)).toBe('signature_invalid')
  })

  it('a key that is published again verifies tokens again', async () => {
    const { issuer, jwt, outcome, pass } = await jwksBed()
    const token = jwt()
    await outcome(token)
    issuer.fail('jwks', { body: { keys: [] } })
    pass(600)
    expect(await outcome(token)).toBe('key_unknown')
    issuer.heal()
    pass(600)
    expect(await outcome(token)).toBe('accepted')
  })
})

describe('an unknown key id', () => {
  it('causes at most one fetch in 10 s, however many there are', async () => {
    const { issuer, jwt, outcome, pass } = await jwksBed()
    await outcome(jwt())
    const junk = (count: number) =>
      Promise.all(times(count, () => outcome(jwt({ header: { kid: crypto.randomUUID() } }))))
    expect(new Set(await junk(50))).toEqual(new Set(['key_unknown']))
    expect(issuer.calls.jwks).toBe(2)
    pass(9.999)
    await junk(50)
    expect(issuer.calls.jwks).toBe(2)
    pass(0.001)
    await junk(50)
    expect(issuer.calls.jwks).toBe(3)
  })

  it('triggers no second fetch immediately after the fetch that it triggered', async () => {
    const { issuer, jwt, outcome } = await jwksBed()
    expect(await outcome(jwt({ header: { kid: 'nobody' } }))).toBe('key_unknown')
    expect(issuer.calls.jwks).toBe(1)
  })

  it('requested repeatedly causes one fetch in 10 s, and its backoff never grows', async () => {
    const { issuer, jwt, outcome, pass } = await jwksBed({ keys: { lifetime: '1d', stale: '2d' } })
    await outcome(jwt())
    for (let seconds = 0; seconds < 300; seconds += 10) {
      expect(await outcome(jwt({ header: { kid: 'nobody' } }))).toBe('key_unknown')
      pass(10)
    }
    // No longer backoff, because a caller with an absent id may have a token of a key that is published now.
    expect(issuer.calls.jwks).toBe(31)
  })

  it('in a flood delays a new key by 10 s at most', async () => {
    const { issuer, jwt, outcome, pass } = await jwksBed()
    await outcome(jwt())
    await outcome(jwt({ header: { kid: 'junk' } }))
    issuer.rotateKeys()
    const token = jwt()
    expect(await outcome(token)).toBe('key_unknown')
    pass(10)
    expect(await outcome(token)).toBe('accepted')
    expect(issuer.calls.jwks).toBe(3)
  })

  it('does not affect cached tokens', async () => {
    const { issuer, jwt, outcome, events } = await jwksBed()
    const token = jwt()
    await outcome(token)
    for (const index of times(50, (at) => at)) await outcome(jwt({ header: { kid: `junk-${index}` } }))
    expect(await outcome(token)).toBe('accepted')
    expect(events.at(-1)?.source).toBe('cache')
    expect(issuer.calls.jwks).toBe(2)
  })

  it('is undecidable while fetches fail, because its key may be newer than the cached set', async () => {
    const { issuer, jwt, outcome } = await jwksBed()
    const token = jwt()
    await outcome(token)
    issuer.fail('jwks', 503)
    expect(await outcome(jwt({ header: { kid: 'new' } }))).toBe('keys_unavailable')
    expect(await outcome(token)).toBe('accepted')
  })
})

describe('the id of a coming key', () => {
  it('presented once a second by an unauthenticated caller delays its valid tokens by unknownKeyPause at most', async () => {
    const { issuer, jwt, outcome, pass } = await jwksBed()
    expect(await outcome(jwt())).toBe('accepted')
    const published = issuer.jwks()
    const kid = issuer.addKey({ algorithm: 'ES256', use: true })
    issuer.fail('jwks', { body: published })
    const guessed = jwt({ header: { kid } })
    for (let second = 0; second < 95; second += 1) {
      expect(await outcome(guessed)).toBe('key_unknown')
      pass(1)
    }
    expect(issuer.calls.jwks).toBeLessThanOrEqual(11)
    issuer.heal()
    const valid = jwt()
    let waited = 0
    for (; (await outcome(valid)) !== 'accepted'; waited += 1) {
      await outcome(guessed)
      pass(1)
    }
    expect(waited).toBeLessThanOrEqual(10)
  })
})
