import { describe, expect, it } from 'vitest'
import { authlete, clerk, oauth, type Issuer, type Policy, type TokenFacts } from '../../src/index.js'
import type { Endpoint, TestIssuer } from '../../src/testing/index.js'
import { testBed, type TestBed } from '../support/test-bed.js'

const ALWAYS: Policy = { confirmAfter: 0 }
const AUDIENCE = 'https://api.test'

const MINTED = {
  subject: 'billing',
  clientId: 'billing-client',
  scopes: 'orders:read orders:write',
  audience: [AUDIENCE, 'https://other.test'],
  expiresIn: '1h',
} as const

/** A valid JWT, and the introspection response for it. */
async function confirmed(says: object, policy: Policy = ALWAYS) {
  const bed = await testBed()
  const token = bed.jwt(MINTED)
  expect(await bed.outcome(token)).toBe('accepted')
  bed.issuer.fail('introspection', { body: { active: true, ...says } })
  return { bed, token, outcome: await bed.outcome(token, policy) }
}

describe('what an introspection response states about a JWT', () => {
  it('may be only active: true, which confirms what the JWT states', async () => {
    const { bed, token, outcome } = await confirmed({})
    expect(outcome).toBe('accepted')
    expect(await bed.verifier.verify(token)).toMatchObject({
      subject: 'billing',
      clientId: 'billing-client',
      scopes: ['orders:read', 'orders:write'],
      audience: MINTED.audience,
      expiresAt: bed.now() + 3600,
      confirmedAt: bed.now(),
    })
  })

  it.each<[string, object, object]>([
    ['fewer scopes', { scope: 'orders:read' }, { scopes: ['orders:read'] }],
    ['no scope', { scope: '' }, { scopes: [] }],
    ['more scopes', { scope: 'orders:read admin' }, { scopes: ['orders:read'] }],
    ['scopes as a list', { scp: ['orders:write'] }, { scopes: ['orders:write'] }],
    ['one of the audiences', { aud: AUDIENCE }, { audience: [AUDIENCE] }],
    ['a further audience', { aud: [AUDIENCE, 'https://new.test'] }, { audience: [AUDIENCE] }],
    ['the same client, subject and issuer', { client_id: 'billing-client', sub: 'billing' }, {}],
    ['a later expiry', { exp: 9_999_999_999 }, {}],
  ])('can only narrow it: %s', async (_, says, expected) => {
    const { bed, token, outcome } = await confirmed(says)
    expect(outcome).toBe('accepted')
    const accepted = await bed.verifier.verify(token)
    expect(accepted).toMatchObject(expected)
    expect(accepted.expiresAt).toBeLessThanOrEqual(bed.now() + 3600)
    expect(Object.isFrozen(accepted) && Object.isFrozen(accepted.scopes)).toBe(true)
  })

  it.each<[string, object, string]>([
    ['another audience', { aud: 'https://another-api.test' }, 'audience_mismatch'],
    ['only the audience that is not ours', { aud: 'https://other.test' }, 'audience_mismatch'],
    ['no audience of any kind', { aud: [] }, 'audience_mismatch'],
    ['another subject', { sub: 'shipping' }, 'token_inactive'],
    ['another client', { client_id: 'webapp' }, 'token_inactive'],
    ['another token id', { jti: 'another' }, 'token_inactive'],
    ['another issuer', { iss: 'https://other.test' }, 'token_inactive'],
    ['an expiry that has passed', { exp: 1 }, 'token_expired'],
    ['a time before which it is not valid', { nbf: 9_999_999_999 }, 'token_not_active_yet'],
    ['a key that it is bound to', { cnf: { jkt: 'x' } }, 'proof_missing'],
    ['DPoP', { token_type: 'DPoP' }, 'proof_missing'],
    ['a refresh token', { token_type: 'refresh_token' }, 'type_not_allowed'],
    ['the use of a refresh token', { token_use: 'refresh' }, 'type_not_allowed'],
    ['a list with the use of a refresh token', { token_use: ['access', 'refresh'] }, 'type_not_allowed'],
    ['the type of a refresh token', { type: 'refresh_token' }, 'type_not_allowed'],
    ['the use of one', { use: 'refresh' }, 'type_not_allowed'],
    ['the purpose of an ID token', { purpose: 'id_token' }, 'type_not_allowed'],
    ['an expiry that is not a time', { exp: 'never' }, 'claim_invalid'],
    ['scopes that are not strings', { scope: 7 }, 'claim_invalid'],
    ['an audience that is not a string', { aud: { a: 1 } }, 'claim_invalid'],
  ])('refuses the token: %s', async (_, says, reason) => {
    const { bed, token, outcome } = await confirmed(says)
    expect(outcome).toBe(reason)
    const { introspection } = bed.issuer.calls
    if (reason !== 'token_expired' && reason !== 'token_not_active_yet') {
      expect(await bed.outcome(token, ALWAYS)).toBe(reason)
      expect(bed.issuer.calls.introspection).toBe(introspection)
    }
  })

  it('narrows the scopes for the route', async () => {
    const { bed, token } = await confirmed({ scope: '', aud: AUDIENCE })
    expect(await bed.outcome(token, { ...ALWAYS, scopes: 'orders:write' })).toBe('scope_insufficient')
  })

  it('does not change the lifetime that maxTokenLifetime limits', async () => {
    const bed = await testBed()
    const token = bed.jwt({ expiresIn: '2h' })
    bed.issuer.fail('introspection', { body: { active: true, exp: bed.now() + 600 } })
    const policy: Policy = { confirmAfter: 0, maxTokenLifetime: '1h' }
    expect(await bed.outcome(token, policy)).toBe('lifetime_too_long')
    expect(await bed.outcome(token, policy)).toBe('lifetime_too_long')
  })

  it.each<[string, object, Policy, string]>([
    ['another client', { client_id: 'webapp' }, { clients: 'billing' }, 'client_not_allowed'],
    ['another client in azp', { azp: 'webapp' }, { clients: 'billing' }, 'client_not_allowed'],
    ['another client in cid', { cid: 'webapp' }, { clients: 'billing' }, 'client_not_allowed'],
    ['the client', { client_id: 'webapp' }, { clients: 'webapp' }, 'accepted'],
    ['no client', {}, { clients: 'billing' }, 'accepted'],
  ])('names the client if the JWT names none: %s', async (_, says, policy, expected) => {
    const bed = await testBed()
    const token = bed.jwt({ claims: { sub: 'billing', client_id: undefined } })
    bed.issuer.fail('introspection', { body: { active: true, sub: 'billing', ...says } })
    expect(await bed.outcome(token, { ...ALWAYS, ...policy })).toBe(expected)
    expect(await bed.outcome(token, policy)).toBe(expected)
  })

  it('states subject, audience and token id if the JWT states none', async () => {
    const bed = await testBed({ issuers: (by) => [oauth({ ...by.oauth(), audience: null })] })
    const none = { sub: undefined, aud: undefined, jti: undefined }
    const token = bed.jwt({ clientId: 'billing', claims: none })
    expect(await bed.verifier.verify(token)).toMatchObject({ subject: 'billing', audience: [] })
    const says = { sub: 'alice', aud: ['orders'], jti: 'id-1' }
    bed.issuer.fail('introspection', { body: { active: true, ...says } })
    expect(await bed.verifier.verify(token, ALWAYS)).toMatchObject({
      subject: 'alice',
      clientId: 'billing',
      audience: ['orders'],
      tokenId: 'id-1',
    })
    expect(await bed.outcome(token, { subjects: 'billing' })).toBe('subject_not_allowed')
    expect(await bed.outcome(token, { subjects: 'alice', clients: 'billing' })).toBe('accepted')
  })

  it('does not add an audience to a JWT without one', async () => {
    const bed = await testBed()
    const token = bed.jwt({ claims: { aud: undefined } })
    bed.issuer.fail('introspection', { body: { active: true, aud: AUDIENCE } })
    expect(await bed.outcome(token, ALWAYS)).toBe('audience_mismatch')
  })

  it('does not compare a subject that the JWT does not state', async () => {
    const bed = await testBed()
    const token = bed.jwt({ clientId: 'billing-client', claims: { sub: undefined } })
    bed.issuer.fail('introspection', { body: { active: true, sub: 'service-account-billing' } })
    expect(await bed.outcome(token, ALWAYS)).toBe('accepted')
  })
})

