import { describe, expect, it } from 'vitest'
import { instrument, type InstrumentOptions } from '../../../adapters/opentelemetry.js'
import { memoryRevocations } from '../../../src/index.js'
import { systemClock } from '../../support/clock.js'
import { bearer, introspectionBed, testBed } from '../../support/test-bed.js'
import { tenantBed, TEMPLATE, jwtOf } from '../../verifier/tenants/support.js'
import { startSdk } from './sdk.js'
import { instrumented } from './support.js'

const DECISIONS = 'm2m_guard.decision.duration'

describe('metrics of OpenTelemetry', () => {
  it('measure decisions in seconds, with buckets below a millisecond', async () => {
    const { issuer, verifier, jwt, metrics } = await instrumented()
    const token = jwt({ scopes: 'a' })
    await verifier.authorize(bearer(token))
    await verifier.authorize(bearer(token))
    await verifier.authorize(bearer(token), { scopes: 'b' })
    await verifier.authorize({ headers: {} })
    const { unit, points } = (await metrics()).get(DECISIONS)!
    expect(unit).toBe('s')
    const known = { 'm2m_guard.mode': 'enforce', 'm2m_guard.stage': 'guard', 'm2m_guard.issuer': issuer.url }
    expect(points.map(({ attributes }) => attributes)).toEqual([
      { ...known, 'm2m_guard.outcome': 'accepted', 'm2m_guard.source': 'local' },
      { ...known, 'm2m_guard.outcome': 'accepted', 'm2m_guard.source': 'cache' },
      {
        ...known,
        'm2m_guard.outcome': 'refused',
        'm2m_guard.source': 'cache',
        'error.type': 'scope_insufficient',
      },
      {
        'm2m_guard.mode': 'enforce',
        'm2m_guard.stage': 'guard',
        'm2m_guard.outcome': 'refused',
        'm2m_guard.source': 'none',
        'error.type': 'token_missing',
      },
    ])
    const cached = points[1]!.value as { count: number; sum: number; buckets: { boundaries: number[] } }
    expect(cached.count).toBe(1)
    expect(cached.sum).toBeLessThan(10)
    expect(cached.buckets.boundaries.slice(0, 3)).toEqual([1e-6, 5e-6, 1e-5])
  })

  it('count an undecidable request with its reason', async () => {
    const { issuer, verifier, jwt, metrics } = await instrumented()
    issuer.fail('jwks', 503)
    await verifier.authorize(bearer(jwt()))
    expect((await metrics()).get(DECISIONS)!.points[0]!.attributes).toMatchObject({
      'm2m_guard.outcome': 'undecidable',
      'error.type': 'keys_unavailable',
    })
  })

  it('measure calls to the introspection endpoint, with the reason of failed ones', async () => {
    const { issuer, outcome, opaque, metrics } = await instrumented({}, introspectionBed)
    await outcome(opaque())
    issuer.fail('introspection', 401)
    await outcome(opaque())
    const { unit, points } = (await metrics()).get('m2m_guard.remote.duration')!
    expect(unit).toBe('s')
    expect(points.map(({ attributes }) => attributes)).toEqual([
      { 'm2m_guard.issuer': issuer.url },
      { 'm2m_guard.issuer': issuer.url, 'error.type': 'issuer_refused_us' },
    ])
  })

  it('count fetches of the keys, and give their age', async () => {
    const { issuer, outcome, jwt, pass, metrics } = await instrumented()
    await outcome(jwt())
    pass(700)
    issuer.fail('jwks', 500)
    await outcome(jwt({ expiresIn: '1h' }))
    const read = await metrics()
    const byIssuer = { 'm2m_guard.issuer': issuer.url }
    expect(read.get('m2m_guard.keys.fetch')!.points).toEqual([
      { attributes: byIssuer, value: 1 },
      { attributes: { ...byIssuer, 'error.type': 'keys_unavailable' }, value: 1 },
    ])
    expect(read.get('m2m_guard.keys.age')).toMatchObject({
      unit: 's',
      points: [{ attributes: byIssuer, value: 700 }],
    })
  })

  it('give the state of the circuit breaker', async () => {
    const { issuer, outcome, opaque, pass, metrics } = await instrumented({}, () =>
      introspectionBed({ breakerAfter: 1 }),
    )
    const breaker = async () => (await metrics()).get('m2m_guard.remote.breaker')!.points
    expect(await breaker()).toEqual([{ attributes: { 'm2m_guard.issuer': issuer.url }, value: 0 }])
    issuer.fail('introspection', 'reset')
    await outcome(opaque())
    expect(await breaker()).toMatchObject([{ value: 2 }])
    pass(5)
    expect(await breaker()).toMatchObject([{ value: 1 }])
  })

  it('give the size of the token cache in tokens and bytes', async () => {
    const { outcome, jwt, metrics } = await instrumented()
    await outcome(jwt())
    await outcome('unknown')
    const read = await metrics()
    const kinds = (name: string) =>
      read.get(name)!.points.map(({ attributes, value }) => [attributes['m2m_guard.cache.kind'], value])
    expect(kinds('m2m_guard.cache.size')).toEqual([
      ['accepted', 1],
      ['refused', 1],
    ])
    expect(read.get('m2m_guard.cache.size')!.unit).toBe('{token}')
    expect(kinds('m2m_guard.cache.memory')).toEqual([
      ['accepted', expect.any(Number)],
      ['refused', expect.any(Number)],
    ])
    expect(read.get('m2m_guard.cache.memory')!.unit).toBe('By')
  })

  it('give the number and the age of the revocations, and neither without revocations', async () => {
    const revocations = memoryRevocations()
    const { issuer, verifier, metrics } = await instrumented({}, () =>
      testBed({ clock: systemClock, revocations }),
    )
    await verifier.revoke({ issuer: issuer.url, tokenId: 'a' })
    const read = await metrics()
    expect(read.get('m2m_guard.revocation.size')).toMatchObject({ unit: '{entry}', points: [{ value: 1 }] })
    expect(read.get('m2m_guard.revocation.age')).toMatchObject({
      unit: 's',
      points: [{ value: expect.any(Number) as number }],
    })
    const without = await (await instrumented()).metrics()
    expect(without.get('m2m_guard.revocation.size')?.points ?? []).toEqual([])
  })

  it('name the template of an issuer with tenants, and never a tenant', async () => {
    const { meter, metrics } = startSdk()
    const bed = tenantBed({ tenants: () => true })
    instrument(bed.verifier, { meter })
    for (const tenant of ['acme', 'globex']) expect(await bed.outcome(jwtOf(tenant))).toBe('accepted')
    const read = await metrics()
    for (const name of [DECISIONS, 'm2m_guard.keys.fetch', 'm2m_guard.keys.age']) {
      const issuers = read.get(name)!.points.map(({ attributes }) => attributes['m2m_guard.issuer'])
      expect(issuers, name).toEqual([TEMPLATE])
    }
  })

  it.each<[string, InstrumentOptions, readonly unknown[]]>([
    ['none by default', {}, [undefined]],
    ['none with false', { clientId: false }, [undefined]],
    [
      'listed ones with an allow-list, and one value for all others',
      { clientId: 'metric-allowlist', clients: ['billing'] },
      ['billing', '_OTHER'],
    ],
  ])('have client ids: %s', async (_, options, expected) => {
    const { outcome, jwt, metrics } = await instrumented(options)
    for (const clientId of ['billing', 'reports', 'stock']) await outcome(jwt({ clientId }))
    const { points } = (await metrics()).get(DECISIONS)!
    const ids = points.map(({ attributes }) => attributes['m2m_guard.client_id'])
    expect([...new Set(ids)]).toEqual(expected)
  })

  it('have a bounded number of series, whatever callers send', async () => {
    const { verifier, jwt, metrics } = await instrumented()
    for (let index = 0; index < 50; index += 1) {
      const token = index % 2 === 0 ? `unknown-${index}` : jwt({ clientId: `client-${index}` })
      await verifier.authorize({ method: 'GET', url: `/orders/${index}`, ...bearer(token) })
    }
    expect((await metrics()).get(DECISIONS)!.points.length).toBeLessThanOrEqual(3)
  })

  it('stop when the returned function is called, and so do spans', async () => {
    const { outcome, jwt, metrics, pass, spans, stop } = await instrumented()
    await outcome(jwt())
    const before = await metrics()
    const spansBefore = spans().length
    stop()
    stop()
    await outcome(jwt())
    await outcome('unknown')
    pass(100)
    const after = await metrics()
    expect(after.get(DECISIONS)!.points).toEqual(before.get(DECISIONS)!.points)
    // The SDK repeats the last value.
    expect(after.get('m2m_guard.keys.age')!.points).toMatchObject([{ value: 0 }])
    expect(spans()).toHaveLength(spansBefore)
  })
})
