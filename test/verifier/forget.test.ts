import { describe, expect, it } from 'vitest'
import { guard } from '../../adapters/fetch.js'
import { oauth, type AccessToken } from '../../src/index.js'
import { bearer, testBed, type TestBed } from '../support/test-bed.js'

async function statusOf(authorizing: Promise<AccessToken | Response>): Promise<number> {
  const found = await authorizing
  return found instanceof Response ? found.status : 200
}

/** An accepted long-lived request with an opaque token, such as a stream. */
async function streaming(): Promise<{
  readonly on: TestBed
  readonly token: string
  readonly guardAnew: () => Promise<number>
}> {
  const bed = await testBed()
  const authorize = guard(bed.verifier, {})
  const token = bed.issuer.mintOpaque({ expiresIn: '2h' })
  const stream = new Request('https://api.test/', bearer(token))
  const guardAnew = (): Promise<number> => statusOf(authorize(stream))
  expect(await guardAnew()).toBe(200)
  return { on: bed, token, guardAnew }
}

describe('forget()', () => {
  it.each([
    ['an opaque token', (bed: TestBed) => bed.issuer.mintOpaque({ expiresIn: '2h' })],
    ['a JWT that the policy has confirmed', (bed: TestBed) => bed.jwt({ age: '1m', expiresIn: '2h' })],
  ])('applies to a long-lived request when it is authorized again: %s', async (_, mint) => {
    const bed = await testBed({ issuers: (by) => [oauth(by.oauth({ remote: { lifetime: '1h' } }))] })
    const authorize = guard(bed.verifier, { confirmAfter: '30s' })
    const [token, other] = [mint(bed), mint(bed)]
    const stream = new Request('https://api.test/', bearer(token))
    const otherStream = new Request('https://api.test/', bearer(other))
    for (const request of [stream, otherStream]) expect(await statusOf(authorize(request))).toBe(200)
    bed.issuer.revoke(token)
    bed.verifier.forget(token)
    bed.pass(5)
    expect(await statusOf(authorize(stream))).toBe(401)
    expect(await statusOf(authorize(otherStream))).toBe(200)
  })

  it('throws a TypeError for anything but a string', async () => {
    const { verifier } = await testBed()
    expect(() => {
      verifier.forget(undefined as unknown as string)
    }).toThrow(new TypeError('forget() requires a token string'))
  })

  it('also applies if the wall clock was set back afterwards', async () => {
    const { on: bed, token, guardAnew } = await streaming()
    bed.issuer.revoke(token)
    bed.verifier.forget(token)
    bed.pass(-2)
    expect(await guardAnew()).toBe(401)
  })

  it('an inactive result found afterwards applies to the stream too', async () => {
    const { on: bed, token, guardAnew } = await streaming()
    bed.issuer.revoke(token)
    bed.pass(31)
    expect(await bed.outcome(token)).toBe('token_inactive')
    expect(await guardAnew()).toBe(401)
    expect(bed.issuer.calls.introspection).toBe(2)
  })

  it('consecutive guards within a few seconds verify once, in any number', async () => {
    const bed = await testBed({ cache: false })
    const authorize = guard(bed.verifier, {})
    const request = new Request('https://api.test/', bearer(bed.jwt()))
    for (let times = 0; times < 5; times += 1) {
      expect(await statusOf(authorize(request))).toBe(200)
      bed.pass(0.9)
    }
    expect(bed.events.map(({ source }) => source)).toEqual(['local'])
  })

  it('a slow issuer is called once for consecutive guards', async () => {
    const bed = await testBed({ cache: false })
    const authorize = guard(bed.verifier, { confirmAfter: 0 })
    const request = new Request('https://api.test/', bearer(bed.issuer.mintOpaque()))
    const gate = bed.issuer.gate('introspection')
    const first = statusOf(authorize(request))
    await gate.waiting
    bed.pass(8)
    gate.release()
    expect(await first).toBe(200)
    expect(await statusOf(authorize(request))).toBe(200)
    expect(bed.issuer.calls.introspection).toBe(1)
  })

  it('the seconds count from the first guard, so that later guards do not extend them', async () => {
    const bed = await testBed({ issuers: (by) => [oauth(by.oauth({ remote: { lifetime: '1h' } }))] })
    const authorize = guard(bed.verifier, {})
    const token = bed.issuer.mintOpaque({ expiresIn: '2h' })
    const request = new Request('https://api.test/', bearer(token))
    expect(await statusOf(authorize(request))).toBe(200)
    bed.issuer.revoke(token)
    bed.verifier.forget(token)
    const statuses: number[] = []
    for (let times = 0; times < 4; times += 1) {
      bed.pass(2)
      statuses.push(await statusOf(authorize(request)))
    }
    expect(statuses).toEqual([200, 200, 401, 401])
  })

  it('causes a new introspection of this token only', async () => {
    const { issuer, outcome, verifier } = await testBed()
    const [token, other] = [issuer.mintOpaque(), issuer.mintOpaque()]
    await outcome(token)
    await outcome(other)
    issuer.revoke(token)
    issuer.revoke(other)
    verifier.forget(token)
    expect(await outcome(token)).toBe('token_inactive')
    expect(await outcome(other)).toBe('accepted')
    expect(issuer.calls.introspection).toBe(3)
  })

  it('drops a cached inactive result', async () => {
    const { issuer, outcome, verifier, now, pass } = await testBed()
    const early = issuer.mintOpaque({ claims: { nbf: now() + 1 } })
    expect(await outcome(early)).toBe('token_inactive')
    pass(1)
    expect(await outcome(early)).toBe('token_inactive')
    verifier.forget(early)
    expect(await outcome(early)).toBe('accepted')
  })

  it('causes a new verification of a JWT', async () => {
    const { jwt, outcome, verifier, events } = await testBed()
    const token = jwt()
    await outcome(token)
    await outcome(token)
    verifier.forget(token)
    await outcome(token)
    expect(events.map(({ source }) => source)).toEqual(['local', 'cache', 'local'])
  })

  it.each(['active', 'inactive'])(
    'during a call in flight: the %s result is returned to waiting requests and is not cached',
    async (state) => {
      const { issuer, outcome, verifier } = await testBed()
      const token = state === 'active' ? issuer.mintOpaque() : 'unknown'
      const gate = issuer.gate('introspection')
      const waiting = outcome(token)
      await gate.waiting
      verifier.forget(token)
      gate.release()
      const expected = state === 'active' ? 'accepted' : 'token_inactive'
      expect(await waiting).toBe(expected)
      expect(await outcome(token)).toBe(expected)
      expect(issuer.calls.introspection).toBe(2)
    },
  )

  it('during a call in flight: later requests make a new call and get its result', async () => {
    const { issuer, outcome, verifier } = await testBed()
    const token = issuer.mintOpaque()
    const gate = issuer.gate('introspection')
    const first = outcome(token)
    await gate.waiting
    verifier.forget(token)
    const second = outcome(token)
    gate.release()
    await Promise.all([first, second])
    expect(issuer.calls.introspection).toBe(2)
  })

  it('accepts an unknown token, and a string that is not a token', async () => {
    const { verifier } = await testBed()
    for (const text of ['never-seen', '', 'a b', 'x'.repeat(100_000)])
      expect(() => verifier.forget(text)).not.toThrow()
  })
})

