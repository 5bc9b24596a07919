import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createVerifier, oauth, type OAuthOptions, type Secret } from '../../../src/index.js'
import { manualClock } from '../../support/clock.js'
import { outcomeOf, refusalOf } from '../../support/outcomes.js'
import { concurrently, times } from '../../support/test-bed.js'
import { nextTurn } from '../../support/until.js'
import { collectWarnings } from '../../support/warnings.js'
import { AUDIENCE, jwkOf, jwtOf, TEMPLATE, tenantBed } from './support.js'

const hanging = (): Promise<Response> => new Promise(() => undefined)
const listOf = (count: number): readonly string[] => times(count, (index) => `t${index}`)

/** Options of an issuer whose tenants each have an introspection endpoint. */
function introspected(secret: Secret, extra: Partial<OAuthOptions> = {}): Partial<OAuthOptions> {
  return {
    keys: false,
    introspection: {
      endpoint: 'https://login.test/{tenant}/introspect',
      clientId: 'orders',
      clientSecret: secret,
    },
    ...extra,
  }
}

describe('a secret that all tenants share', () => {
  const rejected = (): Response => Response.json({ error: 'invalid_client' }, { status: 401 })

  it.each([
    ['listed', listOf(60)],
    ['accepted by a function', () => true],
  ])(
    'is read at most once per breakerPause if the issuer rejects it for every tenant: %s',
    async (_, tenants) => {
      const secret = vi.fn(() => 'rejected')
      const bed = tenantBed({ tenants, ...introspected(secret) })
      bed.serveAll(rejected)
      for (const round of times(4, (number) => number)) {
        for (const tenant of listOf(60)) await bed.outcome(jwtOf(tenant, { claims: { jti: `${round}` } }))
        // The first rejection reads it once more.
        expect(secret.mock.calls.length).toBeLessThanOrEqual(round + 2)
        bed.pass(5)
      }
    },
  )

  it.each<[string, Secret]>([
    ['a string', 'rejected'],
    ['a function', () => 'rejected'],
  ])(
    'causes 5 calls and a probe per tenant that rejects it, then a call and a probe per breakerPause, because another may accept it: %s',
    async (_, secret) => {
      const bed = tenantBed({ tenants: listOf(12), ...introspected(secret) })
      bed.serveAll(rejected)
      for (const round of times(4, (number) => number)) {
        for (const jti of times(10, (index) => `${round} ${index}`))
          for (const tenant of listOf(12))
            expect(await bed.outcome(jwtOf(tenant, { claims: { jti } }))).toBe('issuer_refused_us')
        expect(bed.urls).toHaveLength(12 * (6 + 2 * round))
        bed.pass(5)
      }
    },
  )

  it('is accepted by one tenant while all others reject it', async () => {
    const bed = tenantBed({ tenants: listOf(10), ...introspected('secret') })
    bed.serveAll(rejected)
    for (const tenant of listOf(9)) expect(await bed.outcome(jwtOf(tenant))).toBe('issuer_refused_us')
    bed.serveAll({ active: true, aud: AUDIENCE, sub: 's' })
    expect(await bed.outcome(jwtOf('t9'))).toBe('accepted')
  })

  it('causes 5 calls and a probe in all at an endpoint that the tenants share', async () => {
    const endpoint = 'https://login.test/introspect'
    const introspection = { endpoint, clientId: 'orders', clientSecret: 'rejected' }
    const bed = tenantBed({ tenants: listOf(40), keys: false, introspection })
    bed.serveAll(rejected)
    for (const round of times(3, (number) => number)) {
      for (const tenant of listOf(40)) await bed.outcome(jwtOf(tenant, { claims: { jti: `${round}` } }))
      expect(bed.urls).toHaveLength(6 + 2 * round)
      bed.pass(5)
    }
  })

  it('is read at most once per breakerPause if the function fails for every tenant', async () => {
    const secret = vi.fn((): string => {
      throw new Error('the secret store is down')
    })
    const bed = tenantBed({ tenants: listOf(100), ...introspected(secret) })
    for (const tenant of listOf(100)) expect(await bed.outcome(jwtOf(tenant))).toBe('issuer_refused_us')
    expect(secret).toHaveBeenCalledTimes(1)
    expect(bed.urls).toEqual([])
  })

  it('is read once for a rotation, which loses no request of any tenant', async () => {
    const secret = vi.fn(() => 'first')
    let accepted = 'first'
    const { verifier } = verifierWith({ tenants: listOf(8), ...introspected(secret) }, (request) => {
      const basic = request.headers.get('authorization')?.slice('Basic '.length) ?? ''
      const isAccepted = Buffer.from(basic, 'base64').toString() === `orders:${accepted}`
      return isAccepted ? Response.json({ active: true, aud: AUDIENCE, sub: 's' }) : rejected()
    })
    const all = (jti: string): Promise<readonly string[]> =>
      concurrently(48, (index) =>
        outcomeOf(verifier.verify(jwtOf(`t${index % 8}`, { claims: { jti: `${jti} ${index}` } }))),
      )
    expect(new Set(await all('a'))).toEqual(new Set(['accepted']))
    accepted = 'second'
    secret.mockReturnValue('second')
    expect(new Set(await all('b'))).toEqual(new Set(['accepted']))
    expect(secret).toHaveBeenCalledTimes(2)
  })

  it('causes one warning in a minute while it is rejected', async () => {
    const warnings = collectWarnings()
    const { verifier, pass } = verifierWith({ tenants: listOf(50), ...introspected('rejected') }, rejected)
    const flood = async (jti: string): Promise<void> => {
      for (const tenant of listOf(50)) await outcomeOf(verifier.verify(jwtOf(tenant, { claims: { jti } })))
    }
    await flood('a')
    expect(warnings).toHaveLength(1)
    pass(59)
    await flood('b')
    expect(warnings).toHaveLength(1)
  })
})

