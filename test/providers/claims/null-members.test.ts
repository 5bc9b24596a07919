import { describe, expect, it } from 'vitest'
import { clerk, oauth, type OAuthOptions } from '../../../src/index.js'
import { testBed } from '../../support/test-bed.js'

const AUDIENCE = 'https://api.test'
const FULL = {
  active: true,
  iss: undefined,
  sub: 'billing',
  client_id: 'billing',
  aud: AUDIENCE,
  scope: 'a',
}

async function says(members: object, extra: Partial<OAuthOptions> = {}) {
  const bed = await testBed({ issuers: (by) => [oauth({ ...by.oauth(), ...extra })] })
  bed.issuer.fail('introspection', { status: 200, body: { ...FULL, ...members } })
  return { ...bed, token: bed.opaque() }
}

describe('a member of an introspection response that is null counts as absent', () => {
  it.each([
    'iss',
    'sub',
    'client_id',
    'azp',
    'jti',
    'exp',
    'nbf',
    'iat',
    'scope',
    'scp',
    'username',
    'token_type',
  ])('%s', async (name) => {
    const absent = await says({ [name]: undefined })
    const without = await absent.verifier.verify(absent.token)
    const { verifier, token } = await says({ [name]: null })
    const { claims, issuer: _, fingerprint: __, confirmedAt: ___, ...facts } = await verifier.verify(token)
    expect(without).toMatchObject(facts)
    expect(claims[name]).toBeNull()
  })

  it('aud: the token is refused if the audience is compared, and only then', async () => {
    const compared = await says({ aud: null })
    expect(await compared.outcome(compared.token)).toBe('audience_mismatch')
    const any = await says({ aud: null }, { audience: null })
    expect(await any.outcome(any.token)).toBe('accepted')
  })

  it('exp and iat: a policy that needs them refuses the token', async () => {
    const { outcome, token } = await says({ exp: null, iat: null })
    expect(await outcome(token, { maxTokenLifetime: '1h' })).toBe('lifetime_too_long')
    expect(await outcome(token, { maxTokenAge: '1h' })).toBe('claim_missing')
  })

  it('sub: replaced by the client id, which is not compared as a subject', async () => {
    const { outcome, token } = await says({ sub: null })
    expect(await outcome(token, { clients: 'billing' })).toBe('accepted')
    expect(await outcome(token, { subjects: 'billing' })).toBe('subject_not_allowed')
  })

  it('client_id: a policy compares the subject in its place', async () => {
    const { outcome, token } = await says({ client_id: null })
    expect(await outcome(token, { clients: 'billing' })).toBe('accepted')
    expect(await outcome(token, { clients: 'other' })).toBe('client_not_allowed')
  })

  it('in a confirmation, which does not narrow the token by it', async () => {
    const { outcome, jwt, issuer } = await testBed()
    const token = jwt({ scopes: 'a' })
    const members = ['iss', 'sub', 'client_id', 'jti', 'exp', 'nbf', 'iat', 'aud', 'scope', 'token_type']
    const body = Object.fromEntries(members.map((name) => [name, null]))
    issuer.fail('introspection', { status: 200, body: { ...body, active: true } })
    expect(await outcome(token, { confirmAfter: 0, scopes: 'a', clients: 'test-client' })).toBe(
      await outcome(token, { scopes: 'a', clients: 'test-client' }),
    )
    expect(await outcome(token, { confirmAfter: 0, scopes: 'a' })).toBe('accepted')
  })
})

