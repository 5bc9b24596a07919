import { describe, expect, it } from 'vitest'
import { refusalOf } from '../../support/outcomes.js'
import { atClerk } from './support.js'

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
