import { describe, expect, it } from 'vitest'
import type { OAuthOptions } from '../../src/index.js'
import { expireDeadlines } from '../support/setup/deadlines.js'
import { saysJson } from '../support/servers/misbehaviours.js'
import { nextTurn } from '../support/until.js'
import { madeUp, undecidable, until } from './support.js'
import { concurrently, jwksBed } from '../support/test-bed.js'

describe('keys that change', () => {
  it('F17 an empty set withdraws all keys: refused immediately and consistently, with one event', async () => {
    const { issuer, jwt, answer, pass, issuerEvents, health } = await jwksBed()
    const token = jwt()
    await answer(token)
    issuer.fail('jwks', saysJson(200, { keys: [] }))
    pass(600)
    for (let request = 0; request < 20; request += 1) {
      expect(await answer(token)).toMatchObject({ status: 401, reason: 'key_unknown' })
    }
    // The refresh, and one fetch because the id is unknown now.
    expect(issuer.calls.jwks).toBe(3)
    expect(health().keys?.count).toBe(0)
    expect(issuerEvents.map(({ kind }) => kind)).toEqual(['keys_replaced'])
    issuer.heal()
    pass(10)
    expect((await answer(token)).status).toBe(200)
  })

  it('F18 other keys after usable ones: the old tokens are refused after the refresh, with an event', async () => {
    const { issuer, jwt, answer, pass, issuerEvents } = await jwksBed()
    const foreign = await jwksBed()
    const token = jwt()
    await answer(token)
    foreign.jwt()
    issuer.fail('jwks', saysJson(200, foreign.issuer.jwks()))
    pass(600)
    expect(await answer(token)).toMatchObject({ status: 401, reason: 'key_unknown' })
    expect(issuerEvents).toMatchObject([{ kind: 'keys_replaced', issuer: issuer.url }])
  })

  it('F20 other keys at every call: old ids are refused after the refresh, and the number of calls stays bounded', async () => {
    const { issuer, jwt, answer, pass } = await jwksBed()
    let accepted = 0
    const token = jwt()
    issuer.fail('jwks', (_, response) => {
      const { keys } = issuer.jwks()
      const kid = `kid-${issuer.calls.jwks}`
      response.end(JSON.stringify({ keys: [{ ...keys[0], kid }] }))
    })
    for (let second = 0; second < 60; second += 1) {
      if ((await answer(token)).status === 200) accepted += 1
      pass(1)
    }
    expect(accepted).toBe(0)
    expect(issuer.calls.jwks).toBeLessThanOrEqual(7)
  })

  it('F21 graceful: published, then used, then the old one withdrawn: no valid token is refused at any step', async () => {
    const { issuer, jwt, answer, pass } = await jwksBed()
    const [before] = [jwt(), await answer(jwt())]
    const old = issuer.keys[0]!
    const next = issuer.addKey({ algorithm: 'ES256' })
    pass(601)
    expect((await answer(before)).status).toBe(200)
    const after = jwt({ kid: next })
    for (const token of [before, after]) expect((await answer(token)).status).toBe(200)
    expect(issuer.calls.jwks).toBe(2)
    issuer.removeKey(old)
    pass(601)
    expect((await answer(after)).status).toBe(200)
    expect(await answer(before)).toMatchObject({ status: 401, reason: 'key_unknown' })
  })

  it('F22 sudden: the first new token triggers a fetch, and every token that the old key signed is refused', async () => {
    const { issuer, jwt, answer } = await jwksBed()
    const old = [jwt(), jwt(), jwt()]
    for (const token of old) expect((await answer(token)).status).toBe(200)
    issuer.rotateKeys()
    expect((await answer(jwt())).status).toBe(200)
    for (const token of old) expect(await answer(token)).toMatchObject({ status: 401, reason: 'key_unknown' })
    expect(issuer.calls.jwks).toBe(2)
  })

  it('F22 a caller with a valid token that retries every second is accepted within 10 s', async () => {
    const bed = await jwksBed()
    const { issuer, jwt, answer, pass } = bed
    await answer(jwt())
    await answer(madeUp(bed))
    issuer.rotateKeys()
    const token = jwt()
    pass(5)
    let seconds = 5
    while ((await answer(token)).status !== 200) {
      seconds += 1
      pass(1)
      expect(seconds).toBeLessThanOrEqual(10)
    }
    expect(issuer.calls.jwks).toBe(3)
  })

  it('F22 a thousand concurrent valid tokens that arrive before their key is published are accepted within 10 s', async () => {
    const { issuer, jwt, answer, pass } = await jwksBed()
    await answer(jwt())
    const before = saysJson(200, issuer.jwks())
    const kid = issuer.addKey({ algorithm: 'ES256' })
    const [token, other] = [jwt({ kid }), jwt({ kid })]
    // The issuer signs with the key before its key set lists it.
    issuer.fail('jwks', before)
    const early = await concurrently(1000, (index) => answer(index % 2 === 0 ? token : other))
    expect(new Set(early.map(({ reason }) => reason))).toEqual(new Set(['key_unknown']))
    issuer.heal()
    pass(10)
    expect((await answer(token)).status).toBe(200)
    expect(issuer.calls.jwks).toBe(3)
  })

  it('F22 in a flood of forged key ids a rotation is noticed within 10 s, with one call per 10 s', async () => {
    const bed = await jwksBed()
    const { issuer, jwt, answer, pass } = bed
    const honest = jwt()
    await answer(honest)
    const flood = () => concurrently(100, () => answer(madeUp(bed)))
    for (let second = 0; second < 25; second += 1) {
      await flood()
      expect((await answer(honest)).status).toBe(200)
      pass(1)
    }
    expect(issuer.calls.jwks).toBe(4)
    issuer.rotateKeys({ keepOld: true })
    const fresh = jwt()
    let seconds = 0
    while ((await answer(fresh)).status !== 200) {
      seconds += 1
      pass(1)
      await flood()
      expect(seconds).toBeLessThanOrEqual(10)
    }
    expect(issuer.calls.jwks).toBe(5)
    expect((await answer(honest)).status).toBe(200)
  })

  it('F23 unusable entries are skipped individually, and the others are used', async () => {
    const { issuer, jwt, answer, health } = await jwksBed()
    const token = jwt()
    const [good] = issuer.jwks().keys
    const bad: readonly unknown[] = [
      null,
      'text',
      { kty: 'oct', k: 'c2VjcmV0', kid: good!.kid, alg: 'HS256' },
      { kty: 'XYZ', kid: 'unknown-type' },
      { ...good, kid: 'private', d: 'AAAA' },
      { ...good, kid: 'broken', x: 'AAAA' },
      { ...good, x: 'AAAA' },
      { kid: good!.kid, kty: 'RSA', n: 'AQAB', e: 'AQAB' },
    ]
    issuer.fail('jwks', saysJson(200, { keys: [...bad, good] }))
    expect((await answer(token)).status).toBe(200)
    expect(health().status).toBe('ok')
  })
})

describe('a response that arrives too late', () => {
  it('F18 older keys that arrive after newer ones change nothing', async () => {
    const late: ((response: Response) => void)[] = []
    let isSlow = true
    // Ignores its signal, as a custom fetch may, and responds long after it was aborted.
    const fetch: NonNullable<OAuthOptions['fetch']> = (input, init) =>
      isSlow ? new Promise((resolve) => late.push(resolve)) : globalThis.fetch(input, init)
    const { issuer, jwt, answer, pass } = await jwksBed({ fetch })
    const old = jwt()
    const oldKeys = JSON.stringify(issuer.jwks())
    const asked = answer(old)
    await until(() => late.length === 1)
    expireDeadlines()
    expect(await asked).toEqual(undecidable('keys_unavailable', 1))
    issuer.rotateKeys()
    isSlow = false
    pass(1)
    const fresh = jwt()
    expect((await answer(fresh)).status).toBe(200)
    late[0]!(new Response(oldKeys))
    await nextTurn()
    expect(await answer(old)).toMatchObject({ status: 401, reason: 'key_unknown' })
    expect((await answer(fresh)).status).toBe(200)
  })
})