describe('all tenants of an issuer together', () => {
  it('have at most maxInFlight calls in flight, of which one tenant leaves half to the others', async () => {
    const bed = tenantBed({ tenants: () => true, ...introspected('secret', { remote: { maxInFlight: 64 } }) })
    bed.serveAll(hanging)
    const send = async (tenant: string, count: number): Promise<readonly string[]> => {
      const refused: string[] = []
      for (const jti of times(count, String)) {
        void bed.outcome(jwtOf(tenant, { claims: { jti } })).then((outcome) => refused.push(outcome))
      }
      await nextTurn()
      await nextTurn()
      return refused
    }
    expect(await send('flood', 100)).toEqual(times(68, () => 'issuer_overloaded'))
    expect(bed.urls).toHaveLength(32)
    expect(await send('quiet', 1)).toEqual([])
    const refusal = await refusalOf(bed.verifier.verify(jwtOf('flood', { claims: { jti: 'last' } })))
    expect(refusal.detail).toMatch(
      /^33 calls for the tenants of the issuer are in flight, 32 of them for this tenant/,
    )
    for (const tenant of listOf(20)) await send(tenant, 20)
    expect(bed.urls.length).toBeGreaterThan(50)
    expect(bed.urls.length).toBeLessThanOrEqual(64)
  })

  it.each([
    ['2000 JWTs', '', 2000],
    ['2,097,152 characters of JWTs', 'x'.repeat(5000), 300],
  ])(
    'have at most %s that wait for keys, of which one tenant leaves half to the others',
    async (_, pad, most) => {
      const bed = tenantBed({ tenants: listOf(40) })
      bed.serveAll(hanging)
      const waiting = new Map<string, number>()
      const send = async (tenant: string, count: number): Promise<void> => {
        for (const jti of times(count, String)) {
          waiting.set(tenant, (waiting.get(tenant) ?? 0) + 1)
          void bed.outcome(jwtOf(tenant, { claims: { jti, pad } })).then(() => {
            waiting.set(tenant, (waiting.get(tenant) ?? 0) - 1)
          })
        }
        await nextTurn()
      }
      await send('t0', most)
      expect(waiting.get('t0')).toBeGreaterThan(most / 3)
      expect(waiting.get('t0')).toBeLessThanOrEqual(most / 2 + 1)
      await send('t1', 5)
      expect(waiting.get('t1')).toBe(5)
      for (const tenant of listOf(40).slice(2)) await send(tenant, most / 10)
      expect([...waiting.values()].reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(most)
    },
  )

  it('cause at most 32 fetches for unknown key ids in 10 s, and each tenant gets its turn', async () => {
    const tenants = listOf(100)
    const bed = tenantBed({ tenants })
    for (const tenant of tenants) expect(await bed.outcome(jwtOf(tenant))).toBe('accepted')
    const fetched = new Set<string>()
    for (const round of times(4, (number) => number)) {
      const before = bed.urls.length
      for (const tenant of tenants) {
        const outcome = await bed.outcome(
          jwtOf(tenant, { kid: `unknown ${round}`, claims: { jti: `${round}` } }),
        )
        expect(['key_unknown', 'issuer_overloaded']).toContain(outcome)
      }
      const urls = bed.urls.slice(before)
      expect(urls.length).toBeLessThanOrEqual(32)
      for (const url of urls) fetched.add(url)
      bed.pass(10)
    }
    expect(fetched.size).toBe(100)
  })

  it('do not delay the rotation of one tenant while few others receive unknown key ids', async () => {
    const bed = tenantBed({ tenants: listOf(40) })
    for (const tenant of listOf(40)) expect(await bed.outcome(jwtOf(tenant))).toBe('accepted')
    for (const tenant of listOf(31)) await bed.outcome(jwtOf(tenant, { kid: 'unknown' }))
    bed.serve('https://login.test/t39/keys', { keys: [jwkOf('next')] })
    expect(await bed.outcome(jwtOf('t39', { signedBy: 'next' }))).toBe('accepted')
  })

  it('a token whose keys could not be fetched in time is undecidable, with the reason in its detail', async () => {
    const bed = tenantBed({ tenants: listOf(33) })
    for (const tenant of listOf(33)) expect(await bed.outcome(jwtOf(tenant))).toBe('accepted')
    for (const tenant of listOf(32)) await bed.outcome(jwtOf(tenant, { kid: 'unknown' }))
    const refusal = await refusalOf(bed.verifier.verify(jwtOf('t32', { kid: 'unknown' })))
    expect(refusal).toMatchObject({
      status: 503,
      reason: 'issuer_overloaded',
      headers: { 'Retry-After': '10' },
    })
    expect(refusal.detail).toContain(
      'the keys of 32 other tenants were fetched for unknown key ids within 10 s',
    )
  })
})

/** A verifier without observers, whose issuer responds by a function. */
function verifierWith(options: Partial<OAuthOptions>, respond: (request: Request) => Response) {
  const clock = manualClock()
  const issuer = oauth({
    issuer: TEMPLATE,
    audience: AUDIENCE,
    fetch: (input, init) => Promise.resolve(respond(new Request(input, init))),
    ...options,
  })
  const verifier = createVerifier({ clock: clock.read, issuers: [issuer] })
  onTestFinished(() => verifier.close())
  return { ...clock, verifier }
}
