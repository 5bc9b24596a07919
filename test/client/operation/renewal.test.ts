import { describe, expect, it } from 'vitest'
import { TokenSourceError } from '../../../src/client/index.js'
import { clientBed } from '../../support/client.js'
import { failureOf } from '../../support/outcomes.js'

const HOUR = 3600

describe('getTokenInfo', () => {
  it('returns the token with its expiry and the granted scopes', async () => {
    const { issuer, source, now } = await clientBed()
    const body = { access_token: 'abc', token_type: 'Bearer', expires_in: 60 }
    issuer.fail('token', { body: { ...body, scope: 'a' } })
    const granted = await source().getTokenInfo({ scopes: 'a b' })
    expect(granted).toEqual({ token: 'abc', expiresAt: now() + 60, scopes: ['a'] })
    issuer.fail('token', { body })
    expect((await source().getTokenInfo({ scopes: 'a b' })).scopes).toEqual(['a', 'b'])
  })

  it('has no expiry for a token that never expires', async () => {
    const { clerkSource } = await clientBed()
    const { expiresAt, scopes } = await clerkSource({ expiresIn: null }).getTokenInfo()
    expect([expiresAt, scopes]).toEqual([undefined, []])
  })
})

describe('refresh', () => {
  it('replaces a valid token, once for concurrent callers', async () => {
    const { issuer, source } = await clientBed()
    const tokens = source()
    const old = await tokens.getToken()
    const next = await Promise.all([tokens.refresh(), tokens.refresh(), tokens.refresh()])
    expect(new Set(next).size).toBe(1)
    expect(next[0]).not.toBe(old)
    expect(await tokens.getToken()).toBe(next[0])
    expect(issuer.calls.token).toBe(2)
  })

  it('that fails is an error, and the old token stays in use', async () => {
    const { issuer, source } = await clientBed()
    const tokens = source()
    const old = await tokens.getToken()
    issuer.fail('token', 500)
    expect((await failureOf(tokens.refresh(), TokenSourceError)).status).toBe(500)
    expect(await tokens.getToken()).toBe(old)
  })
})

describe('reset', () => {
  it('ends the backoff of the issuer, of each set and after refusals', async () => {
    const { issuer, source } = await clientBed()
    const tokens = source()
    issuer.fail('token', { status: 429, headers: { 'retry-after': '86400' } })
    await failureOf(tokens.getToken(), TokenSourceError)
    issuer.heal()
    tokens.reset()
    tokens.forget(await tokens.getToken())
    tokens.forget(await tokens.getToken())
    const calls = issuer.calls.token
    tokens.reset()
    await tokens.getToken()
    expect(issuer.calls.token).toBe(calls + 1)
  })
})

it('a source is closed by await using', async () => {
  const { source } = await clientBed()
  const tokens = source()
  await tokens[Symbol.asyncDispose]()
  expect((await failureOf(tokens.getToken(), TokenSourceError)).reason).toBe('source_closed')
})

describe('maxAge', () => {
  it('renews ahead, and no older token is returned', async () => {
    const { issuer, source, pass } = await clientBed()
    const tokens = source({ maxAge: '20s' })
    const first = await tokens.getToken()
    pass(13)
    expect(await tokens.getToken()).toBe(first)
    expect(issuer.calls.token).toBe(1)
    pass(5.5)
    expect(await tokens.getToken()).not.toBe(first)
    issuer.fail('token', 500)
    pass(20)
    await failureOf(tokens.getToken(), TokenSourceError)
  })

  it('counts the age of a token that Clerk returns again', async () => {
    const { clerkSource, pass } = await clientBed()
    const first = await clerkSource({ minRemainingTtl: '10m' }).getToken()
    pass(120)
    const tokens = clerkSource({ minRemainingTtl: '10m', maxAge: '1m' })
    expect(await tokens.getToken()).not.toBe(first)
  })
})

it('margin is the time before the expiry in which a token is not returned', async () => {
  const { issuer, source, pass } = await clientBed()
  const tokens = source({ margin: '10m' })
  const first = await tokens.getToken()
  issuer.fail('token', 500)
  pass(HOUR - 601)
  expect(await tokens.getToken()).toBe(first)
  pass(2)
  await failureOf(tokens.getToken(), TokenSourceError)
})
