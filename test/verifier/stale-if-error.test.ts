import { describe, expect, it } from 'vitest'
import type { Policy } from '../../src/index.js'
import type { Fault, FaultHandler } from '../../src/testing/index.js'
import { htmlPage, says, saysJson } from '../support/servers/misbehaviours.js'
import { refusalOf } from '../support/outcomes.js'
import { testBed, type TestBed } from '../support/test-bed.js'

describe('a cached result past its lifetime, while the issuer is unavailable', () => {
  it.each<[string, Policy | undefined, Policy | undefined, number, string]>([
    ['by default', undefined, undefined, 29.999, 'accepted'],
    ['by default', undefined, undefined, 30, 'issuer_unavailable'],
    ['60 s on the route', undefined, { staleIfError: 60 }, 30, 'accepted'],
    ['60 s on the route', undefined, { staleIfError: '1m' }, 89.999, 'accepted'],
    ['60 s on the route', undefined, { staleIfError: '1m' }, 90, 'issuer_unavailable'],
    ['60 s for all', { staleIfError: 60 }, undefined, 89.999, 'accepted'],
    ['60 s for all, 10 s on the route', { staleIfError: 60 }, { staleIfError: 10 }, 39.999, 'accepted'],
    ['60 s for all, 10 s on the route', { staleIfError: 60 }, { staleIfError: 10 }, 40, 'issuer_unavailable'],
    ['10 s for all, 60 s on the route', { staleIfError: 10 }, { staleIfError: 60 }, 40, 'issuer_unavailable'],
    ['confirmed every 20 s', { staleIfError: 60, confirmAfter: 20 }, undefined, 79.999, 'accepted'],
    ['confirmed every 20 s', { staleIfError: 60, confirmAfter: 20 }, undefined, 80, 'issuer_unavailable'],
    [
      '60 s for all, confirmed on every request',
      { staleIfError: 60 },
      { confirmAfter: 0 },
      0,
      'issuer_unavailable',
    ],
    [
      'the same with verifier and route exchanged',
      { confirmAfter: 0 },
      { staleIfError: 60 },
      0,
      'issuer_unavailable',
    ],
    ['60 s for all, confirmed every 20 s', { staleIfError: 60 }, { confirmAfter: 20 }, 19.999, 'accepted'],
    [
      '60 s for all, confirmed every 20 s',
      { staleIfError: 60 },
      { confirmAfter: 20 },
      20,
      'issuer_unavailable',
    ],
    [
      'the same with verifier and route exchanged',
      { confirmAfter: 20 },
      { staleIfError: 60 },
      20,
      'issuer_unavailable',
    ],
    ['both on the route', undefined, { confirmAfter: 0, staleIfError: 60 }, 59.999, 'accepted'],
    ['0 on the route', { staleIfError: 60 }, { staleIfError: 0 }, 30, 'issuer_unavailable'],
  ])('%s (%j, %j): after %s s %s', async (_, policy, route, seconds, expected) => {
    const { issuer, outcome, pass } = await testBed(policy === undefined ? {} : { policy })
    const token = issuer.mintOpaque()
    expect(await outcome(token)).toBe('accepted')
    issuer.fail('introspection', 500)
    pass(seconds)
    expect(await outcome(token, route)).toBe(expected)
  })

  it('is reported with the source cache, and is replaced by the next response', async () => {
    const { issuer, outcome, pass, events } = await testBed({ policy: { staleIfError: '1h' } })
    const token = issuer.mintOpaque()
    await outcome(token)
    issuer.fail('introspection', 500)
    pass(30)
    await outcome(token)
    issuer.heal()
    pass(60)
    await outcome(token)
    expect(events.map(({ source }) => source)).toEqual(['remote', 'cache', 'remote'])
    issuer.revoke(token)
    pass(30)
    expect(await outcome(token)).toBe('token_inactive')
  })

  it('never overrides an inactive result', async () => {
    const { issuer, outcome, pass } = await testBed({ policy: { staleIfError: '1h' } })
    const token = issuer.mintOpaque()
    await outcome(token)
    issuer.revoke(token)
    pass(30)
    expect(await outcome(token)).toBe('token_inactive')
    issuer.fail('introspection', 500)
    pass(5)
    expect(await outcome(token)).toBe('issuer_unavailable')
  })

  it('is still checked against expiry and policy', async () => {
    const { issuer, outcome, pass } = await testBed({ clockTolerance: 0, policy: { staleIfError: '1h' } })
    const token = issuer.mintOpaque({ expiresIn: 60, scopes: 'a' })
    await outcome(token)
    issuer.fail('introspection', 500)
    pass(59)
    expect(await outcome(token, { scopes: 'b' })).toBe('scope_insufficient')
    expect(await outcome(token, { maxTokenAge: 59 })).toBe('token_too_old')
    expect(await outcome(token)).toBe('accepted')
    pass(1)
    expect(await outcome(token)).toBe('token_expired')
  })

  it.each<[string, Record<string, string>]>([
    ['with Retry-After', { 'retry-after': '9' }],
    ['without Retry-After', {}],
  ])('is never used because of a 429, which our own load may have caused: %s', async (_, headers) => {
    const { issuer, outcome, pass, opaque } = await testBed({ policy: { staleIfError: '1h' } })
    const token = issuer.mintOpaque()
    await outcome(token)
    issuer.fail('introspection', { status: 429, headers })
    pass(30)
    expect(await outcome(token)).toBe('issuer_overloaded')
    // Not while the circuit is open after it either.
    for (let flood = 0; flood < 6; flood += 1) await outcome(opaque())
    const { introspection } = issuer.calls
    expect(await outcome(token)).toBe('issuer_overloaded')
    expect(issuer.calls.introspection).toBe(introspection)
  })

  it('is not used while the circuit is open after failures that include a 429', async () => {
    const { issuer, outcome, pass, opaque, health } = await testBed({ policy: { staleIfError: '1h' } })
    const token = issuer.mintOpaque()
    await outcome(token)
    pass(28)
    for (const how of [429, 'reset', 'reset', 'reset', 'reset'] as const) {
      issuer.fail('introspection', how)
      await outcome(opaque())
    }
    expect(health().remote?.breaker).toBe('open')
    pass(2)
    expect(await outcome(token)).toBe('issuer_overloaded')
  })

  it('is not available for a token that was never introspected', async () => {
    const { issuer, verifier } = await testBed({ policy: { staleIfError: '1h' } })
    issuer.fail('introspection', 500)
    const refusal = await refusalOf(verifier.verify(issuer.mintOpaque()))
    expect(refusal).toMatchObject({ reason: 'issuer_unavailable', status: 503 })
  })
})

