import { describe, expect, it } from 'vitest'
import { saysJson } from '../support/servers/misbehaviours.js'
import { undecidable, until } from './support.js'
import { concurrently, introspectionBed } from '../support/test-bed.js'

describe('a cached introspection result', () => {
  it('is refreshed in the background from 90 % of its lifetime for a token in use, and no request waits', async () => {
    const { issuer, opaque, answer, pass } = await introspectionBed()
    const token = opaque()
    await answer(token)
    for (let use = 0; use < 30; use += 1) await answer(token)
    pass(26.9)
    await answer(token)
    expect(issuer.calls.introspection).toBe(1)
    pass(0.1)
    const gate = issuer.gate('introspection')
    // If a request waited for the refresh, the gate would never be released.
    expect((await concurrently(20, () => answer(token))).every(({ status }) => status === 200)).toBe(true)
    await gate.waiting
    gate.release()
    await until(() => issuer.calls.introspection === 2)
    expect(issuer.calls.introspection).toBe(2)
  })

  it.each([
    [5, 25],
    [3, 24],
    [7, 21],
    [9, 27],
  ])('a token with a request every %i s is refreshed at %i s, and no request waits', async (gap, due) => {
    const { issuer, opaque, answer, pass } = await introspectionBed()
    const token = opaque()
    await answer(token)
    for (let age = gap; age < due; age += gap) {
      pass(gap)
      await answer(token)
      expect(issuer.calls.introspection).toBe(1)
    }
    pass(gap)
    const gate = issuer.gate('introspection')
    // If a request waited for the refresh, the gate would never be released.
    expect((await answer(token)).status).toBe(200)
    await gate.waiting
    gate.release()
    await until(() => issuer.calls.introspection === 2)
    for (let requests = 0; requests < 2; requests += 1) {
      pass(gap)
      expect((await answer(token)).status).toBe(200)
    }
    expect(issuer.calls.introspection).toBe(2)
  })

  it('is not refreshed for a token that is used twice', async () => {
    const { issuer, opaque, answer, pass } = await introspectionBed()
    const token = opaque()
    await answer(token)
    await answer(token)
    pass(27)
    await answer(token)
    expect(issuer.calls.introspection).toBe(1)
    pass(3)
    await answer(token)
    expect(issuer.calls.introspection).toBe(2)
  })

  it('F29 is refreshed once: after a failure there is no further attempt until it expires', async () => {
    const { issuer, opaque, answer, pass, health } = await introspectionBed()
    const token = opaque()
    for (let use = 0; use < 5; use += 1) await answer(token)
    issuer.fail('introspection', 500)
    pass(27)
    for (let use = 0; use < 20; use += 1) expect((await answer(token)).status).toBe(200)
    await until(() => health().remote?.status === 'degraded')
    for (let use = 0; use < 20; use += 1) expect((await answer(token)).status).toBe(200)
    // The refresh and the probe that confirms its failure.
    expect(issuer.calls.introspection).toBe(3)
    pass(3)
    expect(await answer(token)).toEqual(undecidable('issuer_unavailable', 1))
  })

  it('F43 a revocation is noticed by the refresh, at the latest when the result expires, and immediately after forget()', async () => {
    const { issuer, opaque, answer, pass, verifier } = await introspectionBed()
    const [used, idle, purged] = [opaque(), opaque(), opaque()]
    for (const token of [used, idle, purged, used, used, used]) expect((await answer(token)).status).toBe(200)
    for (const token of [used, idle, purged]) issuer.revoke(token)
    verifier.forget(purged)
    expect(await answer(purged)).toMatchObject({ status: 401, reason: 'token_inactive' })
    pass(27)
    await answer(used)
    await until(() => issuer.calls.introspection === 5)
    let told = await answer(used)
    while (told.status === 200) {
      // A cached token needs no turn of the event loop, and the response needs one.
      await new Promise((resolve) => setImmediate(resolve))
      told = await answer(used)
    }
    expect(told.reason).toBe('token_inactive')
    pass(6)
    expect(await answer(idle)).toMatchObject({ status: 401, reason: 'token_inactive' })
  })

  it('F44 is not used after the token has expired: it is introspected, and after the tolerance of 5 s refused without a call', async () => {
    const { issuer, opaque, answer, pass } = await introspectionBed()
    const [token, late] = [issuer.mintOpaque({ expiresIn: 2 }), issuer.mintOpaque({ expiresIn: 2 })]
    for (const each of [token, late]) expect((await answer(each)).status).toBe(200)
    pass(1.999)
    expect((await answer(token)).status).toBe(200)
    pass(0.001)
    expect(await answer(token)).toMatchObject({ status: 401, reason: 'token_inactive' })
    expect(issuer.calls.introspection).toBe(3)
    pass(5)
    expect(await answer(late)).toMatchObject({ status: 401, reason: 'token_expired' })
    expect(issuer.calls.introspection).toBe(3)
    expect((await answer(opaque())).status).toBe(200)
  })

  it('F43 an inactive result is cached for 5 s and no longer', async () => {
    const { issuer, opaque, answer, pass } = await introspectionBed()
    const token = opaque()
    issuer.fail('introspection', saysJson(200, { active: false }))
    await answer(token)
    issuer.heal()
    pass(4.999)
    expect((await answer(token)).status).toBe(401)
    expect(issuer.calls.introspection).toBe(1)
    pass(0.001)
    expect((await answer(token)).status).toBe(200)
  })
})

