import { describe, expect, it } from 'vitest'
import { clerk } from '../../../src/index.js'
import type { ClerkToken, ManagementError } from '../../../src/management/index.js'
import { clerkManagementSdkBed, type ClerkManagementSdkBed, type TheirToken } from './clerk-management-sdk.js'
import type { Sent } from './clerk-wire.js'

/** What of an error of their client matters. */
interface ClerkError {
  readonly status: number
  readonly errors: readonly { readonly code: string }[]
  readonly clerkTraceId: string
}

/** The same token as their client says it: milliseconds, and no `lastUsedAt`. */
function asTheirs(token: ClerkToken): object {
  const { expiresAt, createdAt, updatedAt } = token
  return {
    id: token.tokenId,
    subject: token.subject,
    scopes: token.scopes,
    claims: token.claims,
    revoked: token.revoked,
    revocationReason: token.revocationReason,
    expired: token.expired,
    expiration: expiresAt === null ? null : expiresAt * 1000,
    createdAt: createdAt * 1000,
    updatedAt: updatedAt * 1000,
  }
}

const withoutToken = ({ token: _, ...rest }: TheirToken): object => rest

/** What matters of a request: whatever Clerk decides by. */
function essence({ method, path, query, headers, body }: Sent): object {
  const { authorization, 'content-type': type, 'clerk-api-version': version } = headers
  // A call without a body has no type of a body to speak of.
  return { method, path, query, authorization, version, body, type: body === undefined ? undefined : type }
}

const ID = `mt_${'0a'.repeat(16)}`

describe("what is sent is what Clerk's own client sends, member by member", () => {
  type Operation = (bed: ClerkManagementSdkBed) => PromiseLike<unknown>
  it.each<[name: string, ours: Operation, theirs: Operation]>([
    [
      'create, without options',
      ({ mine }) => mine.create(),
      ({ wired, sender }) => wired.createToken({ machineSecretKey: sender }),
    ],
    [
      'create, with everything',
      ({ mine }) =>
        mine.create({
          format: 'opaque',
          expiresIn: '1h',
          claims: { scope: 'orders:read', nestedClaim: { camelCase: [1, null] } },
          minRemainingTtl: '10m',
        }),
      ({ wired, sender }) =>
        wired.createToken({
          machineSecretKey: sender,
          tokenFormat: 'opaque',
          secondsUntilExpiration: 3600,
          claims: { scope: 'orders:read', nestedClaim: { camelCase: [1, null] } },
          minRemainingTtlSeconds: 600,
        }),
    ],
    [
      'create, a JWT',
      ({ mine }) => mine.create({ format: 'jwt', expiresIn: 300, claims: null }),
      ({ wired, sender }) =>
        wired.createToken({ machineSecretKey: sender, tokenFormat: 'jwt', secondsUntilExpiration: 300 }),
    ],
    [
      'list',
      ({ mine, subject }) => mine.list({ subject }),
      ({ wired, sender, subject }) => wired.list({ machineSecretKey: sender, subject }),
    ],
    [
      'list, with everything',
      ({ mine, subject }) => mine.list({ subject, revoked: true, expired: false, limit: 50, offset: 100 }),
      ({ wired, sender, subject }) =>
        wired.list({
          machineSecretKey: sender,
          subject,
          revoked: true,
          expired: false,
          limit: 50,
          offset: 100,
        }),
    ],
    [
      'list, with the key of the instance',
      ({ mineAsInstance, subject }) => mineAsInstance.list({ subject, limit: 1 }),
      ({ wired, subject }) => wired.list({ subject, limit: 1 }),
    ],
    [
      'revoke',
      ({ mine }) => mine.revoke({ tokenId: ID }),
      ({ wired, sender }) => wired.revokeToken({ machineSecretKey: sender, m2mTokenId: ID }),
    ],
    [
      'revoke, with a reason and the key of the instance',
      ({ mineAsInstance }) => mineAsInstance.revoke({ tokenId: ID, reason: 'leaked' }),
      ({ wired }) => wired.revokeToken({ m2mTokenId: ID, revocationReason: 'leaked' }),
    ],
    [
      'verify',
      ({ mineAsReceiver }) => mineAsReceiver.verify({ token: 'mt_unknown' }),
      ({ wired, receiver }) => wired.verify({ machineSecretKey: receiver, token: 'mt_unknown' }),
    ],
  ])('%s', async (_, ours, theirs) => {
    const bed = await clerkManagementSdkBed()
    // The response of Clerk does not matter here, only the request.
    const sent = async (operation: Operation): Promise<readonly object[]> => {
      await Promise.resolve(operation(bed)).catch(() => undefined)
      return bed.taken().map(essence)
    }
    const [byUs, byThem] = [await sent(ours), await sent(theirs)]
    expect(byUs).toHaveLength(1)
    expect(byUs).toEqual(byThem)
  })
})

