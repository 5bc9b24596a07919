import { expect, it } from 'vitest'
import { oauth } from '../../src/index.js'
import { LONG_LIVED, testBed } from '../support/test-bed.js'

it.each([
  [429, 'issuer_overloaded'],
  [503, 'accepted'],
])(
  'a %d for the discovery document that names the endpoint: a stale result is %s',
  async (status, expected) => {
    const { issuer, opaque, outcome, pass } = await testBed({
      issuers: (by) => [oauth(by.oauth({ jwksUri: `${by.url}/jwks` }))],
      mint: LONG_LIVED,
    })
    const token = opaque()
    expect(await outcome(token)).toBe('accepted')
    issuer.fail('discovery', status)
    pass(3601)
    expect(await outcome(token, { staleIfError: '2h' })).toBe(expected)
  },
)
