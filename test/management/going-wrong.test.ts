import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import {
  authleteTokens,
  clerkTokens,
  ManagementError,
  oauthTokens,
  stytchClients,
} from '../../src/management/index.js'
import { ConfigurationError } from '../../src/index.js'
import { failureOf } from '../support/outcomes.js'

/** A vendor that answers whatever a test wants. */
function vendor(answer: (url: URL, body: string) => Response) {
  const calls: string[] = []
  const ownFetch: typeof fetch = (input, init) => {
    const url = new URL(input instanceof Request ? input.url : String(input))
    calls.push(`${init?.method ?? 'GET'} ${url.pathname}`)
    return Promise.resolve(answer(url, typeof init?.body === 'string' ? init.body : ''))
  }
  return { calls, fetch: ownFetch }
}

const json = (value: unknown, status = 200): Response => Response.json(value, { status })
async function collect<T>(list: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of list) all.push(item)
  return all
}

const SECRET = 'se+c/r=et \u00fc'
const ENDPOINTS = {
  introspectionEndpoint: 'https://auth.example.com/introspect',
  revocationEndpoint: 'https://auth.example.com/revoke',
}
const oauthWith = (by: { readonly fetch: typeof fetch }) =>
  oauthTokens({
    ...ENDPOINTS,
    clientId: 'orders',
    clientSecret: SECRET,
    authentication: 'post',
    fetch: by.fetch,
  })
const stytchWith = (by: { readonly fetch: typeof fetch }) =>
  stytchClients({ projectId: 'project-test-1', secret: SECRET, fetch: by.fetch })
const clerkWith = (by: { readonly fetch: typeof fetch }) =>
  clerkTokens({ machineSecretKey: 'ak_1', fetch: by.fetch })
const authleteWith = (by: { readonly fetch: typeof fetch }) =>
  authleteTokens({
    serviceId: '1',
    serviceAccessToken: 'service-token',
    apiUrl: 'https://us.authlete.com',
    fetch: by.fetch,
  })

describe('a revocation (RFC 7009)', () => {
  it.each([['OK'], ['null'], ['[]'], [''], ['{}']])('succeeds after a 200 with %j', async (body) => {
    const by = vendor(() => new Response(body))
    await expect(oauthWith(by).revoke({ token: 'token' })).resolves.toBeUndefined()
  })

  it('is uncertain after an HTML page', async () => {
    const by = vendor(() => new Response('<h1>Log in</h1>', { headers: { 'content-type': 'text/html' } }))
    expect(await failureOf(oauthWith(by).revoke({ token: 'token' }))).toMatchObject({ isUncertain: true })
  })
})

it.each([
  ['as a form', (body: string) => body],
  ['percent-encoded', () => encodeURIComponent(SECRET)],
  ['in JSON', () => JSON.stringify(SECRET)],
  ['in base64', () => Buffer.from(SECRET).toString('base64')],
])('no error contains a secret that the issuer quotes %s', async (_, spell) => {
  const by = vendor((_url, body) =>
    json({ error: 'invalid_client', error_description: `no ${spell(body)}` }, 401),
  )
  const error = await failureOf(oauthWith(by).revoke({ token: 'a-token/with+all' }))
  const shown = inspect(error, { showHidden: true }) + JSON.stringify(error)
  for (const part of [SECRET, spell(''), 'c%2Fr', 'a-token', 'with%2Ball'].filter((text) => text !== ''))
    expect(shown).not.toContain(part)
  expect(error.message).toContain('[secret]')
})

describe('a list', () => {
  it('is complete even if the vendor returns fewer items than requested', async () => {
    const tokens = Array.from({ length: 250 }, (_, index) => ({ accessTokenHash: `hash-${index}` }))
    const by = vendor((url) => {
      const start = Number(url.searchParams.get('start'))
      const end = Math.min(Number(url.searchParams.get('end')), start + 100)
      return json({ start, end, totalCount: 250, accessTokens: tokens.slice(start, end) })
    })
    expect(await collect(authleteWith(by).list({ limit: 250 }))).toHaveLength(250)
  })

  const client = (id: string) => ({
    client_id: id,
    status: 'active',
    scopes: [],
    client_name: '',
    client_description: '',
  })
  it.each([
    [
      'cyclic cursors',
      (cursor: string) => (cursor === 'a' ? 'b' : 'a'),
      (cursor: string) => [client(cursor)],
    ],
    ['endless cursors of empty pages', (cursor: string) => `${cursor}x`, () => []],
  ])('with %s ends with an error', async (_, next, items) => {
    const by = vendor((_url, body) => {
      const { cursor = 'a' } = JSON.parse(body) as { readonly cursor?: string }
      return json({ m2m_clients: items(cursor), results_metadata: { total: -1, next_cursor: next(cursor) } })
    })
    await expect(collect(stytchWith(by).search())).rejects.toThrow(ManagementError)
    expect(by.calls.length).toBeLessThan(20)
  })

  it('that repeats one page endlessly ends with an error', async () => {
    const by = vendor((url) => {
      const start = Number(url.searchParams.get('start'))
      return json({ start, end: start + 1, accessTokens: [{ accessTokenHash: 'hash' }] })
    })
    await expect(collect(authleteWith(by).list())).rejects.toThrow('the same or empty pages repeatedly')
    expect(by.calls.length).toBeLessThan(20)
  })
})

describe('call options', () => {
  it.each([
    ['a bare signal', new AbortController().signal],
    ['a typing error', { Signal: 1 }],
    ['no signal', { signal: 1 }],
  ])('%s: nothing is sent', async (_, options) => {
    const by = vendor(() => json({}))
    const wrong = options as never
    expect(await failureOf(stytchWith(by).delete({ clientId: 'client' }, wrong))).toBeInstanceOf(
      ConfigurationError,
    )
    expect(await failureOf(clerkWith(by).revoke({ tokenId: `mt_${'0'.repeat(32)}` }, wrong))).toBeInstanceOf(
      ConfigurationError,
    )
    expect(by.calls).toEqual([])
  })
})

it('a response about another client is rejected', async () => {
  const other = { client_id: 'other', status: 'active', scopes: [], client_name: '', client_description: '' }
  const by = vendor(() => json({ client_id: 'other', m2m_client: other }))
  const clients = stytchWith(by)
  for (const work of [
    clients.get({ clientId: 'client' }),
    clients.update({ clientId: 'client', status: 'inactive' }),
    clients.delete({ clientId: 'client' }),
  ])
    expect(await failureOf(work)).toBeInstanceOf(ManagementError)
})

it('a refused connection is not an uncertain change', async () => {
  const by = vendor(() => {
    throw new TypeError('fetch failed', { cause: Object.assign(new Error('x'), { code: 'ECONNREFUSED' }) })
  })
  expect(await failureOf(oauthWith(by).revoke({ token: 'token' }))).toMatchObject({ isUncertain: false })
})

it('values that JSON or a URL cannot hold are configuration errors', async () => {
  const by = vendor(() => json({}))
  let deep: Record<string, unknown> = {}
  for (let level = 0; level < 20_000; level += 1) deep = { deep }
  const clients = stytchWith(by)
  expect(await failureOf(clients.create({ scopes: 'a', trustedMetadata: deep }))).toBeInstanceOf(
    ConfigurationError,
  )
  expect(await failureOf(clients.get({ clientId: '\ud800' }))).toBeInstanceOf(ConfigurationError)
  expect(by.calls).toEqual([])
})