describe('a whole life of a token', () => {
  interface Side {
    readonly create: (
      claims: Record<string, unknown>,
    ) => Promise<{ readonly tokenId: string; readonly token: string }>
    readonly listed: () => Promise<readonly string[]>
    readonly dead: (token: string) => Promise<boolean>
    readonly revoke: (id: string) => Promise<object>
  }

  const ours = ({ mine, mineAsReceiver, subject }: ClerkManagementSdkBed): Side => ({
    create: (claims) => mine.create({ claims, expiresIn: '1h' }),
    listed: async () => (await mine.list({ subject })).items.map(({ tokenId: id }) => id),
    async dead(token) {
      const { revoked, expired } = await mineAsReceiver.verify({ token })
      return revoked || expired
    },
    revoke: async (id) => asTheirs(await mine.revoke({ tokenId: id, reason: 'leaked' })),
  })

  const theirs = ({ wired, sender, receiver, subject, create }: ClerkManagementSdkBed): Side => ({
    create: async (claims) => {
      const { id: tokenId, token } = await create({ claims, secondsUntilExpiration: 3600 })
      return { tokenId, token }
    },
    listed: async () => (await wired.list({ machineSecretKey: sender, subject })).data.map(({ id }) => id),
    async dead(token) {
      const { revoked, expired } = await wired.verify({ machineSecretKey: receiver, token })
      return revoked || expired
    },
    revoke: async (id) =>
      withoutToken(
        await wired.revokeToken({ machineSecretKey: sender, m2mTokenId: id, revocationReason: 'leaked' }),
      ),
  })

  const sides = { ours, theirs }
  const names = ['ours', 'theirs'] as const
  const pairs = names.flatMap((maker) => names.map((ender) => [maker, ender] as const))

  it.each(pairs)('created by %s, ended by %s', async (maker, ender) => {
    const bed = await clerkManagementSdkBed()
    const { create } = sides[maker](bed)
    const { listed, dead, revoke } = sides[ender](bed)
    const { tokenId: id, token } = await create({ scope: 'orders:read' })
    expect(await bed.ours(token, { scopes: 'orders:read', confirmAfter: 0 })).toBe('accepted')
    expect([await listed(), await dead(token)]).toEqual([[id], false])
    bed.pass(1)
    const revoked = await revoke(id)
    expect(revoked).toMatchObject({ id, revoked: true, revocationReason: 'leaked' })
    expect([await listed(), await dead(token)]).toEqual([[], true])
    expect([await sides[maker](bed).listed(), await sides[maker](bed).dead(token)]).toEqual([[], true])
    expect(await bed.ours(token, { scopes: 'orders:read', confirmAfter: 0 })).toBe('token_inactive')
  })

  it.each(pairs)('a JWT created by %s is known to %s, and cannot be revoked', async (maker, ender) => {
    const bed = await clerkManagementSdkBed()
    const created =
      maker === 'ours'
        ? await bed.mine.create({ format: 'jwt', expiresIn: 60 })
        : await bed.create({ tokenFormat: 'jwt', secondsUntilExpiration: 60 })
    const { token } = created
    const id = 'tokenId' in created ? created.tokenId : created.id
    const { listed, dead, revoke } = sides[ender](bed)
    expect([await listed(), await dead(token)]).toEqual([[], false])
    await expect(revoke(id)).rejects.toMatchObject({ status: 404 })
    expect(await bed.ours(token)).toBe('accepted')
    bed.pass(65)
    expect(await bed.ours(token)).toBe('token_expired')
  })
})