describe('a claim of a JWT that is null counts as absent', () => {
  const FROM_ISSUER = { sub: 'billing', client_id: 'billing', jti: 'a' }

  it.each([
    'sub',
    'client_id',
    'azp',
    'jti',
    'nbf',
    'iat',
    'scope',
    'scp',
    'username',
    ...['nonce', 'at_hash', 'events'],
  ])('%s', async (name) => {
    const { jwt, verifier } = await testBed()
    const facts = async (value: undefined | null): Promise<object> => {
      const token = await verifier.verify(jwt({ claims: { ...FROM_ISSUER, [name]: value } }))
      const { claims: _, fingerprint: __, ...facts } = token
      return facts
    }
    expect(await facts(null)).toEqual(await facts(undefined))
  })

  it('exp: the token is refused like one without exp', async () => {
    const { jwt, outcome } = await testBed()
    for (const exp of [null, undefined]) expect(await outcome(jwt({ claims: { exp } }))).toBe('claim_missing')
  })

  it('aud: the token is refused if the audience is compared, and only then', async () => {
    const { jwt, outcome } = await testBed()
    expect(await outcome(jwt({ claims: { aud: null } }))).toBe('audience_mismatch')
    const any = await testBed({ issuers: (by) => [oauth(by.oauth({ audience: null }))] })
    expect(await any.outcome(any.jwt({ claims: { aud: null } }))).toBe('accepted')
  })

  it('iss: the token belongs to no issuer', async () => {
    const { jwt, outcome } = await testBed()
    expect(await outcome(jwt({ claims: { iss: null } }))).toBe('issuer_unknown')
  })

  it.each(['aud', 'sub', 'client_id', 'iat', 'jti'])(
    'of the access token profile: requireAccessTokenType refuses a token without %s',
    async (name) => {
      const { jwt, outcome } = await testBed({
        issuers: (by) => [oauth(by.oauth({ requireAccessTokenType: true, audience: null }))],
      })
      for (const value of [null, undefined])
        expect(await outcome(jwt({ claims: { ...FROM_ISSUER, [name]: value } }))).toBe('claim_missing')
    },
  )

  it('a policy that needs a time refuses the token', async () => {
    const { jwt, outcome } = await testBed()
    const token = jwt({ claims: { iat: null } })
    expect(await outcome(token, { maxTokenLifetime: '1h' })).toBe('lifetime_too_long')
    expect(await outcome(token, { maxTokenAge: '1h' })).toBe('claim_missing')
  })

  it('cnf does not: it is a binding of an unknown kind', async () => {
    const { jwt, outcome } = await testBed()
    expect(await outcome(jwt({ claims: { cnf: null } }))).toBe('proof_missing')
  })
})

describe('a header parameter of a JWT is not a claim: null is a wrong type', () => {
  it.each([
    ['typ', 'type_not_allowed'],
    ['kid', 'token_undecodable'],
    ['alg', 'algorithm_not_allowed'],
    ['crit', 'critical_header'],
    ['b64', 'critical_header'],
    ['zip', 'critical_header'],
  ])('%s', async (name, expected) => {
    const { jwt, outcome } = await testBed()
    expect(await outcome(jwt({ header: { [name]: null } }))).toBe(expected)
  })

  it.each(['cty', 'x5t', 'jku'])('%s is not read, unless cty is JWT', async (name) => {
    const { jwt, outcome } = await testBed()
    expect(await outcome(jwt({ header: { [name]: null } }))).toBe('accepted')
  })

  it.each(['typ', 'cat'])('%s of Clerk', async (name) => {
    const bed = await testBed({
      issuers: (by) => [clerk({ ...by.clerk(), jwtAccess: 'any-machine' })],
    })
    const token = bed.issuer.mintJwt({ provider: 'clerk', header: { [name]: null } })
    expect(await bed.outcome(token)).toBe('type_not_allowed')
  })
})

describe('null does not count as absent if that would accept more', () => {
  it.each([
    ['active', { active: null }, 'issuer_unavailable'],
    ['cnf, which is a binding of an unknown kind', { cnf: null }, 'proof_missing'],
  ])('%s', async (_, members, expected) => {
    const { outcome, token } = await says(members)
    expect(await outcome(token)).toBe(expected)
  })

  it.each([
    ['exp', { exp: 'never' }],
    ['exp', { exp: [null] }],
    ['aud', { aud: [null] }],
    ['scope', { scope: [null] }],
    ['sub', { sub: '' }],
    ['client_id', { client_id: false }],
  ])('nor is any other wrong type: %s %j', async (_, members) => {
    const { outcome, token } = await says(members)
    expect(await outcome(token)).toBe('claim_invalid')
  })
})
