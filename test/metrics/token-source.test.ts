import * as client from 'prom-client'
import { describe, expect, it } from 'vitest'
import { instrument } from '../../adapters/opentelemetry.js'
import { collect } from '../../adapters/prometheus.js'
import { TokenSourceError } from '../../src/client/index.js'
import { ConfigurationError } from '../../src/index.js'
import { clientBed } from '../support/client.js'
import { failureOf } from '../support/outcomes.js'
import { startSdk } from '../adapters/telemetry/sdk.js'

const REQUESTS = 'm2m_guard_token_request_duration_seconds_count'
const HOUR = 3600

async function collected() {
  const register = new client.Registry()
  const bed = await clientBed()
  const tokens = bed.source()
  const stop = collect(tokens, { client, register, name: 'orders' })
  const samples = async (name: string): Promise<readonly string[]> => {
    const lines = (await register.metrics()).split('\n')
    return lines.filter((line) => line.startsWith(name) && !line.startsWith('#'))
  }
  return { ...bed, register, tokens, stop, samples }
}

const by = (more = ''): string => `{m2m_guard_token_source="orders"${more}}`

describe('the metrics of a token source for prom-client', () => {
  it('count token requests by trigger and reason, and tokens that an API refused', async () => {
    const { issuer, tokens, samples } = await collected()
    // Present before the first refusal, so that an alert sees the increase.
    expect(await samples('m2m_guard_token_refusal_total')).toEqual([`m2m_guard_token_refusal_total${by()} 0`])
    tokens.forget(await tokens.getToken())
    await tokens.getToken()
    await tokens.refresh()
    issuer.fail('token', { status: 400, body: { error: 'invalid_scope' } })
    await failureOf(tokens.getToken({ scopes: 'other' }), TokenSourceError)
    expect(await samples(REQUESTS)).toEqual([
      `${REQUESTS}${by(',m2m_guard_token_trigger="absent"')} 1`,
      `${REQUESTS}${by(',m2m_guard_token_trigger="refused"')} 1`,
      `${REQUESTS}${by(',m2m_guard_token_trigger="refresh"')} 1`,
      `${REQUESTS}${by(',m2m_guard_token_trigger="absent",error_type="request_refused"')} 1`,
    ])
    expect(await samples('m2m_guard_token_refusal_total')).toEqual([`m2m_guard_token_refusal_total${by()} 1`])
  })

  it('give the age, the time to expiry, the states and the health, also an hour before the outage', async () => {
    const { issuer, tokens, pass, samples } = await collected()
    expect(await samples('m2m_guard_token_expiry_seconds')).toEqual([])
    await tokens.getToken()
    pass(0.91 * HOUR)
    expect(await samples('m2m_guard_token_age_seconds')).toEqual([`m2m_guard_token_age_seconds${by()} 3276`])
    expect(await samples('m2m_guard_token_expiry_seconds')).toEqual([
      `m2m_guard_token_expiry_seconds${by()} 324`,
    ])
    expect(await samples('m2m_guard_token_health')).toEqual([`m2m_guard_token_health${by()} 0`])
    issuer.fail('token', 500)
    await failureOf(tokens.refresh(), TokenSourceError)
    expect(await samples('m2m_guard_token_health')).toEqual([`m2m_guard_token_health${by()} 1`])
    expect(await samples('m2m_guard_token_count')).toContain(
      `m2m_guard_token_count${by(',m2m_guard_token_state="stale"')} 1`,
    )
    pass(HOUR)
    expect(await samples('m2m_guard_token_health')).toEqual([`m2m_guard_token_health${by()} 2`])
    expect(await samples('m2m_guard_token_expiry_seconds')).toEqual([])
  })

  it('of several sources share a registry, and end with the last source', async () => {
    const { register, source, stop, samples } = await collected()
    const stopOther = collect(source(), { client, register, name: 'billing' })
    expect(await samples('m2m_guard_token_health')).toHaveLength(2)
    expect(() => collect(source(), { client, register, name: 'billing' })).toThrow(ConfigurationError)
    stop()
    stop()
    expect(await samples('m2m_guard_token_health')).toEqual([
      'm2m_guard_token_health{m2m_guard_token_source="billing"} 0',
    ])
    stopOther()
    expect(await register.metrics()).toBe('\n')
    collect(source(), { client, register })
    expect(await samples('m2m_guard_token_health')).toEqual([
      'm2m_guard_token_health{m2m_guard_token_source="default"} 0',
    ])
  })
})

describe('the metrics of a token source for OpenTelemetry', () => {
  it('record each token request, until the returned function is called', async () => {
    const { meter, metrics } = startSdk()
    const { source } = await clientBed()
    const tokens = source()
    const stop = instrument(tokens, { meter, name: 'orders' })
    expect((await metrics()).get('m2m_guard.token.refusal')!.points).toMatchObject([
      { value: 0, attributes: { 'm2m_guard.token.source': 'orders' } },
    ])
    const token = await tokens.getToken()
    const measured = await metrics()
    const { unit, points } = measured.get('m2m_guard.token.request.duration')!
    expect(unit).toBe('s')
    expect(points).toMatchObject([
      { attributes: { 'm2m_guard.token.source': 'orders', 'm2m_guard.token.trigger': 'absent' } },
    ])
    expect(measured.get('m2m_guard.token.expiry')!.points).toMatchObject([{ value: HOUR }])
    expect(JSON.stringify([...measured.values()])).not.toContain(token)
    stop()
    await tokens.refresh()
    const after = (await metrics()).get('m2m_guard.token.request.duration')!.points
    expect(after).toMatchObject([{ value: { count: 1 } }])
  })
})

it.each([undefined, {}, 'x'])('%s is neither a verifier nor a token source', (target) => {
  const register = new client.Registry()
  expect(() => collect(target as never, { client, register })).toThrow('a verifier or a token source')
  expect(() => instrument(target as never)).toThrow('a verifier or a token source')
})
