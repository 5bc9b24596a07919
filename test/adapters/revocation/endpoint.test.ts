import { describe, expect, it } from 'vitest'
import { redisRevocations } from '../../../adapters/redis.js'
import { ConfigurationError, memoryRevocations, type Policy } from '../../../src/index.js'
import { NOW } from '../../support/clock.js'
import { LONG_LIVED, testBed, type TestBed } from '../../support/test-bed.js'
import { hosts, PATH, type EndpointHost } from './hosts.js'

const POLICY = { scopes: 'revocations:write' }
const JSON_TYPE = 'application/json'
const FORM_TYPE = 'application/x-www-form-urlencoded'

interface Sent {
  readonly method?: string
  readonly type?: string
  readonly body?: string
  readonly query?: string
  readonly token?: string
}

async function start({ start }: EndpointHost, policy: Policy = POLICY) {
  const bed = await testBed({ revocations: memoryRevocations(), mint: LONG_LIVED })
  const url = await start(bed.verifier, { ...policy })
  const admin = bed.jwt({ scopes: 'revocations:write', clientId: 'operator' })
  const send = async ({ method = 'POST', type, body, query = '', token = admin }: Sent) => {
    const response = await fetch(`${url}${PATH}${query}`, {
      method,
      headers: {
        ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
        ...(type === undefined ? {} : { 'content-type': type }),
      },
      ...(body === undefined ? {} : { body }),
    })
    const text = await response.text()
    const json = text === '' ? undefined : (JSON.parse(text) as Record<string, never>)
    return { status: response.status, headers: response.headers, json }
  }
  const post = (target: unknown) => send({ type: JSON_TYPE, body: JSON.stringify(target) })
  return { ...bed, send, post }
}

const victimOf = (bed: TestBed): string => bed.jwt({ clientId: 'billing', scopes: 'orders:read' })

describe.each(hosts)('the revocation endpoint in $name', (host) => {
  it('revokes a client, and its receipt is reached', async () => {
    const bed = await start(host)
    const victim = victimOf(bed)
    expect(await bed.outcome(victim)).toBe('accepted')
    const { status, headers, json } = await bed.post({
      issuer: bed.issuer.url,
      clientId: 'billing',
      before: new Date((NOW + 5) * 1000).toISOString(),
      reason: 'key leaked',
    })
    expect({ status, json }).toEqual({
      status: 200,
      json: { receipt: expect.any(String) as never, durable: 0 },
    })
    expect(headers.get('cache-control')).toBe('no-store')
    expect(await bed.outcome(victim)).toBe('token_revoked')
    expect(await bed.verifier.revocations!.reached(json!['receipt']!)).toBe(true)
  })

  it('revokes several targets with one receipt, and nothing if one of them is invalid', async () => {
    const bed = await start(host)
    const { url: issuer } = bed.issuer
    const invalid = await bed.post([
      { issuer, tokenId: 'a' },
      { issuer, tokenid: 'b' },
    ])
    expect(invalid).toMatchObject({
      status: 400,
      json: { error: 'invalid_request', error_description: expect.stringContaining('[1].tokenid') as never },
    })
    expect(bed.verifier.revocations!.list()).toEqual([])
    const { status, json } = await bed.post([
      { issuer, tokenId: 'a' },
      { issuer, subject: 'b' },
    ])
    expect(status).toBe(200)
    expect(await bed.verifier.revocations!.reached(json!['receipt']!)).toBe(true)
    expect(
      bed.verifier
        .revocations!.list()
        .map(({ kind }) => kind)
        .sort(),
    ).toEqual(['subject', 'token'])
  })

  it('revokes a token sent as a form (RFC 7009), and responds 200 for an unknown token', async () => {
    const bed = await start(host)
    const victim = victimOf(bed)
    const body = new URLSearchParams({ token: victim, token_type_hint: 'access_token' }).toString()
    expect((await bed.send({ type: FORM_TYPE, body })).status).toBe(200)
    expect(await bed.outcome(victim)).toBe('token_revoked')
    const unknown = await bed.send({ type: `${FORM_TYPE}; charset=utf-8`, body: 'token=a.b.c&client_id=x' })
    expect(unknown).toMatchObject({ status: 200, json: {} })
  })

  it('lists the latest entries first, at most as many as requested', async () => {
    const bed = await start(host)
    const { url: issuer } = bed.issuer
    for (const tokenId of ['a', 'b']) {
      await bed.post({ issuer, tokenId, reason: `reason ${tokenId}` })
      bed.pass(1)
    }
    expect((await bed.send({ method: 'GET', query: '?limit=1' })).json).toEqual({
      status: 'ok',
      asOf: NOW + 2,
      entries: 2,
      revocations: [{ kind: 'token', issuer, tokenId: 'b', revokedAt: NOW + 1, reason: 'reason b' }],
    })
    expect((await bed.send({ method: 'HEAD' })).status).toBe(200)
  })

  it('refuses callers without a token, without the scope, and with a revoked token', async () => {
    const bed = await start(host)
    const target = { type: JSON_TYPE, body: JSON.stringify({ issuer: bed.issuer.url, tokenId: 'a' }) }
    expect((await bed.send({ ...target, token: '' })).status).toBe(401)
    expect((await bed.send({ ...target, token: victimOf(bed) })).status).toBe(403)
    expect((await bed.send({ method: 'GET', token: victimOf(bed) })).status).toBe(403)
    expect(bed.verifier.revocations!.list()).toEqual([])
    await bed.verifier.revoke({ issuer: bed.issuer.url, clientId: 'operator' })
    expect((await bed.send(target)).status).toBe(401)
  })

  it('must have a policy that distinguishes callers, and no option that lets others pass', async () => {
    const { verifier } = await testBed({ revocations: memoryRevocations() })
    for (const args of [
      [undefined],
      [{}],
      [{ maxTokenAge: '1h', issuers: ['https://auth.example.com'] }],
      [{ ...POLICY, issuers: ['https://other.example.com'] }],
      [POLICY, { mode: 'report' }],
      [POLICY, { optional: true }],
      [POLICY, {}, {}],
    ])
      expect(() =>
        host.endpoint(...([verifier, ...args] as never as Parameters<typeof host.endpoint>)),
      ).toThrow(ConfigurationError)
    const { verifier: without } = await testBed()
    expect(() => host.endpoint(without, POLICY)).toThrow(/must have revocations/)
  })
})

