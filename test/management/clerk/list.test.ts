import { describe, expect, it } from 'vitest'
import type { ClerkToken } from '../../../src/management/index.js'
import { clerkManagementBed, type ClerkManagementBed } from '../../support/management.js'

/** As many tokens, oldest first. */
async function create({ sender }: ClerkManagementBed, count: number): Promise<readonly ClerkToken[]> {
  const tokens: ClerkToken[] = []
  for (let index = 0; index < count; index += 1)
    tokens.push(await sender.create({ expiresIn: '1h', claims: { index } }))
  return tokens
}

const numberOf = ({ claims }: ClerkToken): unknown => claims?.['index']
const down = (from: number, to: number): readonly number[] =>
  Array.from({ length: from - to + 1 }, (_, index) => from - index)

describe('a list', () => {
  it('returns its first page when awaited, in one call, newest first, without token values', async () => {
    const bed = await clerkManagementBed()
    await create(bed, 12)
    bed.issuer.resetCalls()
    const list = bed.sender.list({ subject: bed.subject })
    expect(bed.issuer.calls.total).toBe(0)
    const { items, total } = await list
    expect([items.map(numberOf), total]).toEqual([down(11, 2), 12])
    expect(items.every((item) => !('token' in item))).toBe(true)
    await list
    expect(bed.issuer.calls.total).toBe(1)
  })

  it('yields every token when iterated, page by page', async () => {
    const bed = await clerkManagementBed()
    await create(bed, 7)
    bed.issuer.resetCalls()
    const found: unknown[] = []
    for await (const token of bed.sender.list({ subject: bed.subject, limit: 3 })) found.push(numberOf(token))
    expect(found).toEqual(down(6, 0))
    expect(bed.issuer.calls.total).toBe(3)
  })

  it.each([
    ['a page that ends with the last token', { limit: 6 }, [down(5, 0)]],
    ['from an offset on', { offset: 2, limit: 3 }, [down(3, 1), [0]]],
    ['beyond the end', { offset: 6 }, [[]]],
    ['far beyond the end', { offset: 1000, limit: 100 }, [[]]],
  ])('%s', async (_, input, pages) => {
    const bed = await clerkManagementBed()
    await create(bed, 6)
    const found: unknown[] = []
    for await (const { items, total } of bed.sender.list({ subject: bed.subject, ...input }).pages()) {
      found.push(items.map(numberOf))
      expect(total).toBe(6)
    }
    expect(found).toEqual(pages)
  })

  it('includes revoked and expired tokens if the options are set, and never JWTs', async () => {
    const bed = await clerkManagementBed()
    const { sender, subject, pass } = bed
    const revoked = await sender.create({ expiresIn: 600 })
    const expired = await sender.create({ expiresIn: 60 })
    const alive = await sender.create({ expiresIn: 600, claims: { exp: 1 } })
    await sender.create({ format: 'jwt' })
    await sender.revoke({ tokenId: revoked.tokenId })
    pass(60)
    const ids = async (input: { revoked?: boolean; expired?: boolean }): Promise<readonly string[]> =>
      (await sender.list({ subject, ...input })).items.map(({ tokenId }) => tokenId)
    expect(await ids({})).toEqual([alive.tokenId])
    expect(await ids({ revoked: true, expired: false })).toEqual([alive.tokenId, revoked.tokenId])
    expect(await ids({ expired: true })).toEqual([alive.tokenId, expired.tokenId])
    expect(await ids({ revoked: true, expired: true })).toEqual([
      alive.tokenId,
      expired.tokenId,
      revoked.tokenId,
    ])
  })
})

describe('a list that changes during iteration', () => {
  it.each([1, 3, 4, 25, 100])(
    'yields each token once if all are revoked meanwhile, %i per page',
    async (limit) => {
      const bed = await clerkManagementBed()
      const all = await create(bed, 25)
      const met: string[] = []
      for await (const { tokenId } of bed.sender.list({ subject: bed.subject, limit })) {
        met.push(tokenId)
        await bed.sender.revoke({ tokenId })
      }
      expect(met).toEqual(all.map(({ tokenId }) => tokenId).reverse())
      expect((await bed.sender.list({ subject: bed.subject })).total).toBe(0)
    },
  )

  it('yields each token once if others are created meanwhile', async () => {
    const bed = await clerkManagementBed()
    const all = await create(bed, 9)
    const met: string[] = []
    for await (const { tokenId } of bed.sender.list({ subject: bed.subject, limit: 2 })) {
      met.push(tokenId)
      if (met.length < 5) await bed.sender.create({ expiresIn: '1h' })
    }
    expect(met).toEqual(all.map(({ tokenId }) => tokenId).reverse())
  })

  it('yields each remaining token if others expire or are created meanwhile', async () => {
    const bed = await clerkManagementBed()
    const old = await create(bed, 4)
    const brief = await Promise.all([1, 2, 3].map(() => bed.sender.create({ expiresIn: 60 })))
    const met: string[] = []
    for await (const { tokenId } of bed.sender.list({ subject: bed.subject, limit: 3 })) {
      met.push(tokenId)
      if (met.length === 3) {
        bed.pass(60)
        await bed.sender.create({ expiresIn: '1h' })
      }
    }
    expect(met).toHaveLength(7)
    expect(new Set(met)).toEqual(new Set([...old, ...brief].map(({ tokenId }) => tokenId)))
  })

  it('can be iterated twice', async () => {
    const bed = await clerkManagementBed()
    await create(bed, 5)
    const list = bed.sender.list({ subject: bed.subject, limit: 2 })
    for (let walk = 0; walk < 2; walk += 1) {
      const found: unknown[] = []
      for await (const token of list) found.push(numberOf(token))
      expect(found).toEqual(down(4, 0))
    }
  })
})