describe('close()', () => {
  it('clears the cache, may be called twice, and the verifier stays usable', async () => {
    const { issuer, jwt, outcome, verifier, events } = await testBed()
    const [signed, opaque] = [jwt(), issuer.mintOpaque()]
    await outcome(signed)
    await outcome(opaque)
    verifier.close()
    verifier.close()
    expect(await outcome(signed)).toBe('accepted')
    expect(await outcome(opaque)).toBe('accepted')
    expect(events.map(({ source }) => source)).toEqual(['local', 'remote', 'local', 'remote'])
  })
})

describe('a cached JWT is dropped with its key', () => {
  it('when a scheduled refresh no longer lists the key', async () => {
    const { issuer, jwt, outcome, pass } = await testBed()
    const token = jwt()
    expect(await outcome(token)).toBe('accepted')
    issuer.removeKey(issuer.keys[0]!)
    pass(600)
    expect(await outcome(token)).toBe('key_unknown')
  })

  it('immediately when another token causes a fetch of the keys', async () => {
    const { issuer, jwt, outcome, pass } = await testBed()
    const token = jwt({ expiresIn: '2h' })
    expect(await outcome(token)).toBe('accepted')
    issuer.rotateKeys()
    pass(1)
    expect(await outcome(token)).toBe('accepted')
    expect(await outcome(jwt())).toBe('accepted')
    expect(await outcome(token)).toBe('key_unknown')
  })

  it('but not when its key stays listed next to a new one', async () => {
    const { issuer, jwt, outcome, events } = await testBed()
    const token = jwt()
    await outcome(token)
    issuer.rotateKeys({ keepOld: true })
    await outcome(jwt())
    expect(await outcome(token)).toBe('accepted')
    expect(events.at(-1)?.source).toBe('cache')
  })
})
