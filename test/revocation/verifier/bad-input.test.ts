import { describe, expect, it } from 'vitest'
import { ConfigurationError, createVerifier, oauth, type RevocationTarget } from '../../../src/index.js'
import { failureOf } from '../../support/outcomes.js'
import { testBed } from '../../support/test-bed.js'
import { bedWith } from './support.js'

describe('an invalid revocation is a ConfigurationError that names the member', () => {
  it.each<readonly [string, unknown, RegExp]>([
    ['no target', undefined, /^revoke: is required/],
    ['a string', 'token', /^revoke: must be a plain options object/],
    ['no issuer', { clientId: 'a' }, /^revoke\.issuer: is required/],
    ['an empty issuer', { issuer: '', clientId: 'a' }, /^revoke\.issuer: must be a non-empty string/],
    [
      'an unknown issuer',
      { issuer: 'https://other.example', clientId: 'a' },
      /^revoke\.issuer: is not a configured/,
    ],
    [
      'an undefined client',
      { issuer: 'ISSUER', clientId: undefined, before: 1 },
      /^revoke\.clientId: is undefined/,
    ],
    ['only an issuer', { issuer: 'ISSUER' }, /^revoke\.before: is required/],
    [
      'a client and a subject',
      { issuer: 'ISSUER', clientId: 'a', subject: 'b' },
      /^revoke: must name only one/,
    ],
    ['an unknown member', { issuer: 'ISSUER', client: 'a' }, /^revoke\.client: unknown option/],
    [
      'a before in the future',
      { issuer: 'ISSUER', before: 1_795_248_006 },
      /^revoke\.before: is more than 5 s in/,
    ],
    ['a before in milliseconds', { issuer: 'ISSUER', before: 1_795_248_000_000 }, /not milliseconds/],
    ['a before that is not a time', { issuer: 'ISSUER', before: 'now' }, /^revoke\.before: must be a number/],
    [
      'an invalid Date',
      { issuer: 'ISSUER', before: new Date(Number.NaN) },
      /^revoke\.before: must be a number/,
    ],
    ['a before of a token', { issuer: 'ISSUER', tokenId: 'a', before: 1 }, /^revoke\.before: does not apply/],
    [
      'an expiry of a client',
      { issuer: 'ISSUER', clientId: 'a', expiresAt: 1e10 },
      /^revoke\.expiresAt: is the/,
    ],
    [
      'an expiry in the past',
      { issuer: 'ISSUER', tokenId: 'a', expiresAt: 1 },
      /^revoke\.expiresAt: is not in/,
    ],
    ['a long reason', { issuer: 'ISSUER', before: 1, reason: 'a'.repeat(201) }, /^revoke\.reason: must be/],
    ['a token that is a number', { token: 1 }, /^revoke\.token: must be a token string/],
    ['a malformed token', { token: 'a b' }, /^revoke\.token: is not accepted by this verifier/],
    ['a token and a client', { token: 'a', clientId: 'a' }, /^revoke\.clientId: unknown option/],
  ])('%s', async (_, target, message) => {
    const bed = await bedWith()
    const named =
      typeof target === 'object' && target !== null && 'issuer' in target && target.issuer === 'ISSUER'
        ? { ...target, issuer: bed.issuer.url }
        : target
    const error = await failureOf(bed.verifier.revoke(named as RevocationTarget), ConfigurationError)
    expect(error.message).toMatch(message)
    expect(bed.verifier.revocations?.list()).toEqual([])
  })

  it('a verifier without revocations', async () => {
    const { verifier, jwt } = await testBed()
    const error = await failureOf(verifier.revoke({ token: jwt() }), ConfigurationError)
    expect(error.message).toMatch(/^revocations: is required for revoke\(\)/)
  })

  it('an option that is not the result of a function of this package', () => {
    const issuers = [oauth({ issuer: 'https://auth.example.com', audience: null })]
    const options = { issuers, revocations: { revoke: () => undefined } }
    expect(() => createVerifier(options as never)).toThrow(/^revocations: must be the result of/)
    expect(() => createVerifier({ issuers, revocations: undefined } as never)).toThrow(
      /^revocations: is undefined/,
    )
  })

  it('a token of an issuer that this verifier does not know', async () => {
    const [bed, other] = [await bedWith(), await bedWith()]
    const error = await failureOf(bed.verifier.revoke({ token: other.jwt() }), ConfigurationError)
    expect(error.message).toMatch(/^revoke\.token: is not accepted by this verifier: iss is/)
  })

  it('a forged token, so that unauthenticated callers cannot fill the list', async () => {
    const bed = await bedWith()
    const forged = bed.jwt().replace(/[^.]{20}$/, 'A'.repeat(20))
    const error = await failureOf(bed.verifier.revoke({ token: forged }), ConfigurationError)
    expect(error.message).toMatch(/^revoke\.token: is not accepted by this verifier: /)
    expect(bed.verifier.health().revocations).toMatchObject({ entries: 0 })
  })
})
