import { beforeEach, describe, expect, it } from 'vitest'
import { type AttackBed, attackBed, sharedAttackBed } from '../../support/tokens/attack.js'

const held = sharedAttackBed()

describe('G104 to G109, G112, G116: a time is a finite number of seconds after the epoch', () => {
  const wrong: readonly (readonly [string, string])[] = [
    ['a string', '"1900000000"'],
    ['the word Infinity', '"Infinity"'],
    ['an empty string', '""'],
    ['true', 'true'],
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
      const { bed } = held
      const { [name]: _usual, ...claims } = bed.claims
      const written = `${JSON.stringify(claims).slice(0, -1)},"${name}":${text}}`
      const outcome = await bed.outcome(bed.raw(bed.header, written))
      expect(outcome).toBe('claim_invalid')
    },
  )

  it.each<[string, (now: number) => object, string]>([
    ['G104: exp in the past', (now) => ({ exp: now - 60 }), 'token_expired'],
    ['G104: exp 1', () => ({ exp: 1 }), 'token_expired'],
    ['G105: no exp', () => ({ exp: undefined }), 'claim_missing'],
    ['exp null, which counts as absent', () => ({ exp: null }), 'claim_missing'],
    ['nbf null, which counts as absent', () => ({ nbf: null }), 'accepted'],
    ['iat null, which counts as absent', () => ({ iat: null }), 'accepted'],
    ['G109: exp with a fraction', (now) => ({ exp: now + 0.5 }), 'accepted'],
    ['G112: nbf an hour ahead', (now) => ({ nbf: now + 3600 }), 'token_not_active_yet'],
    ['G114: iat an hour ahead', (now) => ({ iat: now + 3600 }), 'issued_in_future'],
    ['iat after exp', (now) => ({ iat: now + 4, exp: now + 1 }), 'accepted'],
    ['no iat without a maximum age', () => ({ iat: undefined }), 'accepted'],
  ])('%s', async (_, claims, expected) => {
    const { bed } = held
    expect(await bed.outcome(bed.token(claims(bed.now())))).toBe(expected)
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
    const { bed } = held
    const token = bed.token(claims(bed.now()))
    expect(await bed.outcome(token)).toBe(expected)
    expect(await bed.outcome(token), 'a second time').toBe(expected)
  })

  const exact = sharedAttackBed({ clockTolerance: 0 })
  it.each<[string, (now: number) => object, string]>([
    ['exp is in 1 ms', (now) => ({ exp: now + 0.001 }), 'accepted'],
    ['exp is now', (now) => ({ exp: now }), 'token_expired'],
    ['nbf is now', (now) => ({ nbf: now }), 'accepted'],
    ['nbf is in 1 ms', (now) => ({ nbf: now + 0.001 }), 'token_not_active_yet'],
    ['iat is in 1 ms', (now) => ({ iat: now + 0.001 }), 'issued_in_future'],
  ])('without tolerance, %s', async (_, claims, expected) => {
    const { bed } = exact
    expect(await bed.outcome(bed.token(claims(bed.now())))).toBe(expected)
  })
})

describe('as time passes', () => {
  let bed: AttackBed
  beforeEach(async () => {
    bed = await attackBed()
  })

  it('G120: a cached token ends at its exp plus the tolerance, to the millisecond', async () => {
    const token = bed.token({ exp: bed.now() + 60 })
    expect(await bed.outcome(token)).toBe('accepted')
    bed.pass(64.999)
    expect(await bed.outcome(token)).toBe('accepted')
    expect(bed.events.at(-1)!.source).toBe('cache')
    bed.pass(0.001)
    expect(await bed.outcome(token)).toBe('token_expired')
  })

  it('G120: an opaque token that expires during its introspection is refused', async () => {
    const token = bed.issuer.mintOpaque({ expiresIn: 1 })
    const gate = bed.issuer.gate('introspection')
    const outcome = bed.outcome(token)
    await gate.waiting
    bed.pass(7)
    gate.release()
    expect(['token_inactive', 'token_expired']).toContain(await outcome)
  })

  it('G113: a token that was too early is taken once its time has come', async () => {
    const token = bed.token({ nbf: bed.now() + 60 })
    expect(await bed.outcome(token)).toBe('token_not_active_yet')
    bed.pass(55)
    expect(await bed.outcome(token)).toBe('accepted')
  })

  it.each([
    [59.999, 'accepted'],
    [60, 'token_too_old'],
    [61, 'token_too_old'],
  ])('G117: at the age of %s s with a maximum of 60: %s, cached or not', async (age, expected) => {
    const early = bed.token()
    expect(await bed.outcome(early, { maxTokenAge: 60 })).toBe('accepted')
    bed.pass(age)
    expect(await bed.outcome(early, { maxTokenAge: 60 })).toBe(expected)
    const late = bed.token({ iat: bed.now() - age })
    expect(await bed.outcome(late, { maxTokenAge: 60 })).toBe(expected)
  })

  it('G117: each route has its own maximum age, whatever another route said', async () => {
    const token = bed.token()
    bed.pass(30)
    expect(await bed.outcome(token, { maxTokenAge: 20 })).toBe('token_too_old')
    expect(await bed.outcome(token, { maxTokenAge: 40 })).toBe('accepted')
    expect(await bed.outcome(token, { maxTokenAge: 0 })).toBe('token_too_old')
    expect(await bed.outcome(token)).toBe('accepted')
  })

  it('G114: a token from the near future is new, and no younger than that', async () => {
    const token = bed.token({ iat: bed.now() + 4 })
    expect(await bed.outcome(token, { maxTokenAge: 0 })).toBe('token_too_old')
    expect(await bed.outcome(token, { maxTokenAge: 1 })).toBe('accepted')
    expect(await bed.outcome(bed.token({ iat: bed.now() + 6 }), { maxTokenAge: 60 })).toBe('issued_in_future')
  })

  it('G115: without iat, a maximum age refuses', async () => {
    const token = bed.token({ iat: undefined })
    expect(await bed.outcome(token, { maxTokenAge: '100d' })).toBe('claim_missing')
    expect(await bed.outcome(token, { maxTokenLifetime: '100d' })).toBe('lifetime_too_long')
  })

  it('G118: a maximum age beyond the token’s life prolongs nothing', async () => {
    const token = bed.token({ exp: bed.now() + 10 })
    bed.pass(15)
    expect(await bed.outcome(token, { maxTokenAge: '1h' })).toBe('token_expired')
  })

  it('G117: the clock tolerance is not added to the maximum age', async () => {
    const token = bed.token({ iat: bed.now() - 60 })
    expect(await bed.outcome(token, { maxTokenAge: 60 })).toBe('token_too_old')
  })

  it('a clock that jumps back does not prolong a cached result', async () => {
    const token = bed.issuer.mintOpaque({ expiresIn: '1d' })
    expect(await bed.outcome(token)).toBe('accepted')
    bed.pass(29)
    expect(await bed.outcome(token)).toBe('accepted')
    bed.issuer.revoke(token)
    bed.pass(-20)
    expect(await bed.outcome(token)).toBe('accepted')
    bed.pass(2)
    expect(await bed.outcome(token)).toBe('token_inactive')
  })
})
