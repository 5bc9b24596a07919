import * as client from 'prom-client'
import { describe, expect, it, onTestFinished } from 'vitest'
import { collect, type CollectOptions } from '../../../adapters/prometheus.js'
import { ConfigurationError, memoryRevocations } from '../../../src/index.js'
import { systemClock } from '../../support/clock.js'
import { bearer, introspectionBed, testBed, type TestBed } from '../../support/test-bed.js'
import { jwtOf, TEMPLATE, tenantBed } from '../../verifier/tenants/support.js'

async function collected(options: Partial<CollectOptions> = {}, start: () => Promise<TestBed> = testBed) {
  const register = new client.Registry()
  const bed = await start()
  const stop = collect(bed.verifier, { client, register, ...options })
  return { ...bed, register, stop }
}

/** The samples of a metric, as Prometheus reads them. */
async function samples(register: client.Registry, name: string): Promise<readonly string[]> {
  const lines = (await register.metrics()).split('\n')
  return lines.filter((line) => line.startsWith(name) && !line.startsWith('#'))
}

const COUNT = 'm2m_guard_decision_duration_seconds_count'
const GUARD = 'm2m_guard_mode="enforce",m2m_guard_stage="guard"'

describe('metrics of prom-client', () => {
  it('measure decisions in seconds, by outcome, source and reason', async () => {
    const { issuer, verifier, jwt, register } = await collected()
    const token = jwt({ scopes: 'a' })
    await verifier.authorize(bearer(token))
    await verifier.authorize(bearer(token))
    await verifier.authorize(bearer(token), { scopes: 'b' })
    await verifier.authorize({ headers: {} })
    const by = `m2m_guard_issuer="${issuer.url}"`
    expect(await samples(register, COUNT)).toEqual([
      `${COUNT}{m2m_guard_outcome="accepted",m2m_guard_source="local",${GUARD},${by}} 1`,
      `${COUNT}{m2m_guard_outcome="accepted",m2m_guard_source="cache",${GUARD},${by}} 1`,
      `${COUNT}{m2m_guard_outcome="refused",m2m_guard_source="cache",${GUARD},${by},error_type="scope_insufficient"} 1`,
      `${COUNT}{m2m_guard_outcome="refused",m2m_guard_source="none",${GUARD},error_type="token_missing"} 1`,
    ])
    const buckets = await samples(register, 'm2m_guard_decision_duration_seconds_bucket')
    expect(buckets.slice(0, 3).map((line) => /le="([^"]+)"/.exec(line)?.[1])).toEqual([
      '0.000001',
      '0.000005',
      '0.00001',
    ])
  })

  it('measure calls to issuers, count fetches of keys and give their age', async () => {
    const { issuer, outcome, jwt, opaque, pass, register } = await collected()
    await outcome(jwt())
    await outcome(opaque())
    pass(700)
    issuer.fail('jwks', 500)
    await outcome(jwt())
    const by = `m2m_guard_issuer="${issuer.url}"`
    expect(await samples(register, 'm2m_guard_remote_duration_seconds_count')).toEqual([
      `m2m_guard_remote_duration_seconds_count{${by}} 1`,
    ])
    expect(await samples(register, 'm2m_guard_keys_fetch_total')).toEqual([
      `m2m_guard_keys_fetch_total{${by}} 1`,
      `m2m_guard_keys_fetch_total{${by},error_type="keys_unavailable"} 1`,
    ])
    expect(await samples(register, 'm2m_guard_keys_age_seconds')).toEqual([
      `m2m_guard_keys_age_seconds{${by}} 700`,
    ])
  })

  it('give the state of the circuit breaker and the size of the cache', async () => {
    const { issuer, outcome, opaque, register } = await collected({}, () =>
      introspectionBed({ breakerAfter: 1 }),
    )
    await outcome(opaque())
    issuer.fail('introspection', 'reset')
    await outcome(opaque())
    expect(await samples(register, 'm2m_guard_remote_breaker')).toEqual([
      `m2m_guard_remote_breaker{m2m_guard_issuer="${issuer.url}"} 2`,
    ])
    expect(await samples(register, 'm2m_guard_cache_size')).toEqual([
      'm2m_guard_cache_size{m2m_guard_cache_kind="accepted"} 1',
      'm2m_guard_cache_size{m2m_guard_cache_kind="refused"} 0',
    ])
    expect(await samples(register, 'm2m_guard_cache_memory_bytes')).toEqual([
      expect.stringMatching(/^m2m_guard_cache_memory_bytes\{m2m_guard_cache_kind="accepted"\} \d{3,}$/),
      'm2m_guard_cache_memory_bytes{m2m_guard_cache_kind="refused"} 0',
    ])
  })

  it('give the number and the age of the revocations, and neither without revocations', async () => {
    const revocations = memoryRevocations()
    const { issuer, verifier, register } = await collected({}, () =>
      testBed({ clock: systemClock, revocations }),
    )
    await verifier.revoke({ issuer: issuer.url, tokenId: 'a' })
    expect(await samples(register, 'm2m_guard_revocation_size')).toEqual(['m2m_guard_revocation_size 1'])
    expect(await samples(register, 'm2m_guard_revocation_age_seconds')).toEqual([
      expect.stringMatching(/^m2m_guard_revocation_age_seconds [\d.e-]+$/),
    ])
    const without = await collected()
    expect(await samples(without.register, 'm2m_guard_revocation')).toEqual([])
  })

  it('name the template of an issuer with tenants, and never a tenant', async () => {
    const register = new client.Registry()
    const bed = tenantBed({ tenants: () => true })
    collect(bed.verifier, { client, register })
    for (const tenant of ['acme', 'globex']) expect(await bed.outcome(jwtOf(tenant))).toBe('accepted')
    const text = await register.metrics()
    expect(text).toContain(`m2m_guard_issuer="${TEMPLATE}"`)
    expect(text).not.toContain('acme')
  })

  it('have client ids only if they are listed', async () => {
    const none = await collected()
    await none.outcome(none.jwt({ clientId: 'billing' }))
    expect(await none.register.metrics()).not.toContain('billing')
    const some = await collected({ clients: ['billing'] })
    await some.outcome(some.jwt({ clientId: 'billing' }))
    await some.outcome(some.jwt({ clientId: 'reports' }))
    const text = await some.register.metrics()
    expect(text).toContain('m2m_guard_client_id="billing"')
    expect(text).toContain('m2m_guard_client_id="_OTHER"')
    expect(text).not.toContain('reports')
  })

  it('are in the default registry if no other one is passed, until the returned function is called', async () => {
    const { verifier, outcome, jwt } = await testBed()
    const stop = collect(verifier, { client })
    onTestFinished(() => client.register.clear())
    await outcome(jwt())
    expect(await samples(client.register, COUNT)).toHaveLength(1)
    stop()
    stop()
    expect(await client.register.metrics()).not.toContain('m2m_guard')
    await outcome(jwt())
    collect(verifier, { client })()
    expect(await client.register.metrics()).not.toContain('m2m_guard')
  })

  it('contain no token', async () => {
    const { verifier, jwt, register } = await collected()
    const token = jwt()
    await verifier.authorize({ method: 'GET', url: `/orders/${token}`, ...bearer(token) }, { scopes: 'b' })
    const text = await register.metrics()
    for (const part of token.split('.')) expect(text).not.toContain(part)
  })
})

describe('the options of collect()', () => {
  it.each<[string, unknown, string]>([
    ['a missing client', {}, 'collect.client'],
    ['a client that is not the module', { client: { Histogram: 1 } }, 'collect.client'],
    ['an empty list of clients', { client, clients: [] }, 'collect.clients'],
    ['an unknown option', { client, registry: 1 }, 'collect.registry'],
  ])('refuse %s', async (_, options, option) => {
    const { verifier } = await testBed()
    const start = () => collect(verifier, options as CollectOptions)
    expect(start).toThrow(ConfigurationError)
    expect(start).toThrow(option)
  })

  it('refuse a second verifier in the same registry, and leave the metrics of the first', async () => {
    const { register, outcome, jwt } = await collected()
    const other = await testBed()
    expect(() => collect(other.verifier, { client, register })).toThrow('collect.register')
    await outcome(jwt())
    expect(await samples(register, COUNT)).toHaveLength(1)
  })

  it('refuse a value that is not a verifier', () => {
    expect(() => collect({} as never, { client })).toThrow('Pass the result of createVerifier()')
  })
})
