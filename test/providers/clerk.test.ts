import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { clerk, ConfigurationError, type ClerkJwtAccess, type ClerkOptions } from '../../src/index.js'
import type { MintJwtOptions, MintOpaqueOptions, TestIssuer } from '../../src/testing/index.js'
import { refusalOf } from '../support/outcomes.js'
import { testBed, type TestBed, type TestBedOptions } from '../support/test-bed.js'

type Extra = Parameters<TestIssuer['clerk']>[0]

interface ClerkBed extends TestBed {
  readonly mintJwt: (mint?: Omit<MintJwtOptions, 'provider'>) => string
  readonly mintOpaque: (mint?: Omit<MintOpaqueOptions, 'provider'>) => string
}

async function atClerk(
  extra: Extra | ((by: TestIssuer) => Extra) = {},
  options: TestBedOptions = {},
): Promise<ClerkBed> {
  const bed = await testBed({
    ...options,
    issuers: (by) => [clerk(by.clerk(typeof extra === 'function' ? extra(by) : extra))],
  })
  return {
    ...bed,
    mintJwt: (mint) => bed.issuer.mintJwt({ ...mint, provider: 'clerk' }),
    mintOpaque: (mint) => bed.issuer.mintOpaque({ ...mint, provider: 'clerk' }),
  }
}

describe('jwtAccess', () => {
  const BILLING = 'mch_billing'
  it.each<[string, ClerkJwtAccess, string, string]>([
    ['any-machine', 'any-machine', 'accepted', 'accepted'],
    ['senders', { senders: [BILLING] }, 'accepted', 'client_not_allowed'],
    ['one sender', { senders: BILLING }, 'accepted', 'client_not_allowed'],
    ['remote', 'remote', 'accepted', 'accepted'],
    ['false', false, 'issuer_unknown', 'issuer_unknown'],
  ])('%s: a machine that is named, and one that is not', async (_, jwtAccess, named, other) => {
    const { issuer, mintJwt, mintOpaque, outcome } = await atClerk({ jwtAccess, jwksUri: undefined })
    expect(await outcome(mintJwt({ subject: BILLING }))).toBe(named)
    expect(await outcome(mintJwt({ subject: 'mch_other' }))).toBe(other)
    expect(issuer.calls.clerkVerify).toBe(jwtAccess === 'remote' ? 2 : 0)
    expect(await outcome(mintOpaque({ subject: 'mch_other' }))).toBe('accepted')
  })

  it('remote: the response of Clerk counts, not the claims of the sender, and is cached', async () => {
    const { issuer, mintJwt, outcome } = await atClerk({ jwtAccess: 'remote', jwksUri: undefined })
    const { stranger, receiver } = issuer.clerkMachines
    const mine = mintJwt({ claims: { aud: [receiver.id] } })
    const foreign = mintJwt({ audience: stranger.id, claims: { aud: [receiver.id], scopes: receiver.id } })
    expect(await outcome(mine)).toBe('accepted')
    expect(await outcome(foreign)).toBe('token_inactive')
    await outcome(mine)
    await outcome(foreign)
    expect(issuer.calls).toMatchObject({ clerkVerify: 2, total: 2 })
  })

  it.each<unknown>([
    undefined,
    true,
    'local',
    {},
    { senders: [] },
    { senders: ['user_1'] },
    { sender: 'mch_1' },
    null,
  ])('%j is refused', (jwtAccess) => {
    const options = { machineSecretKey: 'ak_x', jwtAccess, issuer: 'https://c.test' } as ClerkOptions
    expect(() => clerk(options)).toThrow(ConfigurationError)
  })
})