describe('both say the same', () => {
  it('of a token that is created, listed, verified and revoked', async () => {
    const { mine, mineAsReceiver, wired, sender, receiver, subject, pass } = await clerkManagementSdkBed()
    const created = await mine.create({ expiresIn: 600, claims: { plan: { seats: 3 } } })
    const { tokenId: id, token } = created
    pass(1)
    const { data, totalCount } = await wired.list({ machineSecretKey: sender, subject })
    const { items, total } = await mine.list({ subject })
    expect(data.map(withoutToken)).toEqual([asTheirs(created)])
    expect([items.map(asTheirs), total]).toEqual([data.map(withoutToken), totalCount])
    const verified = await wired.verify({ machineSecretKey: receiver, token })
    expect(asTheirs(await mineAsReceiver.verify({ token }))).toEqual(withoutToken(verified))
    const revoked = await wired.revokeToken({ machineSecretKey: sender, m2mTokenId: id })
    expect(asTheirs(await mine.revoke({ tokenId: id }))).toEqual(withoutToken(revoked))
  })

  it('of a living token that is given again: it is the same for both', async () => {
    const { mine, wired, sender } = await clerkManagementSdkBed()
    const claims = { scope: 'orders:read' }
    const first = await mine.create({ claims, expiresIn: 600 })
    const wanted = { machineSecretKey: sender, claims, secondsUntilExpiration: 600 }
    const second = await wired.createToken({ ...wanted, minRemainingTtlSeconds: 300 })
    const third = await mine.create({ claims, expiresIn: 600, minRemainingTtl: 300 })
    expect([second.id, third.tokenId]).toEqual([first.tokenId, first.tokenId])
    expect([second.token, third.token]).toEqual([first.token, first.token])
  })

  it.each<
    [
      string,
      (bed: ClerkManagementSdkBed) => PromiseLike<unknown>,
      (bed: ClerkManagementSdkBed) => Promise<unknown>,
    ]
  >([
    [
      'a list for another machine',
      ({ mineAsReceiver, subject }) => mineAsReceiver.list({ subject }),
      ({ wired, receiver, subject }) => wired.list({ machineSecretKey: receiver, subject }),
    ],
    [
      'a revocation of nothing',
      ({ mine }) => mine.revoke({ tokenId: ID }),
      ({ wired, sender }) => wired.revokeToken({ machineSecretKey: sender, m2mTokenId: ID }),
    ],
    [
      'an unknown token',
      ({ mineAsReceiver }) => mineAsReceiver.verify({ token: 'mt_x' }),
      ({ wired, receiver }) => wired.verify({ machineSecretKey: receiver, token: 'mt_x' }),
    ],
  ])('of %s: status, code and the id of the request', async (_, ours, theirs) => {
    const bed = await clerkManagementSdkBed()
    const byUs = await Promise.resolve(ours(bed)).catch((error: unknown) => {
      const { status, code, requestId } = error as ManagementError
      return { status, code, requestId }
    })
    const byThem = await theirs(bed).catch((error: unknown) => {
      const { status, errors, clerkTraceId } = error as ClerkError
      return { status, code: errors[0]?.code, requestId: clerkTraceId }
    })
    expect(byUs).toMatchObject({ code: expect.any(String) as unknown, requestId: 'test-issuer' })
    expect(byUs).toEqual(byThem)
  })
})

describe('a guarded API', () => {
  it('notices a revocation by our client when the cached result expires, or immediately with confirmAfter: 0', async () => {
    const { mine, issuer, verifierOf, pass } = await clerkManagementSdkBed()
    const { tokenId: id, token } = await mine.create({ expiresIn: '1h' })
    const verifier = verifierOf(clerk(issuer.clerk()))
    await verifier.verify(token)
    await mine.revoke({ tokenId: id })
    pass(29)
    await verifier.verify(token)
    await expect(verifier.verify(token, { confirmAfter: 0 })).rejects.toMatchObject({
      reason: 'token_inactive',
    })
    pass(1)
    await expect(verifier.verify(token)).rejects.toMatchObject({ reason: 'token_inactive', status: 401 })
  })
})
