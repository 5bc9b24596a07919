import { describe, expect, it } from 'vitest'
import { issOf, jwtOf, TEMPLATE, tenantBed } from './support.js'
import { failureOf } from '../../support/outcomes.js'
import { times } from '../../support/test-bed.js'

const unavailable = (): Response => new Response('', { status: 503 })
const tenants = times(50, (index) => `tenant-${index}`)

describe('ready()', () => {
  it('loads every listed tenant, at most 16 at the same time', async () => {
    let [inFlight, most] = [0, 0]
    const bed = tenantBed({ tenants })
    const { fetch } = bed
    const counting = tenantBed({
      tenants,
      fetch: async (input, init) => {
        most = Math.max(most, (inFlight += 1))
        await new Promise((resolve) => setImmediate(resolve))
        inFlight -= 1
        return fetch(input, init)
      },
    })
    await counting.verifier.ready()
    expect(most).toBe(16)
    expect(bed.urls).toHaveLength(100)
    expect(await counting.outcome(jwtOf('tenant-7'))).toBe('accepted')
    expect(bed.urls).toHaveLength(100)
  })

  it('names up to ten failed tenants and how many failed', async () => {
    const bed = tenantBed({ tenants })
    for (const tenant of tenants.slice(0, 12)) bed.serve(`https://login.test/${tenant}/keys`, unavailable)
    const { message } = await failureOf(bed.verifier.ready())
    expect(message).toContain(`${TEMPLATE} (12 of 50 tenants failed: ${issOf('tenant-0')}: status 503 from`)
    expect(message.match(/tenant-\d+\/v2\.0: /g)).toHaveLength(10)
  })

  it('loads nothing for a tenants function, which names no tenant in advance', async () => {
    const bed = tenantBed({ tenants: () => true })
    await bed.verifier.ready()
    expect(bed.urls).toEqual([])
  })

  it('loads the key set that all tenants share', async () => {
    const bed = tenantBed({ tenants: () => true, jwksUri: 'https://login.test/common/keys' })
    await bed.verifier.ready()
    expect(bed.urls).toEqual(['https://login.test/common/keys'])
    bed.serve('https://login.test/common/keys', unavailable)
  })
})

describe('health()', () => {
  it('has one entry per issuer, with its tenants', async () => {
    const bed = tenantBed({ tenants: ['acme', 'globex', 'initech'] })
    expect(bed.verifier.health()).toEqual({
      status: 'ok',
      issuers: [
        {
          name: TEMPLATE,
          provider: 'oauth',
          status: 'ok',
          tenants: { known: 3, failing: 0, failures: [] },
        },
      ],
    })
    bed.serve('https://login.test/globex/keys', unavailable)
    expect(await bed.outcome(jwtOf('acme'))).toBe('accepted')
    expect(await bed.outcome(jwtOf('globex'))).toBe('keys_unavailable')
    const [issuer] = bed.verifier.health().issuers
    expect(issuer).toMatchObject({ status: 'degraded', tenants: { known: 3, failing: 1 } })
    expect(issuer?.tenants?.failures).toEqual([
      { name: issOf('globex'), status: 'down', failure: 'status 503 from https://login.test/globex/keys' },
    ])
  })

  it('has the age of the oldest keys of a tenant', async () => {
    const bed = tenantBed({ tenants: ['acme', 'globex'] })
    expect(await bed.outcome(jwtOf('acme'))).toBe('accepted')
    bed.pass(100)
    expect(await bed.outcome(jwtOf('globex'))).toBe('accepted')
    expect(bed.verifier.health().issuers[0]!.tenants).toMatchObject({ keyAge: 100 })
  })

  it('is down if every tenant is down', async () => {
    const bed = tenantBed({ tenants: ['acme', 'globex'] })
    bed.serveAll(unavailable)
    await failureOf(bed.verifier.ready())
    expect(bed.verifier.health().status).toBe('down')
  })

  it('names at most ten failing tenants', async () => {
    const bed = tenantBed({ tenants })
    bed.serveAll(unavailable)
    await failureOf(bed.verifier.ready())
    const [issuer] = bed.verifier.health().issuers
    expect(issuer?.tenants).toMatchObject({ known: 50, failing: 50 })
    expect(issuer?.tenants?.failures).toHaveLength(10)
  })

  it('shows the keys that all tenants share', async () => {
    const bed = tenantBed({ tenants: ['acme'], jwksUri: 'https://login.test/common/keys' })
    await bed.verifier.ready()
    expect(bed.verifier.health().issuers[0]).toMatchObject({
      keys: { status: 'ok', count: 1 },
      tenants: { known: 1, failing: 0 },
    })
  })
})

it('close() drops the tenants; the next token loads its keys again', async () => {
  const bed = tenantBed({ tenants: () => true })
  expect(await bed.outcome(jwtOf('acme'))).toBe('accepted')
  bed.verifier.close()
  expect(await bed.outcome(jwtOf('acme'))).toBe('accepted')
  expect(bed.urls).toHaveLength(4)
})