describe('which machines may call', () => {
  it('senders limits opaque tokens and JWTs, cached tokens too', async () => {
    const { mintJwt, mintOpaque, outcome } = await atClerk({ senders: ['mch_a', 'mch_b'] })
    for (const mint of [mintJwt, mintOpaque]) {
      expect(await outcome(mint({ subject: 'mch_b' }))).toBe('accepted')
      const token = mint({ subject: 'mch_c' })
      expect(await outcome(token)).toBe('client_not_allowed')
      expect(await outcome(token)).toBe('client_not_allowed')
    }
  })

  it('JWTs need a machine that is in both senders and jwtAccess.senders', async () => {
    const { mintJwt, outcome } = await atClerk({
      senders: ['mch_a'],
      jwtAccess: { senders: ['mch_a', 'mch_b'] },
    })
    expect(await outcome(mintJwt({ subject: 'mch_a' }))).toBe('accepted')
    expect(await outcome(mintJwt({ subject: 'mch_b' }))).toBe('client_not_allowed')
  })

  it('a token for another machine is refused', async () => {
    const { issuer, mintOpaque, outcome } = await atClerk()
    const { receiver, stranger } = issuer.clerkMachines
    expect(await outcome(mintOpaque({ audience: [stranger.id, receiver.id] }))).toBe('accepted')
    expect(await outcome(mintOpaque({ audience: stranger.id }))).toBe('token_inactive')
  })

  it('machineId must be among the machines of an opaque token', async () => {
    const right = await atClerk((by) => ({ machineId: by.clerkMachines.receiver.id }))
    expect(await right.outcome(right.mintOpaque())).toBe('accepted')
    const wrong = await atClerk((by) => ({ machineId: by.clerkMachines.stranger.id }))
    expect(await wrong.outcome(wrong.mintOpaque())).toBe('audience_mismatch')
  })

  it('an instance key, with which Clerk checks no machine, needs acceptAnyMachine', async () => {
    await expect(atClerk((by) => ({ machineSecretKey: by.clerkSecretKey }))).rejects.toThrow(
      /acceptAnyMachine/,
    )
    const any = await atClerk((by) => ({ machineSecretKey: by.clerkSecretKey, acceptAnyMachine: true }))
    expect(await any.outcome(any.mintOpaque({ audience: any.issuer.clerkMachines.stranger.id }))).toBe(
      'accepted',
    )
  })

  it('audience applies to both formats: machines of an opaque token, aud of a JWT', async () => {
    const { issuer, mintJwt, mintOpaque, outcome } = await atClerk((by) => ({
      audience: ['orders', by.clerkMachines.receiver.id],
    }))
    const { receiver } = issuer.clerkMachines
    expect(await outcome(mintJwt({ audience: ['orders'] }))).toBe('accepted')
    expect(await outcome(mintJwt({ audience: ['other'] }))).toBe('audience_mismatch')
    expect(await outcome(mintJwt())).toBe('audience_mismatch')
    expect(await outcome(mintOpaque({ audience: receiver.id }))).toBe('accepted')
    const elsewhere = await atClerk({ audience: 'mch_elsewhere' })
    expect(await elsewhere.outcome(elsewhere.mintOpaque())).toBe('audience_mismatch')
  })

  it('machineId applies to a JWT that Clerk verified, and not to the claims of a sender', async () => {
    const extra = (by: TestIssuer) => ({ machineId: by.clerkMachines.receiver.id, jwksUri: undefined })
    const local = await atClerk(extra)
    expect(await local.outcome(local.mintJwt())).toBe('accepted')
    const asked = await atClerk((by) => ({ ...extra(by), jwtAccess: 'remote' }))
    expect(await asked.outcome(asked.mintJwt())).toBe('accepted')
    const wrong = await atClerk((by) => ({
      machineId: by.clerkMachines.stranger.id,
      jwtAccess: 'remote',
      jwksUri: undefined,
    }))
    expect(await wrong.outcome(wrong.mintJwt())).toBe('audience_mismatch')
  })
})

