import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Arena, warmArena } from './support.js'

const held = warmArena()

describe('G104 to G109, G112, G116: a time is a finite number of seconds after the epoch', () => {
  const wrong: readonly (readonly [string, string])[] = [
    ['a text', '"1900000000"'],
    ['the word Infinity', '"Infinity"'],
    ['an empty text', '""'],
    ['true', 'true'],
    ['null', 'null'],
    ['a list', '[1900000000]'],
    ['an object', '{"valueOf":1900000000}'],
    ['too large for a number', '1e309'],
    ['too small for a number', '-1e309'],
    ['0', '0'],
    ['minus 0', '-0'],
    ['negative', '-1'],
    ['in milliseconds', '1900000000000'],
    ['2^53', '9007199254740992'],
    ['1e300', '1e300'],
  ]
  it.each(['exp', 'nbf', 'iat'].flatMap((name) => wrong.map(([what, text]) => [name, what, text] as const)))(
    '%s that is %s',
    async (name, _, text) => {
      const { arena } = held
      const { [name]: _usual, ...claims } = arena.claims
      const written = `${JSON.stringify(claims).slice(0, -1)},"${name}":${text}}`
      const outcome = await arena.outcome(arena.raw(arena.header, written))
      expect(outcome).toBe('claim_invalid')
    },
  )

  it.each<[string, (now: number) => object, string]>([
    ['G104: exp in the past', (now) => ({ exp: now - 60 }), 'token_expired'],
    ['G104: exp 1', () => ({ exp: 1 }), 'token_expired'],
    ['G105: no exp', () => ({ exp: undefined }), 'claim_missing'],
    ['G109: exp with a fraction', (now) => ({ exp: now + 0.5 }), 'accepted'],
    ['G112: nbf an hour ahead', (now) => ({ nbf: now + 3600 }), 'token_not_active_yet'],
    ['G114: iat an hour ahead', (now) => ({ iat: now + 3600 }), 'issued_in_future'],
    ['iat after exp', (now) => ({ iat: now + 4, exp: now + 1 }), 'accepted'],
    ['no iat where no age is asked', () => ({ iat: undefined }), 'accepted'],
  ])('%s', async (_, claims, expected) => {
    const { arena } = held
    expect(await arena.outcome(arena.token(claims(arena.now)))).toBe(expected)
  })
})

describe('G110: the edges, to the millisecond, with a tolerance of 5 s', () => {
  const edge: readonly (readonly [string, (now: number) => object, string])[] = [
    ['exp is now', (now) => ({ exp: now }), 'accepted'],
    ['exp was 4.999 s ago', (now) => ({ exp: now - 4.999 }), 'accepted'],
    ['exp was 5 s ago', (now) => ({ exp: now - 5 }), 'token_expired'],
    ['exp was 5.001 s ago', (now) => ({ exp: now - 5.001 }), 'token_expired'],
    ['nbf is in 5 s', (now) => ({ nbf: now + 5 }), 'accepted'],
    ['nbf is in 5.001 s', (now) => ({ nbf: now + 5.001 }), 'token_not_active_yet'],
    ['iat is in 5 s', (now) => ({ iat: now + 5 }), 'accepted'],
    ['iat is in 5.001 s', (now) => ({ iat: now + 5.001 }), 'issued_in_future'],
  ]
  it.each(edge)('%s', async (_, claims, expected) => {
    const { arena } = held
    const token = arena.token(claims(arena.now))
    expect(await arena.outcome(token)).toBe(expected)
    expect(await arena.outcome(token), 'a second time').toBe(expected)
  })

  const exact = warmArena({ verifier: { clockTolerance: 0 } })
  it.each<[string, (now: number) => object, string]>([
    ['exp is in 1 ms', (now) => ({ exp: now + 0.001 }), 'accepted'],
    ['exp is now', (now) => ({ exp: now }), 'token_expired'],
    ['nbf is now', (now) => ({ nbf: now }), 'accepted'],
    ['nbf is in 1 ms', (now) => ({ nbf: now + 0.001 }), 'token_not_active_yet'],
    ['iat is in 1 ms', (now) => ({ iat: now + 0.001 }), 'issued_in_future'],
  ])('without tolerance, %s', async (_, claims, expected) => {
    const { arena } = exact
    expect(await arena.outcome(arena.token(claims(arena.now)))).toBe(expected)
  })
})

