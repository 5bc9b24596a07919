import { describe, expect, it } from 'vitest'
import { oauth, stytch, type IssuerEvent } from '../../src/index.js'
import { testBed } from '../support/test-bed.js'

const kinds = (events: readonly IssuerEvent[]) => events.map(({ kind }) => kind)

describe('an outage is reported once', () => {
  it('of the discovery document, on which the keys depend', async () => {
    const { issuer, jwt, outcome, pass, issuerEvents } = await testBed()
    issuer.fail('discovery', 503)
    for (let attempt = 0; attempt < 5; attempt += 1) {
      expect(await outcome(jwt())).toBe('keys_unavailable')
      pass(60)
    }
    const { url } = issuer
    expect(issuerEvents).toEqual([
      {
        kind: 'keys_failing',
        issuer: url,
        provider: 'oauth',
        detail: `discovery document: status 503 from ${url}/.well-known/openid-configuration`,
      },
    ])
    issuer.heal()
    expect(await outcome(jwt())).toBe('accepted')
    expect(issuerEvents.slice(1)).toEqual([
      { kind: 'keys_recovered', issuer: url, provider: 'oauth', detail: 'key set: fetched again' },
    ])
  })

  it('of the keys, after that of the discovery document', async () => {
    const { issuer, jwt, outcome, pass, issuerEvents } = await testBed()
    issuer.fail('discovery', 503)
    await outcome(jwt())
    issuer.heal()
    issuer.fail('jwks', 500)
    for (let attempt = 0; attempt < 3; attempt += 1) {
      pass(60)
      expect(await outcome(jwt())).toBe('keys_unavailable')
    }
    expect(kinds(issuerEvents)).toEqual(['keys_failing'])
    issuer.heal()
    pass(60)
    expect(await outcome(jwt())).toBe('accepted')
    expect(kinds(issuerEvents)).toEqual(['keys_failing', 'keys_recovered'])
  })

  it('and the next outage is reported again', async () => {
    const { issuer, jwt, outcome, pass, issuerEvents } = await testBed()
    for (let outage = 0; outage < 3; outage += 1) {
      issuer.fail('all', 500)
      pass(7200)
      await outcome(jwt())
      issuer.heal()
      pass(60)
      expect(await outcome(jwt())).toBe('accepted')
    }
    expect(kinds(issuerEvents)).toEqual(Array(3).fill(['keys_failing', 'keys_recovered']).flat())
  })

  it('for each issuer, with its name and provider', async () => {
    const { issuer, jwt, outcome, issuerEvents } = await testBed({
      issuers: (by) => [oauth(by.oauth({ introspection: undefined })), stytch(by.stytch())],
    })
    issuer.fail('all', 500)
    await outcome(jwt())
    await outcome(issuer.mintJwt({ provider: 'stytch' }))
    expect(issuerEvents.map(({ kind, provider, issuer: name }) => [kind, provider, name])).toEqual([
      ['keys_failing', 'oauth', issuer.url],
      ['keys_failing', 'stytch', expect.stringContaining('stytch.com/')],
    ])
  })

  it('of the introspection endpoint, also if it refuses our credentials in between', async () => {
    const { issuer, opaque, outcome, pass, issuerEvents } = await testBed()
    issuer.fail('introspection', 'reset')
    for (let failure = 0; failure < 5; failure += 1) await outcome(opaque())
    for (const fault of [401, 'reset', 401, 'reset'] as const) {
      issuer.fail('introspection', fault)
      pass(5)
      await outcome(opaque())
    }
    issuer.heal()
    pass(5)
    expect(await outcome(opaque())).toBe('accepted')
    expect(kinds(issuerEvents)).toEqual([
      'remote_failing',
      'credentials_refused',
      'remote_recovered',
    ])
  })
})
