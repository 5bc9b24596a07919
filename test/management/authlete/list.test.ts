import { describe, expect, it } from 'vitest'
import type { AuthleteListInput } from '../../../src/management/index.js'
import { answering } from './support.js'
import { authleteManagementBed, type AuthleteManagementBed, hashOf } from '../../support/management.js'
import { failureOf } from '../../support/outcomes.js'

/** Seven tokens: of two clients, one of them of a person. */
async function withTokens(): Promise<AuthleteManagementBed & { readonly hashes: readonly string[] }> {
  const bed = await authleteManagementBed()
  const mint = (clientId: string, subject = clientId): string =>
    bed.issuer.mintOpaque({ provider: 'authlete', clientId, subject, scopes: 'a' })
  const minted = Array.from({ length: 5 }, () => mint('billing'))
  minted.push(mint('billing', 'john'), mint('reports'))
  return { ...bed, hashes: minted.map(hashOf) }
}

async function all(bed: AuthleteManagementBed, input: AuthleteListInput): Promise<readonly string[]> {
  const found: string[] = []
  for await (const token of bed.tokens.list(input)) found.push(token.tokenHash)
  return found
}

describe('a list', () => {
  it('contains hashes and times in seconds, never tokens', async () => {
    const { tokens, clientId, now, issuer } = await authleteManagementBed()
    const { token: accessToken, refreshToken } = await tokens.create({
      grantType: 'AUTHORIZATION_CODE',
      clientId,
      subject: 'john',
      scopes: 'a b',
      expiresIn: 60,
      refreshTokenExpiresIn: 120,
      properties: [{ key: 'tenant', value: 't1', hidden: true }],
    })
    issuer.resetCalls()
    const { items, total, client } = await tokens.list({ clientId })
    expect(items).toEqual([
      {
        tokenHash: hashOf(accessToken),
        expiresAt: now() + 60,
        refreshTokenHash: hashOf(refreshToken!),
        refreshTokenExpiresAt: now() + 120,
        createdAt: now(),
        lastRefreshedAt: undefined,
        clientId,
        subject: 'john',
        grantType: 'AUTHORIZATION_CODE',
        scopes: ['a', 'b'],
        refreshTokenScopes: ['a', 'b'],
        properties: [{ key: 'tenant', value: 't1', hidden: true }],
      },
    ])
    expect(total).toBe(1)
    expect(client).toMatchObject({ clientId, clientType: 'CONFIDENTIAL' })
    expect(issuer.calls).toMatchObject({ authleteTokens: 1, total: 1 })
  })

  it.each<[string, AuthleteListInput, readonly number[], number]>([
    ['all, in one page', {}, [0, 1, 2, 3, 4, 5, 6], 1],
    ['all, by twos', { limit: 2 }, [0, 1, 2, 3, 4, 5, 6], 4],
    ['from the third on', { start: 2 }, [2, 3, 4, 5, 6], 1],
    ['the first three: the end is not among them', { end: 3 }, [0, 1, 2], 1],
    ['a window', { start: 2, end: 5 }, [2, 3, 4], 1],
    ['a window by twos stops at its end', { start: 2, end: 5, limit: 2 }, [2, 3, 4], 2],
    ['a window that reaches beyond the end', { start: 5, end: 50 }, [5, 6], 1],
    ['a window wholly beyond the end is empty', { start: 50, end: 60 }, [], 1],
    ['beyond the end is empty', { start: 50 }, [], 1],
    ['of a client', { clientId: 'billing' }, [0, 1, 2, 3, 4, 5], 1],
    ['of a person', { subject: 'john' }, [5], 1],
    ['of a person at another client: empty', { clientId: 'reports', subject: 'john' }, [], 1],
    ['of an unknown client: empty', { clientId: 'nobody' }, [], 1],
  ])('%s', async (_, input, expected, calls) => {
    const bed = await withTokens()
    expect(await all(bed, input)).toEqual(expected.map((at) => bed.hashes[at]))
    expect(bed.issuer.calls.authleteTokens).toBe(calls)
  })

  it('reports the total count, independent of the page', async () => {
    const { tokens, hashes } = await withTokens()
    const page = await tokens.list({ start: 1, end: 3 })
    expect(page).toMatchObject({ start: 1, end: 3, total: 7 })
    expect(page.items.map(({ tokenHash }) => tokenHash)).toEqual(hashes.slice(1, 3))
  })

  it('fetches a page only when it is consumed', async () => {
    const { tokens, issuer } = await withTokens()
    const list = tokens.list({ limit: 3 })
    expect(issuer.calls.total).toBe(0)
    await list
    await list
    expect(issuer.calls.total).toBe(1)
    for await (const _ of list) break
    expect(issuer.calls.total).toBe(1)
  })

  it('ends even if the vendor reports a wrong total', async () => {
    const bed = await withTokens()
    bed.issuer.fail('authleteTokens', answering('{"totalCount":1000000,"accessTokens":[]}'))
    expect(await all(bed, { limit: 1 })).toEqual([])
    expect(bed.issuer.calls.authleteTokens).toBe(1)
  })

  it('that fails halfway yields the earlier items, then rejects', async () => {
    const bed = await withTokens()
    const found: string[] = []
    const error = await failureOf(
      (async () => {
        for await (const { tokenHash } of bed.tokens.list({ limit: 4 })) {
          found.push(tokenHash)
          bed.issuer.fail('authleteTokens', 500)
        }
      })(),
    )
    expect(error).toMatchObject({ operation: 'authleteTokens.list', status: 500, isUncertain: false })
    expect(found).toEqual(bed.hashes.slice(0, 4))
  })
})

describe('a numeric client id', () => {
  const LONG = '9007199254740993'

  it.each([
    ['of 64 bits', '9223372036854775807'],
    ['that a number would round to its neighbour', LONG],
    ['that a number holds', '123456789012'],
  ])('%s is returned exactly', async (_, id) => {
    const { tokens, issuer } = await authleteManagementBed()
    const token = `{"accessTokenHash":"h","clientId" : ${id},"subject":"\\"clientId\\":${LONG}"}`
    const body = `{"totalCount":1,"client":{"number":${id},"clientId":${id}},"accessTokens":[${token}]}`
    issuer.fail('authleteTokens', answering(body))
    const { items, client } = await tokens.list()
    expect(items[0]).toMatchObject({ clientId: id, subject: `"clientId":${LONG}` })
    expect(client).toMatchObject({ clientId: id })
  })

  it('is exact in created and introspected tokens too', async () => {
    const { tokens, issuer } = await authleteManagementBed()
    const created = `{"action":"OK","accessToken":"t","clientId":${LONG},"expiresAt":1000}`
    issuer.fail('authleteTokens', answering(created))
    const input = { grantType: 'CLIENT_CREDENTIALS', clientId: LONG } as const
    expect(await tokens.create(input)).toMatchObject({ clientId: LONG, expiresAt: 1 })
    issuer.fail('authleteIntrospection', answering(`{"action":"OK","clientId":${LONG}}`))
    expect(await tokens.introspect({ token: 't' })).toMatchObject({ clientId: LONG })
  })
})
