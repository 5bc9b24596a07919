import { describe, expect, it } from 'vitest'
import { authlete, clerk, oauth, stytch } from '../../src/index.js'
import { startIssuer, testBed } from '../support/test-bed.js'

describe('ready()', () => {
  it('loads the discovery document and the keys, so that the first request makes no call', async () => {
    const { issuer, jwt, outcome, verifier } = await testBed()
    const token = jwt()
    await verifier.ready()
    expect(issuer.calls).toMatchObject({ discovery: 1, jwks: 1, total: 2 })
    issuer.fail('all', 500)
    expect(await outcome(token)).toBe('accepted')
    expect(issuer.calls.total).toBe(2)
  })

  it('loads the documents of every issuer', async () => {
    const { issuer, verifier } = await testBed({
      issuers: (by) => [
        oauth(by.oauth({ introspection: undefined })),
        clerk(by.clerk()),
        stytch(by.stytch()),
        authlete(by.authlete({ issuer: by.endpoints.authlete })),
      ],
    })
    await verifier.ready()
    expect(issuer.calls).toMatchObject({ discovery: 2, jwks: 4, total: 6 })
    await verifier.ready()
    expect(issuer.calls.total).toBe(6)
  })

  it('makes no call if there is nothing to load', async () => {
    const { issuer, verifier } = await testBed({
      issuers: (by) => [
        oauth(by.oauth({ publicKey: by.publicKeyPem(), introspection: undefined })),
        authlete(by.authlete()),
      ],
    })
    await verifier.ready()
    expect(issuer.calls.total).toBe(0)
  })

  it('loads the introspection endpoint if only that is discovered', async () => {
    const { issuer, verifier } = await testBed({
      issuers: (by) => [oauth(by.oauth({ jwksUri: `${by.url}/jwks` }))],
    })
    await verifier.ready()
    expect(issuer.calls).toMatchObject({ discovery: 1, jwks: 1 })
  })

  it('names each issuer that failed, with the cause, and no other issuer', async () => {
    const other = await startIssuer({})
    const { issuer, verifier } = await testBed({
      issuers: (by) => [
        oauth(by.oauth({ introspection: undefined })),
        stytch(by.stytch({ projectId: 'project-test-wrong' })),
        oauth(other.oauth()),
      ],
    })
    other.fail('discovery', 503)
    const error = await verifier.ready().then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(error).toBeInstanceOf(AggregateError)
    const { message, errors } = error as AggregateError
    expect(errors).toHaveLength(2)
    expect(message).toContain('stytch.com/project-test-wrong (status 404')
    expect(message).toContain(`${other.url} (status 503`)
    expect(message).not.toContain(issuer.url)
  })

  it('may be called again after the issuer has recovered and the backoff is over', async () => {
    const { issuer, verifier, pass } = await testBed()
    issuer.fail('all', 'reset')
    await expect(verifier.ready()).rejects.toThrow(/^not ready: /)
    issuer.heal()
    pass(60)
    await verifier.ready()
  })
})

describe('health()', () => {
  it('has the size of the token cache, until it is empty again', async () => {
    const { verifier, jwt, opaque, outcome } = await testBed()
    expect(verifier.health()).not.toHaveProperty('cache')
    expect(await outcome(jwt())).toBe('accepted')
    expect(await outcome(opaque())).toBe('accepted')
    expect(await outcome('unknown')).toBe('token_inactive')
    const bytes = expect.any(Number) as number
    const { cache } = verifier.health()
    expect(cache).toEqual({ accepted: { tokens: 2, bytes }, refused: { tokens: 1, bytes } })
    expect(cache!.accepted.bytes).toBeGreaterThan(1000)
    expect(cache!.refused.bytes).toBeGreaterThan(400)
    verifier.close()
    expect(verifier.health()).not.toHaveProperty('cache')
  })

  it('before the first call is ok, without times', async () => {
    const { issuer, verifier } = await testBed()
    expect(verifier.health()).toEqual({
      status: 'ok',
      issuers: [
        {
          name: issuer.url,
          provider: 'oauth',
          status: 'ok',
          keys: { status: 'ok', count: 0 },
          remote: expect.objectContaining({ status: 'ok' }) as unknown,
        },
      ],
    })
    expect(issuer.calls.total).toBe(0)
  })

  it('contains the number and the age of the keys, and the time of the last response', async () => {
    const { issuer, jwt, outcome, verifier, pass, now } = await testBed()
    const start = now()
    await outcome(jwt())
    pass(10)
    await outcome(issuer.mintOpaque())
    pass(5)
    expect(verifier.health().issuers[0]).toMatchObject({
      status: 'ok',
      keys: { status: 'ok', count: issuer.keys.length, age: 15, lastSuccess: start },
      remote: { status: 'ok', lastSuccess: start + 10 },
    })
    const calls = issuer.calls.total
    verifier.health()
    expect(issuer.calls.total).toBe(calls)
  })

  it('is degraded while the keys cannot be refreshed but are still used, and ok afterwards', async () => {
    const { issuer, jwt, outcome, verifier, pass, now } = await testBed({
      issuers: (by) => [oauth(by.oauth({ introspection: undefined }))],
    })
    const token = jwt({ expiresIn: '2h' })
    const start = now()
    await outcome(token)
    issuer.fail('jwks', 500)
    pass(600)
    expect(await outcome(token)).toBe('accepted')
    expect(verifier.health()).toMatchObject({
      status: 'degraded',
      issuers: [
        {
          status: 'degraded',
          keys: { status: 'degraded', age: 600, lastSuccess: start, lastFailure: start + 600 },
        },
      ],
    })
    expect(verifier.health().issuers[0]!.keys!.failure).toContain('status 500')
    issuer.heal()
    pass(3000)
    expect(await outcome(token)).toBe('accepted')
    expect(verifier.health()).toMatchObject({
      status: 'ok',
      issuers: [{ keys: { lastSuccess: start + 3600 } }],
    })
    expect(verifier.health().issuers[0]!.keys).not.toHaveProperty('failure')
  })

  it('is down if nothing could be fetched from the only issuer', async () => {
    const { issuer, jwt, outcome, verifier } = await testBed()
    issuer.fail('all', 500)
    await outcome(jwt())
    expect(verifier.health()).toMatchObject({
      status: 'down',
      issuers: [{ keys: { status: 'down', count: 0 } }],
    })
  })

  it('with several issuers is degraded if one is down, and down if all are', async () => {
    const { issuer, jwt, outcome, verifier } = await testBed({
      issuers: (by) => [oauth(by.oauth({ introspection: undefined })), stytch(by.stytch())],
    })
    issuer.fail('jwks', 500)
    await outcome(jwt())
    expect(verifier.health().status).toBe('degraded')
    await outcome(issuer.mintJwt({ provider: 'stytch' }))
    expect(verifier.health().status).toBe('down')
  })

  it('contains failures of introspection, without a token or a credential', async () => {
    const { issuer, outcome, verifier } = await testBed()
    const token = issuer.mintOpaque()
    issuer.fail('introspection', 401)
    await outcome(token)
    expect(verifier.health().issuers[0]!.remote!.status).toBe('down')
    const text = JSON.stringify(verifier.health())
    expect(text).toContain('401')
    for (const secret of [token, issuer.client.clientSecret]) expect(text).not.toContain(secret)
  })
})
