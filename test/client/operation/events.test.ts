import { describe, expect, it } from 'vitest'
import { tokenSource, TokenSourceError, type TokenSourceEvent } from '../../../src/client/index.js'
import { clientBed } from '../../support/client.js'
import { failureOf } from '../../support/outcomes.js'
import { until } from '../../support/until.js'
import { collectWarnings } from '../../support/warnings.js'

const HOUR = 3600

describe('events', () => {
  it('report each token request, each refused token and each evicted one, without the token', async () => {
    const { issuer, source } = await clientBed()
    const events: TokenSourceEvent[] = []
    const tokens = source({ maxTokens: 1, onEvent: (event) => events.push(event) })
    const token = await tokens.getToken({ scopes: 'a' })
    tokens.forget(token)
    issuer.fail('token', { status: 429, headers: { 'retry-after': '10' } })
    await tokens.getToken({ scopes: 'a' })
    await failureOf(tokens.getToken({ scopes: 'b' }), TokenSourceError)
    expect(events.map(({ kind, scopes }) => [kind, ...scopes])).toEqual([
      ['token_obtained', 'a'],
      ['token_refused', 'a'],
      ['token_failed', 'a'],
      ['token_evicted', 'a'],
    ])
    expect(events[2]).toMatchObject({ source: 'tokenSource', reason: 'issuer_unavailable', status: 429 })
    expect(events[2]!.usableUntil).toBeGreaterThan(0)
    expect(events[0]!.fingerprint).toMatch(/^[0-9a-f]{16}$/)
    expect(JSON.stringify(events)).not.toContain(token)
  })

  it('that throw or reject change nothing', async () => {
    const { source } = await clientBed()
    const throwing = source({
      onEvent: () => {
        throw new Error('observer')
      },
    })
    const rejecting = source({ onEvent: () => Promise.reject(new Error('observer')) })
    expect(await throwing.getToken()).toBeTypeOf('string')
    expect(await rejecting.getToken()).toBeTypeOf('string')
  })
})

describe('a process warning', () => {
  it('is emitted once for failing renewals, without an observer', async () => {
    const seen = collectWarnings()
    const { issuer, source, pass } = await clientBed()
    const tokens = source()
    await tokens.getToken()
    issuer.fail('token', { status: 401, body: { error: 'invalid_client' } })
    for (let round = 2; round < 5; round += 1) {
      pass(round === 2 ? 0.91 * HOUR : 70)
      await tokens.getToken()
      await until(() => issuer.calls.token === round)
      await until(() => tokens.health().tokens[0]?.state === 'stale')
    }
    expect(seen).toHaveLength(1)
    expect(seen[0]).toContain('invalid_client')
  })

  it('is not emitted with an observer, nor for a failure that the caller gets', async () => {
    const seen = collectWarnings()
    const { issuer, source, pass } = await clientBed()
    const observed = source({ onEvent: () => undefined })
    await observed.getToken()
    issuer.fail('token', 500)
    pass(0.91 * HOUR)
    await observed.getToken()
    await until(() => observed.health().status === 'degraded')
    await failureOf(source().getToken(), TokenSourceError)
    expect(seen).toEqual([])
  })

  it('names each host that is called over plain http', () => {
    const seen = collectWarnings()
    const options = { clientId: 'x', clientSecret: 'y', insecureHosts: ['issuer.mesh'] }
    const source = tokenSource({ issuer: 'http://issuer.mesh', ...options })
    expect(source.health().insecureHosts).toEqual(['issuer.mesh'])
    source.close()
    expect(seen.filter((line) => line.includes('issuer.mesh'))).toHaveLength(1)
  })
})

describe('health', () => {
  it('shows the state of each set, from ok over degraded to down', async () => {
    const { issuer, source, pass, now } = await clientBed()
    const tokens = source()
    expect(tokens.health()).toEqual({ status: 'ok', tokens: [] })
    await tokens.getToken({ scopes: 'a' })
    expect(tokens.health()).toEqual({
      status: 'ok',
      tokens: [
        {
          audience: [],
          resource: [],
          scopes: ['a'],
          state: 'fresh',
          expiresAt: now() + HOUR,
          expiresIn: HOUR,
          age: 0,
          lastSuccess: now(),
        },
      ],
    })
    issuer.fail('token', 500)
    pass(0.95 * HOUR)
    await tokens.getToken({ scopes: 'a' })
    await until(() => tokens.health().status === 'degraded')
    expect(tokens.health().tokens[0]).toMatchObject({ state: 'stale', reason: 'issuer_unavailable' })
    pass(HOUR)
    await failureOf(tokens.getToken({ scopes: 'a' }), TokenSourceError)
    expect(tokens.health()).toMatchObject({ status: 'down', tokens: [{ state: 'failed' }] })
  })
})

describe('ready', () => {
  it('obtains a token before traffic, and rejects with the reason otherwise', async () => {
    const { issuer, source } = await clientBed()
    const tokens = source()
    await tokens.ready()
    await tokens.getToken()
    expect(issuer.calls.token).toBe(1)
    issuer.fail('token', { status: 401, body: { error: 'invalid_client' } })
    expect((await failureOf(source().ready(), TokenSourceError)).reason).toBe('credentials_refused')
  })
})