describe('which JWTs of the instance are machine tokens', () => {
  it.each<[string, Omit<MintJwtOptions, 'provider'>, string, string]>([
    ['the category of machines', {}, 'accepted', 'accepted'],
    ['no category', { header: { cat: undefined } }, 'type_not_allowed', 'accepted'],
    ['another category', { header: { cat: 'cl_B7d4PD111AAA' } }, 'type_not_allowed', 'type_not_allowed'],
    [
      'a category that is not a string',
      { header: { cat: ['cl_B7d4PD333AAA'] } },
      'type_not_allowed',
      'type_not_allowed',
    ],
    ['typ at+jwt', { header: { typ: 'at+jwt' } }, 'type_not_allowed', 'type_not_allowed'],
    ['a user', { claims: { sub: 'user_1' } }, 'type_not_allowed', 'type_not_allowed'],
    ['no subject', { claims: { sub: undefined } }, 'type_not_allowed', 'type_not_allowed'],
    ['no expiry', { claims: { exp: undefined } }, 'claim_missing', 'claim_missing'],
  ])('%s', async (_, mint, required, relaxed) => {
    const strict = await atClerk()
    expect(await strict.outcome(strict.mintJwt(mint))).toBe(required)
    const lax = await atClerk({ requireCategory: false })
    expect(await lax.outcome(lax.mintJwt(mint))).toBe(relaxed)
  })

  it('without issuer, machine tokens are recognized by their subject', async () => {
    const { mintJwt, outcome } = await atClerk({ issuer: undefined })
    expect(await outcome(mintJwt())).toBe('accepted')
    expect(await outcome(mintJwt({ claims: { sub: 'user_1' } }))).toBe('issuer_unknown')
  })
})

describe('the keys of JWTs', () => {
  it('are fetched from the key set at the issuer', async () => {
    const { issuer, mintJwt, outcome } = await atClerk({ jwksUri: undefined })
    expect(await outcome(mintJwt())).toBe('accepted')
    expect(issuer.calls).toMatchObject({ jwks: 1, total: 1 })
  })

  it('are fetched from the Backend API with the secret key', async () => {
    const { issuer, mintJwt, outcome } = await atClerk((by) => ({ secretKey: by.clerkSecretKey }))
    expect(await outcome(mintJwt())).toBe('accepted')
    expect(issuer.calls).toMatchObject({ jwks: 1, total: 1 })
    const wrong = await atClerk({ secretKey: 'sk_test_wrong' })
    expect(await wrong.outcome(wrong.mintJwt())).toBe('keys_unavailable')
  })

  it('are not fetched with a PEM key', async () => {
    const { issuer, mintJwt, outcome } = await atClerk((by) => {
      const kid = by.addKey({ provider: 'clerk', use: true })
      return { jwtKey: by.publicKeyPem(kid) }
    })
    expect(await outcome(mintJwt())).toBe('accepted')
    issuer.rotateKeys()
    expect(await outcome(mintJwt())).toBe('signature_invalid')
    expect(issuer.calls.total).toBe(0)
  })

  it('are refused at start without a source or with two', async () => {
    await expect(atClerk({ issuer: undefined, jwksUri: undefined })).rejects.toThrow(ConfigurationError)
    await expect(atClerk((by) => ({ secretKey: 'sk_x', jwksUri: `${by.url}/jwks` }))).rejects.toThrow(
      /only one/,
    )
  })
})

