import { describe, expect, it } from 'vitest'
import { clerk, type ClerkJwtAccess } from '../../../src/index.js'
import type { MintJwtOptions } from '../../../src/testing/index.js'
import { outcomeOf } from '../../support/outcomes.js'
import { clerkClient, clerkSdkBed, verdict } from './clerk-sdk.js'

describe.each(['opaque', 'jwt'] as const)("a token that Clerk's client creates, %s", (tokenFormat) => {
  it('is accepted by both, who say the same of it', async () => {
    const { create, m2m, receiver, verifier, issuer } = await clerkSdkBed()
    const claims = { scope: 'orders:read', region: 'eu' }
    const { id, token } = await create({ tokenFormat, claims, secondsUntilExpiration: 600 })
    const theirs = await m2m.verify({ token, machineSecretKey: receiver })
    const ours = await verifier.verify(token, { scopes: 'orders:read' })
    expect(ours).toMatchObject({ format: tokenFormat, provider: 'clerk', tokenId: id })
    expect(ours.subject).toBe(issuer.clerkMachines.sender.id)
    expect({
      id: ours.tokenId,
      subject: ours.subject,
      expiration: ours.expiresAt! * 1000,
      createdAt: ours.issuedAt! * 1000,
    }).toEqual({
      id: theirs.id,
      subject: theirs.subject,
      expiration: theirs.expiration,
      createdAt: theirs.createdAt,
    })
    expect(ours.claims).toMatchObject({ region: 'eu' })
    expect(theirs.claims).toMatchObject({ region: 'eu' })
  })

  it('has only the scopes that its sender gave it', async () => {
    const { create, ours, theirs } = await clerkSdkBed()
    const { token } = await create({ tokenFormat, claims: { scope: 'orders:read' } })
    expect(await theirs(token)).toBe('accepted')
    expect(await ours(token, { scopes: 'orders:read' })).toBe('accepted')
    expect(await ours(token, { scopes: 'orders:write' })).toBe('scope_insufficient')
  })

  // Clerk ends an opaque token to the second; a JWT is validated by both sides with 5 s of tolerance.
  it('expires for both in the same second', async () => {
    const { create, ours, theirs, pass } = await clerkSdkBed()
    const { token } = await create({ tokenFormat, secondsUntilExpiration: 600 })
    pass(tokenFormat === 'opaque' ? 599 : 604)
    expect([await theirs(token), await ours(token)]).toEqual(['accepted', 'accepted'])
    pass(1)
    expect([await theirs(token), await ours(token)]).toEqual(['refused', 'token_expired'])
  })
})

describe.each(['flagged', 'not-found'] as const)('where dead opaque tokens are %s', (clerkDeadTokens) => {
  it("a token that Clerk's client revokes is refused by both", async () => {
    const { create, m2m, sender, receiver, ours, theirs, pass } = await clerkSdkBed({ clerkDeadTokens })
    const { id, token } = await create()
    expect([await theirs(token), await ours(token)]).toEqual(['accepted', 'accepted'])
    const revoked = await m2m.revokeToken({
      m2mTokenId: id,
      machineSecretKey: sender,
      revocationReason: 'leak',
    })
    expect(revoked).toMatchObject({ id, revoked: true, revocationReason: 'leak' })
    expect(await theirs(token)).toBe('refused')
    // The result is cached for 30 s, unless a route requires a call to Clerk.
    expect(await ours(token)).toBe('accepted')
    pass(30)
    expect(await ours(token)).toBe('token_inactive')
    if (clerkDeadTokens === 'flagged') {
      expect(await m2m.verify({ token, machineSecretKey: receiver })).toMatchObject({ revoked: true })
    }
  })

  it('a route that introspects on every request notices a revocation immediately', async () => {
    const { create, m2m, sender, ours } = await clerkSdkBed({ clerkDeadTokens })
    const { id, token } = await create()
    expect(await ours(token, { confirmAfter: 0 })).toBe('accepted')
    await m2m.revokeToken({ m2mTokenId: id, machineSecretKey: sender })
    expect(await ours(token, { confirmAfter: 0 })).toBe('token_inactive')
  })

  it('an expired token is refused by both', async () => {
    const { create, ours, theirs, pass } = await clerkSdkBed({ clerkDeadTokens })
    const { token } = await create({ secondsUntilExpiration: 60 })
    pass(60)
    const expected = clerkDeadTokens === 'flagged' ? 'token_expired' : 'token_inactive'
    expect([await theirs(token), await ours(token)]).toEqual(['refused', expected])
  })
})