describe('a confirmation that is cached', () => {
  it('keeps the narrowed facts, and the next one narrows what the JWT states itself', async () => {
    const { bed, token } = await confirmed({ scope: 'orders:read', exp: 9_999_999_999 }, { confirmAfter: 60 })
    const scopes = async (policy?: Policy) => (await bed.verifier.verify(token, policy)).scopes
    expect(await scopes()).toEqual(['orders:read', 'orders:write'])
    expect(await scopes(ALWAYS)).toEqual(['orders:read'])
    expect(await scopes()).toEqual(['orders:read'])
    bed.issuer.fail('introspection', { body: { active: true, scope: 'orders:write' } })
    expect(await scopes(ALWAYS)).toEqual(['orders:write'])
    bed.issuer.fail('introspection', { body: { active: true } })
    expect(await scopes(ALWAYS)).toEqual(['orders:read', 'orders:write'])
  })
})

describe('scopes that a wildcard grants', () => {
  it.each([
    ['orders:*', 'orders:read', ['orders:read']],
    ['orders:read', 'orders:*', ['orders:read']],
    ['orders:* stock:read', 'orders:* stock:*', ['orders:*', 'stock:read']],
    ['orders:*', 'stock:*', []],
  ])('%j confirmed with %j', async (own, stated, expected) => {
    const bed = await testBed({ issuers: (by) => [oauth(by.oauth({ scopeMatching: 'wildcard' }))] })
    bed.issuer.fail('introspection', { body: { active: true, scope: stated } })
    const token = await bed.verifier.verify(bed.jwt({ scopes: own }), ALWAYS)
    expect(token.scopes).toEqual(expected)
  })
})