describe('a response of the verify endpoint about an opaque token', () => {
  it.each<['flagged' | 'not-found', string]>([
    ['flagged', 'token_expired'],
    ['not-found', 'token_inactive'],
  ])('dead tokens %s: revoked is token_inactive, expired is %s', async (clerkDeadTokens, expired) => {
    const { issuer, mintOpaque, outcome } = await atClerk({}, { testIssuer: { clerkDeadTokens } })
    const revoked = mintOpaque()
    issuer.revoke(revoked)
    expect(await outcome(revoked)).toBe('token_inactive')
    expect(await outcome(mintOpaque({ age: 60, expiresIn: -1 }))).toBe(expired)
    expect(await outcome(mintOpaque({ expiresIn: null }))).toBe('accepted')
    expect(await outcome('mt_made-up')).toBe('token_inactive')
  })

  it.each<[string, Record<string, unknown>, string]>([
    ['another kind of object', { object: 'session' }, 'issuer_unavailable'],
    ['revoked is not said', { revoked: undefined }, 'issuer_unavailable'],
    ["revoked is 'false'", { revoked: 'false' }, 'issuer_unavailable'],
    ['expired is not said', { expired: undefined }, 'issuer_unavailable'],
    ['the subject is a user', { subject: 'user_1' }, 'issuer_unavailable'],
    ['an expiry that has passed, though not flagged', { expiration: 1000 }, 'token_expired'],
    ['an expiry in words', { expiration: 'never' }, 'issuer_unavailable'],
    ['machines that are not a list', { scopes: 'mch_1' }, 'issuer_unavailable'],
    ['a cnf, which binds the token to a key', { cnf: { jkt: 'x' } }, 'proof_missing'],
    ['a cnf of null, a binding of an unknown kind', { cnf: null }, 'proof_missing'],
    ['a cnf among the custom claims', { claims: { cnf: {} } }, 'proof_missing'],
    [
      'a cnf beside another one among the custom claims',
      { cnf: {}, claims: { cnf: undefined } },
      'proof_missing',
    ],
    ['nothing wrong', {}, 'accepted'],
  ])('a response with %s: %s', async (_, members, expected) => {
    const { issuer, mintOpaque, outcome, now } = await atClerk()
    const times = { created_at: now() * 1000, expiration: (now() + 60) * 1000 }
    const right = {
      object: 'machine_to_machine_token',
      id: 'mt_1',
      subject: 'mch_1',
      scopes: [],
      claims: null,
    }
    issuer.fail('clerkVerify', { body: { ...right, ...times, revoked: false, expired: false, ...members } })
    expect(await outcome(mintOpaque())).toBe(expected)
  })

  it('a response with a cnf refuses a JWT that it confirms', async () => {
    const { issuer, mintJwt, outcome, now } = await atClerk()
    const body = {
      object: 'machine_to_machine_token',
      subject: issuer.clerkMachines.sender.id,
      expiration: (now() + 60) * 1000,
      revoked: false,
      expired: false,
    }
    issuer.fail('clerkVerify', { body })
    expect(await outcome(mintJwt(), { confirmAfter: 0 })).toBe('accepted')
    issuer.fail('clerkVerify', { body: { ...body, cnf: { 'x5t#S256': 'x' } } })
    expect(await outcome(mintJwt(), { confirmAfter: 0 })).toBe('proof_missing')
  })

  it('a 404 without the error of Clerk, such as from a proxy, says nothing about the token', async () => {
    const { issuer, mintOpaque, outcome } = await atClerk()
    issuer.fail('clerkVerify', { status: 404, body: 'not here' })
    expect(await outcome(mintOpaque())).toBe('issuer_unavailable')
  })

  it('our own key rejected: 503, and the token is not refused', async () => {
    const { mintOpaque, verifier } = await atClerk({ machineSecretKey: 'ak_wrong' })
    const refusal = await refusalOf(verifier.verify(mintOpaque()))
    expect(refusal).toMatchObject({ reason: 'issuer_refused_us', status: 503 })
  })
})

describe('scopes', () => {
  it.each(['jwt', 'opaque'])('of a %s token are custom claims; machines are its audience', async (format) => {
    const { issuer, mintJwt, mintOpaque, outcome, verifier } = await atClerk({ scopeClaims: ['permissions'] })
    const mint = format === 'jwt' ? mintJwt : mintOpaque
    const token = mint({ scopes: 'other', claims: { permissions: ['a', 'b'] } })
    const { receiver } = issuer.clerkMachines
    expect(await outcome(token, { scopes: 'a b' })).toBe('accepted')
    expect(await outcome(token, { scopes: 'other' })).toBe('scope_insufficient')
    expect(await outcome(token, { scopes: receiver.id })).toBe('scope_insufficient')
    expect((await verifier.verify(token)).audience).toEqual(format === 'jwt' ? [] : [receiver.id])
  })

  it('a custom claim cannot replace a member of the response', async () => {
    const { issuer, mintOpaque, verifier } = await atClerk()
    const token = await verifier.verify(
      mintOpaque({ claims: { sub: 'mch_admin', iat: 1, exp: 9e9, jti: 'x' } }),
    )
    expect(token.subject).toBe(issuer.clerkMachines.sender.id)
    expect(token.claims).toMatchObject({ sub: token.subject, iat: token.issuedAt, exp: token.expiresAt })
  })
})

it('a logged issuer shows no credential', async () => {
  const { issuer } = await testBed()
  const made = clerk(issuer.clerk({ jwksUri: undefined, secretKey: issuer.clerkSecretKey }))
  const printed = inspect(made, { depth: 10, showHidden: true }) + JSON.stringify(made)
  expect(printed).not.toContain(issuer.clerkSecretKey)
  expect(printed).not.toContain(issuer.clerkMachines.receiver.secretKey)
})
