import { describe, expect, it } from 'vitest'
import { jwksBed } from '../support/test-bed.js'

const REASON = 'contains no usable key'

describe('a key set without a usable key', () => {
  it.each([
    ['empty', []],
    ['a symmetric key', [{ kty: 'oct', k: 'c2VjcmV0' }]],
    ['an encryption key', [{ kty: 'EC', crv: 'P-256', use: 'enc', x: 'AA', y: 'AA' }]],
    ['a point that is not on its curve', [{ kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' }]],
  ])(
    '%s: ready() rejects, health is degraded, one event, and recovered when a key comes',
    async (_, keys) => {
      const { issuer, verifier, jwt, outcome, health, pass, issuerEvents } = await jwksBed()
      const token = jwt()
      issuer.fail('jwks', { body: { keys } })
      await expect(verifier.ready()).rejects.toThrow(REASON)
      expect(health()).toMatchObject({ status: 'degraded', keys: { status: 'degraded', failure: REASON } })
      expect(verifier.health().status).toBe('degraded')
      expect(await outcome(token)).toBe('key_unknown')
      await expect(verifier.ready()).rejects.toThrow(REASON)
      expect(issuerEvents).toMatchObject([{ kind: 'keys_failing', detail: `key set: ${REASON}` }])
      expect(issuer.calls.jwks).toBe(2)
      issuer.heal()
      pass(10)
      await verifier.ready()
      expect(health().status).toBe('ok')
      expect(await outcome(token)).toBe('accepted')
      const ofOutages = issuerEvents.map(({ kind }) => kind).filter((kind) => kind !== 'keys_replaced')
      expect(ofOutages).toEqual(['keys_failing', 'keys_recovered'])
    },
  )

  it('after a usable key set withdraws all keys with one event, and recovers', async () => {
    const { issuer, jwt, outcome, health, pass, issuerEvents } = await jwksBed()
    const token = jwt()
    expect(await outcome(token)).toBe('accepted')
    issuer.fail('jwks', { body: { keys: [] } })
    pass(600)
    expect(await outcome(token)).toBe('key_unknown')
    expect(health()).toMatchObject({ status: 'degraded', keys: { count: 0, failure: REASON } })
    issuer.heal()
    pass(10)
    expect(await outcome(token)).toBe('accepted')
    expect(issuerEvents.map(({ kind }) => kind)).toEqual(['keys_replaced', 'keys_recovered'])
  })
})
