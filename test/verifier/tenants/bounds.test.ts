import { describe, expect, it } from 'vitest'
import { issOf, jwtOf, TEMPLATE, tenantBed, type TenantBed } from './support.js'
import { refusalOf } from '../../support/outcomes.js'
import { concurrently, times } from '../../support/test-bed.js'

const hanging = (): Promise<Response> => new Promise(() => undefined)
const notFound = (): Response => new Response('not found', { status: 404 })

/** Sends one forged token for each of many tenants, one after the other. */
async function floodOneByOne({ outcome }: TenantBed, count: number): Promise<readonly string[]> {
  const outcomes: string[] = []
  for (const index of times(count, (number) => number)) {
    outcomes.push(await outcome(jwtOf(`flood-${index}`, { signedBy: 'attacker' })))
  }
  return outcomes
}

describe('forged tokens of 200 tenants, all of which the tenants function accepts', () => {
  it('cause fetches for at most 32 tenants at the same time; the others get 503 immediately', async () => {
    const bed = tenantBed({ tenants: () => true })
    bed.serveAll(hanging)
    const outcomes: string[] = []
    void concurrently(200, async (index) => {
      outcomes.push(await bed.outcome(jwtOf(`flood-${index}`, { signedBy: 'attacker' })))
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect(outcomes).toEqual(times(168, () => 'issuer_overloaded'))
    expect(bed.urls).toHaveLength(32)
    bed.pass(10)
    expect(await bed.outcome(jwtOf('late'))).toBe('issuer_overloaded')
    expect(bed.urls).toHaveLength(32)
  })

  it('cause fetches for at most 32 tenants in 10 s, however fast the issuer responds', async () => {
    const bed = tenantBed({ tenants: () => true })
    bed.serveAll(notFound)
    const outcomes = await floodOneByOne(bed, 200)
    expect(outcomes.filter((outcome) => outcome === 'keys_unavailable')).toHaveLength(32)
    expect(outcomes.filter((outcome) => outcome === 'issuer_overloaded')).toHaveLength(168)
    expect(bed.urls).toHaveLength(2 * 32)
    const refusal = await refusalOf(bed.verifier.verify(jwtOf('late')))
    expect(refusal.headers['Retry-After']).toBe('10')
    bed.pass(10)
    bed.serveAll(undefined)
    expect(await bed.outcome(jwtOf('late'))).toBe('accepted')
  })

  it('evict no tenant that had a valid token, even if maxTenants is 1', async () => {
    const bed = tenantBed({ tenants: () => true, maxTenants: 1 })
    const token = jwtOf('acme')
    expect(await bed.outcome(token)).toBe('accepted')
    await floodOneByOne(bed, 100)
    const before = bed.urls.length
    expect(await bed.outcome(token)).toBe('accepted')
    expect(await bed.outcome(jwtOf('acme', { claims: { jti: '2' } }))).toBe('accepted')
    expect(bed.urls).toHaveLength(before)
  })

  it('do not delay valid tokens of new tenants more than the limit says', async () => {
    const bed = tenantBed({ tenants: () => true })
    // Each of these tenants is proven by its token, so it does not count.
    for (const index of times(60, (number) => number)) {
      expect(await bed.outcome(jwtOf(`customer-${index}`))).toBe('accepted')
    }
  })

  it('leave the health of the issuer unchanged', async () => {
    const bed = tenantBed({ tenants: () => true })
    expect(await bed.outcome(jwtOf('acme'))).toBe('accepted')
    bed.serveAll(notFound)
    await floodOneByOne(bed, 50)
    expect(bed.verifier.health()).toMatchObject({
      status: 'ok',
      issuers: [{ name: TEMPLATE, tenants: { known: 1, failing: 0, failures: [] } }],
    })
  })
})

describe('with a key set that all tenants share', () => {
  it('new tenants are not limited, and their unknown key ids cause one fetch together', async () => {
    const jwksUri = 'https://login.test/common/keys'
    const bed = tenantBed({ tenants: () => true, jwksUri })
    const outcomes = await floodOneByOne(bed, 200)
    expect(new Set(outcomes)).toEqual(new Set(['key_unknown']))
    expect(bed.urls).toEqual([jwksUri, jwksUri])
  })
})

describe('more tenants than maxTenants', () => {
  it('evict the least recently used one, whose next token loads its keys again', async () => {
    const bed = tenantBed({ tenants: () => true, maxTenants: 2 })
    const [first, second] = [jwtOf('first'), jwtOf('second')]
    expect(await bed.outcome(first)).toBe('accepted')
    expect(await bed.outcome(second)).toBe('accepted')
    // A cached token counts as use.
    expect(await bed.outcome(first)).toBe('accepted')
    expect(await bed.outcome(jwtOf('third'))).toBe('accepted')
    const before = bed.urls.length
    expect(await bed.outcome(first)).toBe('accepted')
    expect(bed.urls).toHaveLength(before)
    expect(await bed.outcome(second)).toBe('accepted')
    expect(bed.urls.slice(before)).toEqual([
      'https://login.test/second/v2.0/.well-known/openid-configuration',
      'https://login.test/second/keys',
    ])
  })

  it('a token of an evicted tenant is refused if its key was withdrawn meanwhile', async () => {
    const bed = tenantBed({ tenants: () => true, maxTenants: 1 })
    const token = jwtOf('acme')
    expect(await bed.outcome(token)).toBe('accepted')
    expect(await bed.outcome(jwtOf('globex'))).toBe('accepted')
    bed.serve('https://login.test/acme/keys', { keys: [] })
    expect(await bed.outcome(token)).toBe('key_unknown')
  })
})

describe('a failing tenant', () => {
  it('does not affect others, and has its own backoff', async () => {
    const bed = tenantBed({ tenants: ['acme', 'globex'] })
    bed.serve('https://login.test/acme/keys', () => new Response('', { status: 503 }))
    expect(await bed.outcome(jwtOf('acme'))).toBe('keys_unavailable')
    expect(await bed.outcome(jwtOf('globex'))).toBe('accepted')
    const before = bed.urls.length
    expect(await bed.outcome(jwtOf('acme'))).toBe('keys_unavailable')
    expect(bed.urls).toHaveLength(before)
    expect(bed.issuerEvents).toMatchObject([{ kind: 'keys_failing', issuer: issOf('acme') }])
  })

  it('does not affect others while it does not respond', async () => {
    const bed = tenantBed({ tenants: ['acme', 'globex'] })
    bed.serve('https://login.test/acme/keys', hanging)
    const waiting = bed.outcome(jwtOf('acme'))
    expect(await bed.outcome(jwtOf('globex'))).toBe('accepted')
    expect(await Promise.race([waiting, Promise.resolve('waiting')])).toBe('waiting')
  })
})
