import { describe, expect, it } from 'vitest'
import { saysJson } from '../support/misbehaviours.js'
import { undecidable, until } from './support.js'
import { concurrently, introspectionBed } from '../support/test-bed.js'

describe('an answer that is remembered', () => {
  it('is refreshed ahead from 90 % of its lifetime for a token much in use, and nobody waits', async () => {
    const { issuer, opaque, answer, pass } = await introspectionBed()
    const token = opaque()
    await answer(token)
    for (let use = 0; use < 30; use += 1) await answer(token)
    pass(26.9)
    await answer(token)
    expect(issuer.calls.introspection).toBe(1)
    pass(0.1)
    const gate = issuer.gate('introspection')
    // Were anyone to wait for the refresh, the gate would never be released.
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
  ])('a token that comes every %i s is refreshed ahead at %i s, and never waits', async (gap, due) => {
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
    // Were anyone to wait for the refresh, the gate would never be released.
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

  it('is not refreshed ahead for a token used twice', async () => {
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

  it('F29 is refreshed ahead once: a failure is not tried again until it has run out', async () => {
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

  it('F43 a revocation is noticed by the refresh ahead, at the latest when the answer has run out, at once after forget()', async () => {
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
      // A remembered token costs no turn of the event loop, and the answer needs one.
      await new Promise((resolve) => setImmediate(resolve))
      told = await answer(used)
    }
    expect(told.reason).toBe('token_inactive')
    pass(6)
    expect(await answer(idle)).toMatchObject({ status: 401, reason: 'token_inactive' })
  })

  it('F44 is worth nothing once the token has expired: the issuer is asked, and past the tolerance of 5 s nobody', async () => {
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

  it('F43 a no is remembered for 5 s and no longer', async () => {
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

  it('F29 lets an answer serve that much longer while the issuer is down, to the second, and only where it stands', async () => {
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

  it('F29 the strictest of several policies counts', async () => {
    const { issuer, opaque, answer, pass } = await introspectionBed({}, { policy: { staleIfError: '10s' } })
    const token = opaque()
    await answer(token)
    issuer.fail('introspection', 500)
    pass(40)
    expect((await answer(token, policy)).status).toBe(503)
  })

  it('F43 never outlives the word of an issuer that answers: a no counts at once', async () => {
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

  it('F44 never outlives the token', async () => {
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

describe('a late answer', () => {
  it('F39 is not remembered of a token that was forgotten meanwhile', async () => {
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
