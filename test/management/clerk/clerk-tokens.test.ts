import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { clerk, createVerifier } from '../../../src/index.js'
import { failureOf, outcomeOf } from '../../support/outcomes.js'
import { decode } from '../../support/tokens/jwt.js'
import { clerkManagementBed } from '../../support/management.js'

describe('a created token', () => {
  it('has camelCase fields and times in seconds, and is accepted by the receiver', async () => {
    const { sender, issuer, subject, now, clock } = await clerkManagementBed()
    const created = await sender.create({ expiresIn: '10m', claims: { scope: 'orders:read', plan: ['a'] } })
    const { token, ...shown } = { ...created, token: created.token }
    expect(shown).toEqual({
      tokenId: expect.stringMatching(/^mt_[0-9a-f]{32}$/) as unknown,
      subject,
      claims: { scope: 'orders:read', plan: ['a'] },
      scopes: [issuer.clerkMachines.receiver.id],
      revoked: false,
      revocationReason: null,
      expired: false,
      expiresAt: now() + 600,
      createdAt: now(),
      updatedAt: now(),
      lastUsedAt: null,
    })
    const verifier = createVerifier({ issuers: [clerk(issuer.clerk())], clock })
    const accepted = await verifier.verify(token, { scopes: 'orders:read' })
    expect([accepted.tokenId, accepted.expiresAt]).toEqual([created.tokenId, created.expiresAt])
  })

  it('reveals the token only through its token property', async () => {
    const { sender } = await clerkManagementBed()
    const created = await sender.create({ expiresIn: 60 })
    expect(created.token).toMatch(/^mt_/)
    expect(Object.keys(created)).not.toContain('token')
    for (const text of [inspect(created), JSON.stringify(created), inspect({ ...created }, { depth: 9 })])
      expect(text).not.toContain(created.token)
  })

  it('is frozen, including its claims and scopes', async () => {
    const { sender } = await clerkManagementBed()
    const created = await sender.create({ claims: { plan: { seats: 1 } } })
    const parts = [created, created.scopes, created.claims, created.claims?.['plan']]
    expect(parts.map((part) => Object.isFrozen(part))).toEqual([true, true, true, true])
  })

  it.each([[undefined], [null]])(
    'without a lifetime (%s), has the expiry that Clerk sets',
    async (expiresIn) => {
      const { sender } = await clerkManagementBed()
      const input = expiresIn === undefined ? {} : { expiresIn }
      expect((await sender.create(input)).expiresAt).toBeNull()
    },
  )

  it('as a JWT keeps custom claims, but they cannot replace the structural ones', async () => {
    const { sender, subject, now } = await clerkManagementBed()
    const claims = { scope: 'orders:read', sub: 'mch_somebody_else', exp: 9_999_999_999 }
    const { token, tokenId, expiresAt } = await sender.create({ format: 'jwt', expiresIn: '5m', claims })
    expect(decode(token).claims).toMatchObject({
      sub: subject,
      jti: tokenId,
      exp: now() + 300,
      scope: 'orders:read',
    })
    expect(expiresAt).toBe(now() + 300)
  })
})

describe('reuse of a token with enough remaining lifetime', () => {
  it.each([
    ['the same claims in another order', { claims: { b: 2, a: [1] } }, 0, true],
    ['exactly the minimum remaining lifetime', { claims: { a: [1], b: 2 } }, 300, true],
    ['a second less', { claims: { a: [1], b: 2 } }, 301, false],
    ['other claims', { claims: { a: [1], b: 3 } }, 0, false],
    ['no claims', {}, 0, false],
  ])('%s', async (_, wanted, passed, isSame) => {
    const { sender, pass } = await clerkManagementBed()
    const first = await sender.create({ claims: { a: [1], b: 2 }, expiresIn: 600 })
    pass(passed)
    const second = await sender.create({ ...wanted, expiresIn: 600, minRemainingTtl: '5m' })
    expect([second.tokenId === first.tokenId, second.token === first.token]).toEqual([isSame, isSame])
  })

  it('does not reuse a revoked token', async () => {
    const { sender } = await clerkManagementBed()
    const first = await sender.create({ expiresIn: 600 })
    await sender.revoke({ tokenId: first.tokenId })
    expect((await sender.create({ expiresIn: 600, minRemainingTtl: 1 })).tokenId).not.toBe(first.tokenId)
  })
})