describe('tokens that both refuse', () => {
  it('one that Clerk never issued', async () => {
    const { ours, theirs } = await clerkSdkBed()
    expect([await theirs('mt_unknown'), await ours('mt_unknown')]).toEqual(['refused', 'token_inactive'])
  })

  it('one of a machine without access to the receiver', async () => {
    const { create, stranger, ours, theirs } = await clerkSdkBed()
    const { token } = await create({ machineSecretKey: stranger })
    expect([await theirs(token), await ours(token)]).toEqual(['refused', 'token_inactive'])
  })

  it('one for the receiver, presented to another machine', async () => {
    const { create, issuer, m2m, stranger, verifierOf } = await clerkSdkBed()
    const { token } = await create()
    expect(await verdict(m2m.verify({ token, machineSecretKey: stranger }))).toBe('refused')
    const elsewhere = verifierOf(clerk(issuer.clerk({ machineSecretKey: stranger })))
    expect(await outcomeOf(elsewhere.verify(token))).toBe('token_inactive')
  })

  it.each<[string, Omit<MintJwtOptions, 'provider'>, string]>([
    ['of the category of session tokens', { header: { cat: 'cl_B7d4PD111AAA' } }, 'type_not_allowed'],
    ['of the category of template tokens', { header: { cat: 'cl_B7d4PD222AAA' } }, 'type_not_allowed'],
    ['of another type', { header: { typ: 'at+jwt' } }, 'type_not_allowed'],
    ['without exp', { expiresIn: null }, 'claim_missing'],
    ['not active yet', { claims: { nbf: 4_102_444_800 } }, 'token_not_active_yet'],
    ['issued in the future', { age: -60, claims: { nbf: undefined } }, 'issued_in_future'],
    ['expired', { age: 120, expiresIn: -60 }, 'token_expired'],
  ])('a JWT %s', async (_, mint, reason) => {
    const { issuer, ours, theirs } = await clerkSdkBed()
    const token = issuer.mintJwt({ ...mint, provider: 'clerk' })
    expect([await theirs(token), await ours(token)]).toEqual(['refused', reason])
  })

  it('a JWT whose claims were changed', async () => {
    const { create, ours, theirs } = await clerkSdkBed()
    const { token } = await create({ tokenFormat: 'jwt' })
    const [header, payload, signature] = token.split('.') as [string, string, string]
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>
    const raised = Buffer.from(JSON.stringify({ ...claims, scope: 'admin' })).toString('base64url')
    const forged = `${header}.${raised}.${signature}`
    expect([await theirs(forged), await ours(forged)]).toEqual(['refused', 'signature_invalid'])
  })

  it('a JWT whose key was withdrawn', async () => {
    const { create, issuer, verifierOf, theirs } = await clerkSdkBed()
    const { token } = await create({ tokenFormat: 'jwt' })
    issuer.rotateKeys()
    const late = verifierOf(clerk(issuer.clerk()))
    expect(await theirs(token, clerkClient(issuer))).toBe('refused')
    expect(await outcomeOf(late.verify(token))).toBe('key_unknown')
    const { token: fresh } = await create({ tokenFormat: 'jwt' })
    expect(await theirs(fresh, clerkClient(issuer))).toBe('accepted')
    expect(await outcomeOf(late.verify(fresh))).toBe('accepted')
  })
})

