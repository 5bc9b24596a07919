import { describe, expect, it } from 'vitest'
import {
  createVerifier,
  memoryRevocations,
  oauth,
  type RevocationTarget,
  type Verifier,
} from '../../../src/index.js'
import { NOW, START } from '../../support/clock.js'
import { keyOf, seal } from '../../support/tokens/forge.js'
import { outcomeOf } from '../../support/outcomes.js'
import { LONG_LIVED, type TestBed } from '../../support/test-bed.js'
import { bedWith, CLIENT } from './support.js'

describe('a cutoff refuses tokens that were issued earlier, and no later ones', () => {
  it.each([
    ['a client', (bed: TestBed) => ({ issuer: bed.issuer.url, clientId: CLIENT })],
    ['a subject', (bed: TestBed) => ({ issuer: bed.issuer.url, subject: CLIENT })],
    ['an issuer', (bed: TestBed) => ({ issuer: bed.issuer.url, before: bed.now() + 1 })],
  ])('%s', async (_, targetOf) => {
    const bed = await bedWith({ mint: { ...LONG_LIVED, clientId: CLIENT, subject: CLIENT } })
    const [jwt, opaque, otherClient] = [bed.jwt(), bed.opaque(), bed.jwt({ clientId: 'b', subject: 'b' })]
    for (const token of [jwt, opaque, otherClient]) expect(await bed.outcome(token)).toBe('accepted')
    const target: RevocationTarget = targetOf(bed)
    await bed.verifier.revoke(target)
    expect(await bed.outcome(jwt)).toBe('token_revoked')
    expect(await bed.outcome(opaque)).toBe('token_revoked')
    expect(await bed.outcome(bed.jwt())).toBe('token_revoked')
    expect(await bed.outcome(otherClient)).toBe('before' in target ? 'token_revoked' : 'accepted')
    bed.pass(1)
    expect(await bed.outcome(bed.jwt())).toBe('accepted')
    expect(await bed.outcome(bed.opaque())).toBe('accepted')
    expect(await bed.outcome(jwt)).toBe('token_revoked')
  })

  it('with an earlier before, only tokens issued before it', async () => {
    const bed = await bedWith({ mint: { ...LONG_LIVED, clientId: CLIENT } })
    const [old, young] = [bed.jwt({ age: '1h' }), bed.jwt({ age: '1m' })]
    await bed.verifier.revoke({
      issuer: bed.issuer.url,
      clientId: CLIENT,
      before: new Date((bed.now() - 600) * 1000),
    })
    expect(await bed.outcome(old)).toBe('token_revoked')
    expect(await bed.outcome(young)).toBe('accepted')
  })

  it('a later revocation never lowers the time of an earlier one', async () => {
    const bed = await bedWith({ mint: { ...LONG_LIVED, clientId: CLIENT } })
    const token = bed.jwt()
    const target = { issuer: bed.issuer.url, clientId: CLIENT }
    await bed.verifier.revoke(target)
    await bed.verifier.revoke({ ...target, before: 0 })
    expect(await bed.outcome(token)).toBe('token_revoked')
  })

  it('a token without iat is refused', async () => {
    const bed = await bedWith({ mint: { ...LONG_LIVED, clientId: CLIENT } })
    const token = bed.jwt({ claims: { iat: undefined } })
    expect(await bed.outcome(token)).toBe('accepted')
    await bed.verifier.revoke({ issuer: bed.issuer.url, clientId: CLIENT, before: 1 })
    expect(await bed.outcome(token)).toBe('token_revoked')
  })
})

describe('an issuer with tenants', () => {
  const template = 'https://login.example.com/{tenant}/v2.0'
  const key = keyOf('ES256')
  const verifier = (): Verifier =>
    createVerifier({
      issuers: [oauth({ issuer: template, tenants: ['a', 'b'], audience: null, jwks: { keys: [key.jwk] } })],
      clock: () => START,
      revocations: memoryRevocations(),
    })
  const tokenOf = (tenant: string): string =>
    seal(
      key,
      { alg: 'ES256', kid: key.kid, typ: 'at+jwt' },
      { iss: template.replace('{tenant}', tenant), sub: CLIENT, jti: tenant, iat: NOW, exp: NOW + 600 },
    )

  it.each([
    ['one tenant by its iss', template.replace('{tenant}', 'a'), ['token_revoked', 'accepted']],
    ['all tenants by the template', template, ['token_revoked', 'token_revoked']],
  ])('revokes %s', async (_, issuer, expected) => {
    const one = verifier()
    await one.revoke({ issuer, subject: CLIENT })
    const outcomes = ['a', 'b'].map((tenant) => outcomeOf(one.verify(tokenOf(tenant))))
    expect(await Promise.all(outcomes)).toEqual(expected)
  })
})

describe('one store for several verifiers', () => {
  it('a revocation by one of them applies to all', async () => {
    const revocations = memoryRevocations()
    const [one, two] = [await bedWith({ revocations }), await bedWith({ revocations })]
    const token = two.jwt({ clientId: CLIENT })
    expect(await two.outcome(token)).toBe('accepted')
    await one.verifier.revocations?.revoke({ issuer: two.issuer.url, clientId: CLIENT })
    expect(await two.outcome(token)).toBe('token_revoked')
  })

  it('it stays usable after a verifier was closed', async () => {
    const bed = await bedWith()
    const token = bed.jwt()
    bed.verifier.close()
    await bed.verifier.revoke({ token })
    expect(await bed.outcome(token)).toBe('token_revoked')
  })
})
