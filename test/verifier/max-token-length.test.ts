import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  ConfigurationError,
  createVerifier,
  oauth,
  type Refusal,
  type VerifierOptions,
} from '../../src/index.js'
import { createTestIssuer, type TestIssuer } from '../../src/testing/index.js'

let issuer: TestIssuer
beforeAll(async () => {
  issuer = await createTestIssuer()
})
afterAll(() => issuer.close())

const verifierWith = (options: Partial<VerifierOptions>) =>
  createVerifier({ issuers: [oauth(issuer.oauth())], ...options })

async function outcomeOf(token: string, options: Partial<VerifierOptions>): Promise<string> {
  const decision = await verifierWith(options).authorize({ headers: { authorization: `Bearer ${token}` } })
  return decision.outcome === 'accepted' ? 'accepted' : decision.refusal.reason
}

describe('maxTokenLength', () => {
  it('is 8192 characters by default', async () => {
    expect(await outcomeOf('a.'.repeat(4096), {})).not.toBe('token_too_large')
    expect(await outcomeOf('a'.repeat(8193), {})).toBe('token_too_large')
  })

  it('accepts a token of exactly this length, and refuses a longer one', async () => {
    const token = issuer.mintJwt({ claims: { filler: 'x'.repeat(9000) } })
    expect(token.length).toBeGreaterThan(8192)
    expect(await outcomeOf(token, { maxTokenLength: token.length })).toBe('accepted')
    expect(await outcomeOf(token, { maxTokenLength: token.length - 1 })).toBe('token_too_large')
  })

  it('applies to verify() and to opaque tokens, before any call to the issuer', async () => {
    const before = issuer.calls.introspection
    const error: unknown = await verifierWith({ maxTokenLength: 10 })
      .verify('o'.repeat(11))
      .catch((thrown: unknown) => thrown)
    expect((error as Refusal).reason).toBe('token_too_large')
    expect(issuer.calls.introspection).toBe(before)
  })

  it.each([0, 16_385, 512.5, '8192', null, undefined])('must not be %j', (maxTokenLength) => {
    const create = () => verifierWith({ maxTokenLength: maxTokenLength as never })
    expect(create).toThrow(ConfigurationError)
    expect(create).toThrow(expect.objectContaining({ option: 'maxTokenLength' }))
  })
})