describe('staleIfError', () => {
  const policy = { staleIfError: '60s' } as const

  it('F29 prolongs the use of a result while the issuer fails, to the second, and only where it is set', async () => {
    const { issuer, opaque, answer, pass } = await introspectionBed()
    const token = opaque()
    await answer(token)
    issuer.fail('introspection', 500)
    pass(30)
    expect((await answer(token, policy)).status).toBe(200)
    expect((await answer(token)).status).toBe(503)
    pass(59.999)
    expect((await answer(token, policy)).status).toBe(200)
    pass(0.001)
    expect((await answer(token, policy)).status).toBe(503)
    expect((await answer(opaque(), policy)).status).toBe(503)
  })

  it('F29 the strictest of several policies applies', async () => {
    const { issuer, opaque, answer, pass } = await introspectionBed({}, { policy: { staleIfError: '10s' } })
    const token = opaque()
    await answer(token)
    issuer.fail('introspection', 500)
    pass(40)
    expect((await answer(token, policy)).status).toBe(503)
  })

  it('F43 is never used while the issuer responds: an inactive result applies immediately', async () => {
    const { issuer, opaque, answer, pass } = await introspectionBed()
    const token = opaque()
    await answer(token)
    issuer.revoke(token)
    pass(30)
    expect(await answer(token, policy)).toMatchObject({ status: 401, reason: 'token_inactive' })
    issuer.fail('introspection', 500)
    pass(5)
    expect((await answer(token, policy)).status).toBe(503)
  })

  it('F44 never accepts an expired token', async () => {
    const { issuer, answer, pass } = await introspectionBed()
    const token = issuer.mintOpaque({ expiresIn: 32 })
    await answer(token)
    issuer.fail('introspection', 500)
    pass(31)
    expect((await answer(token, policy)).status).toBe(200)
    pass(6)
    expect(await answer(token, policy)).toMatchObject({ status: 401, reason: 'token_expired' })
  })
})

describe('a late response', () => {
  it('F39 is not cached for a token that was forgotten meanwhile', async () => {
    const { issuer, opaque, answer, verifier } = await introspectionBed()
    const token = opaque()
    const gate = issuer.gate('introspection')
    const early = answer(token)
    await gate.waiting
    verifier.forget(token)
    gate.release()
    expect((await early).status).toBe(200)
    issuer.revoke(token)
    expect(await answer(token)).toMatchObject({ status: 401, reason: 'token_inactive' })
  })
})
