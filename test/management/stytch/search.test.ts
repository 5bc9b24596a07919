import { describe, expect, it } from 'vitest'
import { ManagementError } from '../../../src/management/index.js'
import type { StytchClientPage, StytchSearchInput } from '../../../src/management/index.js'
import { failureOf } from '../../support/outcomes.js'
import { stytchManagementBed, type StytchManagementBed } from '../../support/management.js'

describe('a search', () => {
  async function manyClients(): Promise<StytchManagementBed> {
    const bed = await stytchManagementBed()
    for (let made = 1; made < 250; made += 1)
      bed.issuer.addClient({ provider: 'stytch', clientId: `c-${made}` })
    bed.issuer.resetCalls()
    return bed
  }

  it('finds every client, and fetches a page only after the previous one is consumed', async () => {
    const { clients, issuer } = await manyClients()
    const found: string[] = []
    for await (const { clientId } of clients.search()) {
      found.push(clientId)
      expect(issuer.calls.stytchClients).toBe(Math.ceil(found.length / 100))
    }
    expect(found).toHaveLength(250)
    expect(new Set(found).size).toBe(250)
    expect(issuer.calls.stytchClients).toBe(3)
  })

  it('returns pages, their total and a cursor to continue with', async () => {
    const { clients } = await manyClients()
    const pages: StytchClientPage[] = []
    for await (const page of clients.search({ limit: 120 }).pages()) pages.push(page)
    expect(pages.map(({ items, total }) => [items.length, total])).toEqual([
      [120, 250],
      [120, 250],
      [10, 250],
    ])
    expect(pages[2]!.nextCursor).toBeUndefined()
    const resumed = await clients.search({ limit: 120, cursor: pages[0]!.nextCursor! })
    expect(resumed.items).toEqual(pages[1]!.items)
  })

  it('continues from its cursor even if clients are deleted meanwhile', async () => {
    const { clients, issuer } = await manyClients()
    for await (const { clientId } of clients.search({ limit: 60 })) await clients.delete({ clientId })
    expect((await clients.search()).items).toEqual([])
    expect(issuer.calls.stytchClients).toBe(5 + 250 + 1)
  })

  it('beyond the end is an empty page, not an error', async () => {
    const { clients } = await manyClients()
    const page = await clients.search({ limit: 249 })
    const { items } = await clients.search({ limit: 249, cursor: page.nextCursor! })
    await clients.delete({ clientId: items[0]!.clientId })
    expect(await clients.search({ limit: 249, cursor: page.nextCursor! })).toEqual({
      items: [],
      total: 249,
      nextCursor: undefined,
    })
  })

  it('has no total if totals are disabled, and still finds every client', async () => {
    const { clients, issuer } = await stytchManagementBed()
    const client = { client_id: 'a', status: 'active', scopes: [] }
    const answer = (next_cursor: string | null): unknown => ({
      m2m_clients: [client],
      results_metadata: { total: -1, next_cursor },
    })
    const answers = [answer('1'), answer('2'), answer(null)]
    issuer.fail('stytchClients', (_, response) => {
      response.setHeader('content-type', 'application/json').end(JSON.stringify(answers.shift()))
    })
    const totals: (number | undefined)[] = []
    for await (const { total } of clients.search().pages()) totals.push(total)
    expect(totals).toEqual([undefined, undefined, undefined])
  })

  it('ends if a cursor points to itself', async () => {
    const { clients, issuer } = await stytchManagementBed()
    const body = { m2m_clients: [], results_metadata: { total: 1, next_cursor: 'again' } }
    issuer.fail('stytchClients', { status: 200, body })
    const walk = async (): Promise<void> => {
      for await (const client of clients.search()) expect(client).toBeUndefined()
    }
    expect((await failureOf(walk(), ManagementError)).message).toMatch(/cursor/)
    expect(issuer.calls.stytchClients).toBe(2)
  })

  it.each<[string, StytchSearchInput, string[]]>([
    ['by id', query(['client_id', 'one', 'three']), ['one', 'three']],
    ['by name', query(['client_name', 'Red']), ['one', 'two']],
    ['by scope', query(['scopes', 'read']), ['one', 'three']],
    ['by one of several scopes', query(['scopes', 'read', 'write']), ['one', 'two', 'three']],
    ['by name and scope', query(['client_name', 'Red'], ['scopes', 'read']), ['one']],
    [
      'by name or scope',
      { query: { operator: 'OR', ...operands(['client_name', 'Blue'], ['scopes', 'write']) } },
      ['two', 'three'],
    ],
    ['by a name that differs in case', query(['client_name', 'red']), []],
  ])('%s', async (_, input, expected) => {
    const { clients } = await stytchManagementBed()
    await clients.create({ clientId: 'one', clientName: 'Red', scopes: 'read' })
    await clients.create({ clientId: 'two', clientName: 'Red', scopes: 'write' })
    await clients.create({ clientId: 'three', clientName: 'Blue', scopes: 'read' })
    const { items, total } = await clients.search(input)
    expect(items.map(({ clientId }) => clientId)).toEqual(expected)
    expect(total).toBe(expected.length)
  })
})

type Operand = [filterName: 'client_id' | 'client_name' | 'scopes', ...filterValue: string[]]

function operands(...given: Operand[]): { operands: { filterName: Operand[0]; filterValue: string[] }[] } {
  return { operands: given.map(([filterName, ...filterValue]) => ({ filterName, filterValue })) }
}

function query(...given: Operand[]): { query: ReturnType<typeof operands> } {
  return { query: operands(...given) }
}