describe('a JWT whose confirmation has expired, while the issuer is unavailable', () => {
  it.each([
    [600, 'accepted'],
    [659.999, 'accepted'],
    [660, 'issuer_unavailable'],
  ])('confirmed %s s ago under confirmAfter 10 m and staleIfError 1 m: %s', async (seconds, expected) => {
    const { issuer, jwt, outcome, pass } = await testBed({
      policy: { confirmAfter: '10m', staleIfError: '1m' },
    })
    const token = jwt({ age: '10m', expiresIn: '2h' })
    expect(await outcome(token)).toBe('accepted')
    issuer.fail('introspection', 500)
    pass(seconds)
    expect(await outcome(token)).toBe(expected)
  })

  it('that was never confirmed is not accepted by staleIfError', async () => {
    const { issuer, jwt, outcome } = await testBed({ policy: { confirmAfter: '10m', staleIfError: '1h' } })
    issuer.fail('introspection', 500)
    expect(await outcome(jwt({ age: '10m' }))).toBe('issuer_unavailable')
  })
})

/** Responds in the given way for one token, and with active: false for all others. */
function onlyAbout(token: string, page: FaultHandler): FaultHandler {
  return (request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      const isOne = new URLSearchParams(body).get('token') === token
      ;(isOne ? page : saysJson(200, { active: false }))(request, response)
    })
  }
}