describe('as time passes', () => {
  let arena: Arena
  beforeEach(async () => {
    arena = await Arena.open()
  })
  afterEach(() => arena.close())

  it('G120: a remembered token ends at its exp and the tolerance, to the millisecond', async () => {
    const token = arena.token({ exp: arena.now + 60 })
    expect(await arena.outcome(token)).toBe('accepted')
    arena.pass(64.999)
    expect(await arena.outcome(token)).toBe('accepted')
    expect(arena.events.at(-1)!.source).toBe('cache')
    arena.pass(0.001)
    expect(await arena.outcome(token)).toBe('token_expired')
  })

  it('G120: an opaque token that expires while its issuer is asked is refused', async () => {
    const token = arena.issuer.mintOpaque({ expiresIn: 1 })
    const gate = arena.issuer.gate('introspection')
    const outcome = arena.outcome(token)
    await gate.waiting
    arena.pass(7)
    gate.release()
    expect(['token_inactive', 'token_expired']).toContain(await outcome)
  })

  it('G113: a token that was too early is taken once its time has come', async () => {
    const token = arena.token({ nbf: arena.now + 60 })
    expect(await arena.outcome(token)).toBe('token_not_active_yet')
    arena.pass(55)
    expect(await arena.outcome(token)).toBe('accepted')
  })

  it.each([
    [59.999, 'accepted'],
    [60, 'token_too_old'],
    [61, 'token_too_old'],
  ])('G117: at the age of %s s under a maximum of 60: %s, remembered or not', async (age, expected) => {
    const early = arena.token()
    expect(await arena.outcome(early, { maxTokenAge: 60 })).toBe('accepted')
    arena.pass(age)
    expect(await arena.outcome(early, { maxTokenAge: 60 })).toBe(expected)
    const late = arena.token({ iat: arena.now - age })
    expect(await arena.outcome(late, { maxTokenAge: 60 })).toBe(expected)
  })

  it('G117: each route has its own maximum age, whatever another route said', async () => {
    const token = arena.token()
    arena.pass(30)
    expect(await arena.outcome(token, { maxTokenAge: 20 })).toBe('token_too_old')
    expect(await arena.outcome(token, { maxTokenAge: 40 })).toBe('accepted')
    expect(await arena.outcome(token, { maxTokenAge: 0 })).toBe('token_too_old')
    expect(await arena.outcome(token)).toBe('accepted')
  })

  it('G114: a token from the near future is new, and no younger than that', async () => {
    const token = arena.token({ iat: arena.now + 4 })
    expect(await arena.outcome(token, { maxTokenAge: 0 })).toBe('token_too_old')
    expect(await arena.outcome(token, { maxTokenAge: 1 })).toBe('accepted')
    expect(await arena.outcome(arena.token({ iat: arena.now + 6 }), { maxTokenAge: 60 })).toBe(
      'issued_in_future',
    )
  })

  it('G115: without iat, a maximum age refuses', async () => {
    const token = arena.token({ iat: undefined })
    expect(await arena.outcome(token, { maxTokenAge: '100d' })).toBe('claim_missing')
    expect(await arena.outcome(token, { maxTokenLifetime: '100d' })).toBe('lifetime_too_long')
  })

  it('G118: a maximum age beyond the token’s life prolongs nothing', async () => {
    const token = arena.token({ exp: arena.now + 10 })
    arena.pass(15)
    expect(await arena.outcome(token, { maxTokenAge: '1h' })).toBe('token_expired')
  })

  it('G117: the clock tolerance is not added to the maximum age', async () => {
    const token = arena.token({ iat: arena.now - 60 })
    expect(await arena.outcome(token, { maxTokenAge: 60 })).toBe('token_too_old')
  })

  it('a clock that jumps back prolongs no remembered answer', async () => {
    const token = arena.issuer.mintOpaque({ expiresIn: '1d' })
    expect(await arena.outcome(token)).toBe('accepted')
    arena.pass(29)
    expect(await arena.outcome(token)).toBe('accepted')
    arena.issuer.revoke(token)
    arena.pass(-20)
    expect(await arena.outcome(token)).toBe('accepted')
    arena.pass(2)
    expect(await arena.outcome(token)).toBe('token_inactive')
  })
})