describe('the other issuers', () => {
  const confirmedBy = async (
    make: (by: TestIssuer) => Issuer,
    provider: 'clerk' | 'authlete',
    endpoint: Endpoint,
    says: (bed: TestBed) => object,
    mint: object = {},
  ) => {
    const bed = await testBed({ issuers: (by) => [make(by)] })
    const token = bed.issuer.mintJwt({ provider, ...mint })
    expect(await bed.outcome(token)).toBe('accepted')
    bed.issuer.fail(endpoint, { status: 200, body: says(bed) })
    const outcome = await bed.outcome(token, ALWAYS)
    if (outcome !== 'accepted') return { outcome }
    return { outcome, scopes: (await bed.verifier.verify(token)).scopes }
  }

  const authleteSays = (bed: TestBed, change: object) => ({
    action: 'OK',
    existent: true,
    usable: true,
    clientId: 42,
    clientIdAlias: 'billing',
    clientIdAliasUsed: true,
    scopes: ['a'],
    accessTokenResources: [AUDIENCE],
    expiresAt: (bed.now() + 600) * 1000,
    ...change,
  })
  const NO_ALIAS = { clientIdAlias: undefined, clientIdAliasUsed: false }
  it.each<[string, object, object]>([
    ['the same', {}, { outcome: 'accepted', scopes: ['a'] }],
    ['no scopes', { scopes: [] }, { outcome: 'accepted', scopes: [] }],
    ['scopes that are null', { scopes: null }, { outcome: 'accepted', scopes: [] }],
    ['scopes not stated', { scopes: undefined }, { outcome: 'accepted', scopes: ['a', 'b'] }],
    ['no resources', { accessTokenResources: [] }, { outcome: 'accepted', scopes: ['a'] }],
    ['other resources', { accessTokenResources: ['https://x.test'] }, { outcome: 'audience_mismatch' }],
    ['the client by its number only', NO_ALIAS, { outcome: 'token_inactive' }],
    ['an alias that it does not name', { clientIdAlias: undefined }, { outcome: 'issuer_unavailable' }],
    ['another client', { clientIdAlias: 'webapp' }, { outcome: 'token_inactive' }],
    ['another subject', { subject: 'shipping' }, { outcome: 'token_inactive' }],
    ['expired', { expiresAt: 1000 }, { outcome: 'token_expired' }],
    ['bound to a certificate', { certificateThumbprint: 'x' }, { outcome: 'proof_missing' }],
  ])('Authlete states %s', async (_, change, expected) => {
    const make = (by: TestIssuer) => authlete(by.authlete({ issuer: by.endpoints.authlete }))
    const says = (bed: TestBed) => authleteSays(bed, change)
    const mint = { clientId: 'billing', subject: 'billing', scopes: 'a b' }
    expect(await confirmedBy(make, 'authlete', 'authleteIntrospection', says, mint)).toEqual(expected)
  })

  const clerkSays = (change: object) => ({
    object: 'machine_to_machine_token',
    subject: 'mch_sender',
    scopes: ['mch_receiver'],
    revoked: false,
    expired: false,
    expiration: null,
    ...change,
  })
  it.each<[string, object, object]>([
    ['nothing of scopes', { claims: null }, { outcome: 'accepted', scopes: ['a', 'b'] }],
    ['fewer scopes', { claims: { scope: 'a' } }, { outcome: 'accepted', scopes: ['a'] }],
    ['no scope', { claims: { scope: '' } }, { outcome: 'accepted', scopes: [] }],
    ['another machine as sender', { subject: 'mch_other' }, { outcome: 'token_inactive' }],
    ['another token', { id: 'mt_other' }, { outcome: 'token_inactive' }],
    ['other receivers', { scopes: ['mch_other'] }, { outcome: 'audience_mismatch' }],
    ['an end that has come', { expiration: 1000 }, { outcome: 'token_expired' }],
  ])('Clerk states %s', async (_, change, expected) => {
    const make = (by: TestIssuer) => clerk(by.clerk({ machineId: 'mch_receiver', jwtAccess: 'any-machine' }))
    const says = () => clerkSays(change)
    const mint = { subject: 'mch_sender', scopes: 'a b' }
    expect(await confirmedBy(make, 'clerk', 'clerkVerify', says, mint)).toEqual(expected)
  })

  const facts = { subject: 'billing', scopes: ['a'], audience: [], claims: {} } satisfies TokenFacts
  it.each<[string, object, object]>([
    ['the same', {}, { scopes: ['a'] }],
    ['no scopes', { scopes: [] }, { scopes: [] }],
    ['our audience', { audience: [AUDIENCE] }, { scopes: ['a'] }],
    ['another audience', { audience: ['https://x.test'] }, { reason: 'audience_mismatch' }],
    ['another subject', { subject: 'shipping' }, { reason: 'token_inactive' }],
    ['another client', { clientId: 'webapp' }, { reason: 'token_inactive' }],
    ['a key that it is bound to', { claims: { cnf: { jkt: 'x' } } }, { reason: 'proof_missing' }],
    ['another kind of token', { claims: { token_use: 'id' } }, { reason: 'type_not_allowed' }],
    ['scopes as a string', { scopes: 'a b' }, { reason: 'issuer_unavailable' }],
    ['an expiry that is a string', { expiresAt: 'never' }, { reason: 'issuer_unavailable' }],
  ])('a custom issuer states %s', async (_, change, expected) => {
    const custom = (by: TestIssuer): Issuer => {
      const { remote, ...issuer } = oauth(by.oauth())
      const { readConfirmation: _unused, ...profile } = remote!
      return {
        ...issuer,
        remote: {
          ...profile,
          endpoint: `${by.url}/introspect`,
          read: () => ({ active: true, facts: { ...facts, ...change } }),
        },
      }
    }
    const bed = await testBed({ issuers: (by) => [custom(by)] })
    const token = bed.jwt({ subject: 'billing', clientId: 'client', scopes: 'a b' })
    const decision = await bed.verifier.authorize({ headers: { authorization: `Bearer ${token}` } }, ALWAYS)
    expect(decision.outcome === 'accepted' ? decision.token : decision.refusal).toMatchObject(expected)
  })

  it('a custom issuer may state some facts only, with readConfirmation', async () => {
    const bed = await testBed({
      issuers: (by) => {
        const issuer = oauth(by.oauth())
        return [
          {
            ...issuer,
            remote: {
              ...issuer.remote!,
              endpoint: `${by.url}/introspect`,
              readConfirmation: () => ({ active: true, facts: { scopes: ['b'] } }),
            },
          },
        ]
      },
    })
    expect((await bed.verifier.verify(bed.jwt({ scopes: 'a b' }), ALWAYS)).scopes).toEqual(['b'])
  })
})
