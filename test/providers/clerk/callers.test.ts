import { describe, expect, it } from 'vitest'
import type { TestIssuer } from '../../../src/testing/index.js'
import { atClerk } from './support.js'

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
