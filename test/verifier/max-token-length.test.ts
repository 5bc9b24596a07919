import { describe, expect, it } from 'vitest'
import { ConfigurationError, createVerifier, oauth, type VerifierOptions } from '../../src/index.js'
import { START } from '../support/clock.js'
import { outcomeOf, reasonOf } from '../support/outcomes.js'
import { bearer, sharedBed, startIssuer } from '../support/test-bed.js'

const shared = sharedBed((atEnd) => startIssuer({}, atEnd))

const verifierWith = (options: Partial<VerifierOptions>) =>
  createVerifier({ issuers: [oauth(shared.bed.oauth())], clock: () => START, ...options })

const answered = async (token: string, options: Partial<VerifierOptions>) =>
  reasonOf(await verifierWith(options).authorize(bearer(token)))

describe('maxTokenLength', () => {
  it('is 8192 characters by default', async () => {
    expect(await answered('a.'.repeat(4096), {})).not.toBe('token_too_large')
    expect(await answered('a'.repeat(8193), {})).toBe('token_too_large')
  })

  it('accepts a token of exactly this length, and refuses a longer one', async () => {
    const token = shared.bed.mintJwt({ claims: { filler: 'x'.repeat(9000) } })
    expect(token.length).toBeGreaterThan(8192)
    expect(await answered(token, { maxTokenLength: token.length })).toBe('accepted')
    expect(await answered(token, { maxTokenLength: token.length - 1 })).toBe('token_too_large')
  })

  it('applies to verify() and to opaque tokens, before any call to the issuer', async () => {
    const before = shared.bed.calls.introspection
    const verifier = verifierWith({ maxTokenLength: 10 })
    expect(await outcomeOf(verifier.verify('o'.repeat(11)))).toBe('token_too_large')
    expect(shared.bed.calls.introspection).toBe(before)
  })

  it.each([0, 16_385, 512.5, '8192', null, undefined])('must not be %j', (maxTokenLength) => {
    const create = () => verifierWith({ maxTokenLength: maxTokenLength as never })
    expect(create).toThrow(ConfigurationError)
    expect(create).toThrow(expect.objectContaining({ option: 'maxTokenLength' }))
  })
})