describe.each(['flagged', 'not-found'] as const)(
  'where expired and revoked tokens are %s',
  (clerkDeadTokens) => {
    it('a revoked token is reported as revoked, and the guarded API rejects it', async () => {
      const { sender, receiver, issuer, clock, subject, pass, now } = await clerkManagementBed({
        clerkDeadTokens,
      })
      const verifier = createVerifier({ issuers: [clerk(issuer.clerk())], clock })
      const { tokenId, token } = await sender.create({ expiresIn: '1h' })
      expect(await outcomeOf(verifier.verify(token))).toBe('accepted')
      expect(await receiver.verify({ token })).toMatchObject({
        tokenId,
        subject,
        revoked: false,
        lastUsedAt: now(),
      })
      pass(5)
      const revoked = await sender.revoke({ tokenId, reason: 'leaked' })
      expect(revoked).toMatchObject({ tokenId, revoked: true, revocationReason: 'leaked', updatedAt: now() })
      if (clerkDeadTokens === 'flagged') expect(await receiver.verify({ token })).toEqual(revoked)
      else expect(await failureOf(receiver.verify({ token }))).toMatchObject({ status: 404 })
      expect(await outcomeOf(verifier.verify(token, { confirmAfter: 0 }))).toBe('token_inactive')
    })
  },
)

describe('permissions of the keys', () => {
  it('with the key of a machine, lists and revokes only tokens of that machine', async () => {
    const { sender, stranger, subject } = await clerkManagementBed()
    const { tokenId } = await sender.create()
    expect((await sender.list({ subject })).total).toBe(1)
    expect(await failureOf(stranger.list({ subject }))).toMatchObject({
      status: 403,
      code: 'authorization_invalid',
    })
    expect(await failureOf(stranger.revoke({ tokenId }))).toMatchObject({
      status: 404,
      code: 'resource_not_found',
    })
    expect(await sender.revoke({ tokenId })).toMatchObject({ revoked: true, revocationReason: null })
  })

  it('with the key of the instance, lists and revokes tokens of every machine', async () => {
    const { sender, instance, subject } = await clerkManagementBed()
    const { tokenId, token } = await sender.create()
    expect((await instance.list({ subject })).items.map((item) => item.tokenId)).toEqual([tokenId])
    expect(await instance.verify({ token })).toMatchObject({ tokenId })
    expect(await instance.revoke({ tokenId })).toMatchObject({ revoked: true })
  })

  it('with the key of a machine, verifies only tokens for that machine', async () => {
    const { sender, receiver, stranger } = await clerkManagementBed()
    const { token, tokenId } = await sender.create()
    expect(await receiver.verify({ token })).toMatchObject({ tokenId })
    for (const other of [sender, stranger])
      expect(await failureOf(other.verify({ token }))).toMatchObject({ status: 404 })
  })

  it('with both keys, uses the key of the instance only where the machine lacks permission', async () => {
    const { both, stranger, issuer, subject } = await clerkManagementBed()
    const { stranger: machine } = issuer.clerkMachines
    const own = await both.create()
    const foreign = await stranger.create()
    issuer.resetCalls()
    expect((await both.list({ subject })).total).toBe(1)
    await both.revoke({ tokenId: own.tokenId })
    expect(issuer.calls.clerkTokens).toBe(2)
    expect((await both.list({ subject: machine.id })).items.map(({ tokenId }) => tokenId)).toEqual([
      foreign.tokenId,
    ])
    expect(await both.revoke({ tokenId: foreign.tokenId })).toMatchObject({
      tokenId: foreign.tokenId,
      revoked: true,
    })
    expect(issuer.calls.clerkTokens).toBe(6)
  })

  it('with both keys, a token for another machine is not verified by the key of the instance', async () => {
    const { both, sender } = await clerkManagementBed()
    const { token } = await sender.create()
    expect(await failureOf(both.verify({ token }))).toMatchObject({ status: 404 })
  })
})