describe('a JWT of a machine without access to the receiver', () => {
  it("is accepted by Clerk's client, and by us only if every machine may call", async () => {
    const { create, issuer, stranger, theirs, verifierOf } = await clerkSdkBed()
    const { token } = await create({ machineSecretKey: stranger, tokenFormat: 'jwt' })
    expect(await theirs(token)).toBe('accepted')
    const judged = async (jwtAccess: ClerkJwtAccess): Promise<string> =>
      outcomeOf(verifierOf(clerk(issuer.clerk({ jwtAccess }))).verify(token))
    expect(await judged('any-machine')).toBe('accepted')
    expect(await judged({ senders: issuer.clerkMachines.sender.id })).toBe('client_not_allowed')
    expect(await judged('remote')).toBe('token_inactive')
    expect(await judged(false)).toBe('issuer_unknown')
  })
})

describe("the list of Clerk's client", () => {
  it('shows the opaque tokens of the sender that are alive, without the tokens themselves', async () => {
    const { create, m2m, sender, issuer } = await clerkSdkBed()
    const { id } = await create({ claims: { region: 'eu' } })
    await create({ tokenFormat: 'jwt' })
    const subject = issuer.clerkMachines.sender.id
    const { data, totalCount } = await m2m.list({ machineSecretKey: sender, subject })
    expect(data).toMatchObject([{ id, subject, claims: { region: 'eu' }, revoked: false, expired: false }])
    expect(totalCount).toBe(1)
    expect(data[0]!.token).toBeUndefined()
  })

  it('shows revoked and expired ones on request', async () => {
    const { create, m2m, sender, issuer, pass } = await clerkSdkBed()
    const dead = await create({ secondsUntilExpiration: 60 })
    const revoked = await create()
    const alive = await create()
    await m2m.revokeToken({ m2mTokenId: revoked.id, machineSecretKey: sender })
    pass(60)
    const subject = issuer.clerkMachines.sender.id
    const listed = async (query: { revoked?: boolean; expired?: boolean }): Promise<readonly string[]> => {
      const { data } = await m2m.list({ machineSecretKey: sender, subject, ...query })
      return data.map(({ id }) => id)
    }
    expect(await listed({})).toEqual([alive.id])
    expect(await listed({ revoked: true })).toEqual([alive.id, revoked.id])
    expect(await listed({ expired: true })).toEqual([alive.id, dead.id])
  })

  it("is not for another machine's tokens", async () => {
    const { create, m2m, stranger, issuer } = await clerkSdkBed()
    const { id } = await create()
    const subject = issuer.clerkMachines.sender.id
    await expect(m2m.list({ machineSecretKey: stranger, subject })).rejects.toMatchObject({ status: 403 })
    await expect(m2m.revokeToken({ machineSecretKey: stranger, m2mTokenId: id })).rejects.toMatchObject({
      status: 404,
    })
  })
})

describe("a key that is not the machine's", () => {
  it("is Clerk's 401 and our own fault, not the token's", async () => {
    const { create, issuer, m2m, verifierOf } = await clerkSdkBed()
    const { token } = await create()
    const machineSecretKey = 'ak_wrong'
    await expect(m2m.verify({ token, machineSecretKey })).rejects.toMatchObject({ status: 401 })
    const misconfigured = verifierOf(clerk(issuer.clerk({ machineSecretKey })))
    expect(await outcomeOf(misconfigured.verify(token))).toBe('issuer_refused_us')
  })
})

describe('a live token with enough time left', () => {
  it('is returned again to a caller that requests one', async () => {
    const { create, ours } = await clerkSdkBed()
    const wanted = {
      claims: { scope: 'orders:read' },
      secondsUntilExpiration: 600,
      minRemainingTtlSeconds: 300,
    }
    const first = await create(wanted)
    const second = await create(wanted)
    const other = await create({ ...wanted, claims: { scope: 'orders:write' } })
    expect(second).toEqual(first)
    expect(other.id).not.toBe(first.id)
    expect(await ours(second.token, { scopes: 'orders:read' })).toBe('accepted')
  })
})
