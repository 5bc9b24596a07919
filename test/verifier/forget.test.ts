import { describe, expect, it } from 'vitest'
import { guard } from '../../adapters/fetch.js'
import { oauth, type AccessToken } from '../../src/index.js'
import { bearer, testBed, type TestBed } from '../support/test-bed.js'

async function statusOf(authorizing: Promise<AccessToken | Response>): Promise<number> {
  const found = await authorizing
  return found instanceof Response ? found.status : 200
}

/** A request with an opaque token that was let in once and may go on for long, such as a stream. */
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
  ])('holds for a request that is still under way when it is guarded anew: %s', async (_, mint) => {
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
    }).toThrow(new TypeError('forget() requires a token, which is a string'))
  })

  it('holds as well where the time of day was set back meanwhile', async () => {
    const { on: bed, token, guardAnew } = await streaming()
    bed.issuer.revoke(token)
    bed.verifier.forget(token)
    bed.pass(-2)
    expect(await guardAnew()).toBe(401)
  })

  it('and a no that was found meanwhile holds for it as well', async () => {
    const { on: bed, token, guardAnew } = await streaming()
    bed.issuer.revoke(token)
    bed.pass(31)
    expect(await bed.outcome(token)).toBe('token_inactive')
    expect(await guardAnew()).toBe(401)
    expect(bed.issuer.calls.introspection).toBe(2)
  })

  it('guards that follow each other within a few seconds verify once, however many they are', async () => {
    const bed = await testBed({ cache: false })
    const authorize = guard(bed.verifier, {})
    const request = new Request('https://api.test/', bearer(bed.jwt()))
    for (let times = 0; times < 5; times += 1) {
      expect(await statusOf(authorize(request))).toBe(200)
      bed.pass(0.9)
    }
    expect(bed.events.map(({ source }) => source)).toEqual(['local'])
  })

  it('nor does an issuer that takes long to answer make it ask twice', async () => {
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

  it('and seconds are counted from the first of them: nothing prolongs itself', async () => {
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

  it('has the issuer asked again, and leaves other tokens alone', async () => {
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

  it('drops a remembered no as well', async () => {
    const { issuer, outcome, verifier, now, pass } = await testBed()
    const early = issuer.mintOpaque({ claims: { nbf: now() + 1 } })
    expect(await outcome(early)).toBe('token_inactive')
    pass(1)
    expect(await outcome(early)).toBe('token_inactive')
    verifier.forget(early)
    expect(await outcome(early)).toBe('accepted')
  })

  it('has a JWT checked again', async () => {
    const { jwt, outcome, verifier, events } = await testBed()
    const token = jwt()
    await outcome(token)
    await outcome(token)
    verifier.forget(token)
    await outcome(token)
    expect(events.map(({ source }) => source)).toEqual(['local', 'cache', 'local'])
  })

  it.each(['yes', 'no'])(
    'during an answer under way: its %s serves those who wait and is not remembered',
    async (answer) => {
      const { issuer, outcome, verifier } = await testBed()
      const token = answer === 'yes' ? issuer.mintOpaque() : 'made-up'
      const gate = issuer.gate('introspection')
      const waiting = outcome(token)
      await gate.waiting
      verifier.forget(token)
      gate.release()
      const expected = answer === 'yes' ? 'accepted' : 'token_inactive'
      expect(await waiting).toBe(expected)
      expect(await outcome(token)).toBe(expected)
      expect(issuer.calls.introspection).toBe(2)
    },
  )

  it('during an answer under way: who comes after asks afresh and sees what is true then', async () => {
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

  it('takes a token that was never seen, or anything that is no token', async () => {
    const { verifier } = await testBed()
    for (const text of ['never-seen', '', 'a b', 'x'.repeat(100_000)])
      expect(() => verifier.forget(text)).not.toThrow()
  })
})

describe('close()', () => {
  it('lets go of everything remembered, may be called twice, and the verifier still answers', async () => {
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

describe('a remembered JWT dies with its key', () => {
  it('when a regular refresh finds the key gone', async () => {
    const { issuer, jwt, outcome, pass } = await testBed()
    const token = jwt()
    expect(await outcome(token)).toBe('accepted')
    issuer.removeKey(issuer.keys[0]!)
    pass(600)
    expect(await outcome(token)).toBe('key_unknown')
  })

  it('at once when another token makes the keys be fetched', async () => {
    const { issuer, jwt, outcome, pass } = await testBed()
    const token = jwt({ expiresIn: '2h' })
    expect(await outcome(token)).toBe('accepted')
    issuer.rotateKeys()
    pass(1)
    expect(await outcome(token)).toBe('accepted')
    expect(await outcome(jwt())).toBe('accepted')
    expect(await outcome(token)).toBe('key_unknown')
  })

  it('and lives on when its key stays beside a new one', async () => {
    const { issuer, jwt, outcome, events } = await testBed()
    const token = jwt()
    await outcome(token)
    issuer.rotateKeys({ keepOld: true })
    await outcome(jwt())
    expect(await outcome(token)).toBe('accepted')
    expect(events.at(-1)?.source).toBe('cache')
  })
})
