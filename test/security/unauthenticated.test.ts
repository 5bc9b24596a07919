import { describe, expect, it } from 'vitest'
import { oauth } from '../../src/index.js'
import { attackBed } from '../support/tokens/attack.js'
import { keyOf, mac } from '../support/tokens/forge.js'
import { bearer } from '../support/test-bed.js'

describe('a caller without a valid token', () => {
  it('refusals of tokens that nothing has confirmed read the same', async () => {
    const bed = await attackBed({ issuers: (by) => [oauth(by.oauth({ jwksUri: `${by.url}/jwks` }))] })
    const { token, header, claims, decide } = bed
    const [head, payload] = token().split('.')
    const forged: Readonly<Record<string, string>> = {
      token_undecodable: 'a.b.c',
      token_too_large: token({ x: 'x'.repeat(8192) }),
      issuer_unknown: token({ iss: 'https://elsewhere.test' }),
      algorithm_not_allowed: mac(256, 'secret', { ...header, alg: 'HS256' }, claims),
      type_not_allowed: token({}, { typ: 'dpop+jwt' }),
      critical_header: token({}, { crit: ['x'], x: 1 }),
      key_unknown: token({}, { kid: 'unknown' }),
      signature_invalid: `${head}.${payload}.${token({ sub: 'x' }).split('.')[2]}`,
      token_inactive: 'ref_unknown',
    }
    const refusals = []
    for (const [reason, text] of Object.entries(forged)) {
      const decision = await decide(bearer(text))
      expect(decision).toMatchObject({ outcome: 'refused', refusal: { reason } })
      if (decision.outcome === 'accepted') continue
      const { status, error, description, headers, required } = decision.refusal
      refusals.push(JSON.stringify({ status, error, description, headers, required }))
    }
    expect(refusals).toHaveLength(Object.keys(forged).length)
    expect(new Set(refusals).size).toBe(1)
  })

  it('an unknown key id of a configured issuer causes a fetch, and an unknown issuer does not', async () => {
    const { issuer, outcome, token, pass } = await attackBed()
    expect(await outcome(token())).toBe('accepted')
    pass(11)
    expect(await outcome(token({ iss: 'https://elsewhere.test' }, {}, keyOf('RS256')))).toBe('issuer_unknown')
    expect(issuer.calls.jwks).toBe(1)
    expect(await outcome(token({}, { kid: 'unknown' }))).toBe('key_unknown')
    expect(issuer.calls.jwks).toBe(2)
  })
})