describe('a status for one token, while the issuer responds for others', () => {
  const ABOUT_ONE: readonly (readonly [string, FaultHandler, string])[] = [
    ['400', says(400), 'issuer_refused_us'],
    ['403', says(403), 'issuer_refused_us'],
    ['404', says(404), 'issuer_unavailable'],
    ['405', says(405), 'issuer_unavailable'],
    ['410', says(410), 'issuer_unavailable'],
    ['413', says(413), 'issuer_unavailable'],
    ['422', says(422), 'issuer_unavailable'],
    ['429', says(429), 'issuer_overloaded'],
    ['500', says(500), 'issuer_unavailable'],
    ['502', says(502), 'issuer_unavailable'],
    ['503', says(503), 'issuer_unavailable'],
    ['a redirect', says(302, '', { location: '/blocked' }), 'issuer_unavailable'],
    ['HTML at 200', htmlPage, 'issuer_unavailable'],
    ['JSON without active', saysJson(200, {}), 'issuer_unavailable'],
    ['half of a response', says(200, '{"active":tr'), 'issuer_unavailable'],
    ['a response of 100 KB', says(200, ' '.repeat(100_000)), 'issuer_unavailable'],
  ]
  const TOKENS: readonly (readonly [string, Policy, (bed: TestBed) => string])[] = [
    ['an opaque token', { staleIfError: '10m' }, ({ opaque }) => opaque()],
    ['a JWT', { staleIfError: '10m', confirmAfter: 20 }, ({ jwt }) => jwt({ age: '10m', expiresIn: '2h' })],
  ]

  it.each(
    TOKENS.flatMap(([kind, ...how]) =>
      ABOUT_ONE.map(([name, ...row]) => [kind, name, ...how, ...row] as const),
    ),
  )('never allows a stale result: %s, %s', async (_, __, policy, mint, page, reason) => {
    const bed = await testBed({ policy })
    const token = mint(bed)
    expect(await bed.outcome(token)).toBe('accepted')
    bed.issuer.fail('introspection', onlyAbout(token, page))
    bed.pass(30)
    for (let request = 0; request < 4; request += 1) expect(await bed.outcome(token)).toBe(reason)
    expect(bed.health().remote?.breaker).toBe('closed')
  })
})

describe('an issuer that fails for every token', () => {
  it.each<[string, Fault]>([
    ['no response', 'reset'],
    ['a 500', 500],
    ['a 502', 502],
    ['a 503 with Retry-After', { status: 503, headers: { 'retry-after': '9' } }],
    ['HTML at 200', htmlPage],
    ['rejected credentials', 401],
  ])('allows a stale result before and after the breaker opens: %s', async (_, how) => {
    const { issuer, outcome, pass, opaque, health } = await testBed({ policy: { staleIfError: '10m' } })
    const token = opaque()
    expect(await outcome(token)).toBe('accepted')
    issuer.fail('introspection', how)
    pass(30)
    for (let request = 0; request < 6; request += 1) expect(await outcome(token)).toBe('accepted')
    expect(health().remote?.breaker).toBe('open')
  })

  it('allows no stale result by a status that rejects the request, even if every token gets it', async () => {
    for (const status of [400, 403, 404, 410, 422]) {
      const { issuer, outcome, pass, opaque } = await testBed({ policy: { staleIfError: '10m' } })
      const token = opaque()
      await outcome(token)
      issuer.fail('introspection', status)
      pass(30)
      for (let request = 0; request < 6; request += 1) expect(await outcome(token)).not.toBe('accepted')
    }
  })
})