// A body parser of the application has its own limits and errors.
describe.each(hosts.filter(({ parses }) => !parses))('the revocation endpoint in $name', (host) => {
  it.each([
    ['no JSON', { type: JSON_TYPE, body: '["a' }, 400, /./],
    [
      'a member twice',
      { type: JSON_TYPE, body: '{"issuer":"a","tokenId":"b","tokenId":"c"}' },
      400,
      /two members with the same name/,
    ],
    ['no object', { type: JSON_TYPE, body: '["a"]' }, 400, /^\[0\]: must be a JSON object/],
    ['an empty list', { type: JSON_TYPE, body: '[]' }, 400, /1 to 100 targets/],
    ['no issuer', { type: JSON_TYPE, body: '{"tokenId":"a"}' }, 400, /^issuer: is required/],
    [
      'an unknown issuer',
      { type: JSON_TYPE, body: '{"issuer":"https://other.example","tokenId":"a"}' },
      400,
      /^issuer: is not a configured issuer/,
    ],
    [
      'an invalid time',
      { type: JSON_TYPE, body: '{"issuer":"a","before":"yesterday"}' },
      400,
      /^before: must be a number of seconds/,
    ],
    [
      'a time without a zone',
      { type: JSON_TYPE, body: '{"issuer":"a","before":"2026-11-30T10:15:00"}' },
      400,
      /^before: must be/,
    ],
    [
      'a token that is not a string',
      { type: JSON_TYPE, body: '{"token":["eyJ.secret"]}' },
      400,
      /^token: must be a token string$/,
    ],
    ['a form without a token', { type: FORM_TYPE, body: 'tokens=a' }, 400, /^token: /],
    ['a form with two tokens', { type: FORM_TYPE, body: 'token=a&token=b' }, 400, /^token: /],
    ['another media type', { type: 'text/plain', body: 'a' }, 415, /^Content-Type must be one of/],
    ['a list of no entries', { method: 'GET', query: '?limit=0' }, 400, /^limit: /],
    ['another method', { method: 'DELETE' }, 405, /GET, HEAD, POST/],
  ] as const)('responds with a clear error to %s', async (_, sent: Sent, status, message) => {
    const bed = await start(host)
    const reply = await bed.send(sent)
    expect(reply.status).toBe(status)
    expect(reply.json!['error_description']).toMatch(message)
    expect(JSON.stringify(reply.json)).not.toContain('secret')
    expect(bed.verifier.revocations!.list()).toEqual([])
  })

  it('refuses a body that is too large, and does not read all of it', async () => {
    const bed = await start(host)
    const body = JSON.stringify({ issuer: bed.issuer.url, tokenId: 'a'.repeat(300_000) })
    const reply = await bed.send({ type: JSON_TYPE, body })
    expect(reply).toMatchObject({ status: 413, json: { error: 'invalid_request' } })
    expect(bed.verifier.revocations!.list()).toEqual([])
  })
})

it('the endpoint responds 503 with Retry-After if the store cannot be written, and names no host', async () => {
  const client = { call: () => Promise.reject(new Error('connect ECONNREFUSED redis.internal')) }
  const revocations = redisRevocations({ client, onStale: 'accept', onEvent: () => undefined })
  const bed = await testBed({ revocations, mint: LONG_LIVED })
  await bed.verifier.ready().catch(() => undefined)
  const { endpoint } = hosts.at(-1)!
  const handle = endpoint(bed.verifier, POLICY) as (request: Request) => Promise<Response>
  const authorization = `Bearer ${bed.jwt({ scopes: 'revocations:write' })}`
  const headers = { authorization, 'content-type': JSON_TYPE }
  const body = JSON.stringify({ issuer: bed.issuer.url, tokenId: 'a' })
  const response = await handle(new Request('http://localhost/', { method: 'POST', headers, body }))
  expect(response.status).toBe(503)
  expect(response.headers.get('retry-after')).toBe('5')
  expect(await response.text()).not.toContain('redis.internal')
})
