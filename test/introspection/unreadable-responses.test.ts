import { describe, expect, it } from 'vitest'
import type { Fault, FaultHandler } from '../../src/testing/index.js'
import { hang, hangHalfway, htmlPage, says, saysJson, saysRaw } from '../support/servers/misbehaviours.js'
import { concurrently, introspectionBed, type TestBed } from '../support/test-bed.js'

/** A syntactically valid token that a filter in front of the issuer rejects as an attack. */
const oddToken = (index: number): string => `../../../../etc/passwd${index}`

/** The tokens that were sent to the introspection endpoint. */
interface Asked {
  readonly tokens: string[]
  /** Maximum number of probes that were in flight at the same time. */
  mostProbes: number
}

/** Responds to unusual tokens in the given way, and to all others like the issuer of the test bed. */
function filterBefore(bed: TestBed, page: FaultHandler): Asked {
  const asked: Asked = { tokens: [], mostProbes: 0 }
  let probes = 0
  const known = new Set<string>()
  bed.issuer.fail('introspection', (request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      const token = new URLSearchParams(body).get('token') ?? ''
      asked.tokens.push(token)
      if (token.includes('etc/passwd')) {
        page(request, response)
        return
      }
      if (token.startsWith('valid-')) known.add(token)
      else asked.mostProbes = Math.max(asked.mostProbes, (probes += 1))
      const answer = known.has(token)
        ? { active: true, sub: 'billing', aud: 'https://api.test' }
        : { active: false }
      response.setHeader('content-type', 'application/json')
      // Delayed for a turn of the event loop, so that a second probe would overlap.
      setImmediate(() => {
        if (!known.has(token)) probes -= 1
        response.end(JSON.stringify(answer))
      })
    })
  })
  return asked
}

describe('an unreadable response for one unusual token', () => {
  it.each<[string, FaultHandler]>([
    ['an HTML page', htmlPage],
    ['a 500', says(500, 'oops')],
    ['a 502', says(502, '')],
    ['a redirect', says(302, '', { location: '/blocked' })],
    ['half of a response', says(200, '{"active":tr')],
    ['active that is not a boolean', saysJson(200, { active: 'blocked' })],
    ['a response of 100 KB', says(200, ' '.repeat(100_000))],
    ['bytes that are not UTF-8', says(200, Buffer.from([0x7b, 0xff, 0x7d]))],
    ['a reset connection', (request) => void request.socket.destroy()],
    ['no response', hang],
    ['a response cut short', hangHalfway('{"active":true}')],
    ['bytes that are not HTTP', saysRaw('garbage\r\n\r\n')],
    ['a 503 with Retry-After', says(503, '', { 'retry-after': '120' })],
  ])('%s: 25 in 20 s keep no valid token out', async (_, page) => {
    const bed = await introspectionBed()
    filterBefore(bed, page)
    const outcomes: string[] = []
    for (let second = 0; second < 20; second += 1) {
      for (let odd = 0; odd < 5 && second % 4 === 0; odd += 1) {
        expect(await bed.outcome(oddToken(5 * second + odd))).toBe('issuer_unavailable')
      }
      for (let valid = 0; valid < 4; valid += 1) {
        outcomes.push(await bed.outcome(`valid-${4 * second + valid}`))
      }
      bed.pass(1)
    }
    expect(outcomes).toEqual(Array(80).fill('accepted'))
    expect(bed.health().remote).toMatchObject({ status: 'ok', breaker: 'closed' })
    expect(bed.issuerEvents).toEqual([])
  })

  it('a 401: 25 in 20 s keep no valid token out', async () => {
    const bed = await introspectionBed()
    filterBefore(bed, says(401))
    for (let second = 0; second < 20; second += 1) {
      for (let odd = 0; odd < 5 && second % 4 === 0; odd += 1) {
        expect(await bed.outcome(oddToken(5 * second + odd))).toBe('issuer_refused_us')
      }
      for (let valid = 0; valid < 4; valid += 1) {
        expect(await bed.outcome(`valid-${4 * second + valid}`)).toBe('accepted')
      }
      bed.pass(1)
    }
    expect(bed.health().remote).toMatchObject({ status: 'ok', breaker: 'closed' })
  })

  it.each<[string, FaultHandler]>([
    ['a page', htmlPage],
    ['a reset connection', (request) => void request.socket.destroy()],
    ['a 401', says(401)],
    ['a 503 with Retry-After', says(503, '', { 'retry-after': '120' })],
  ])('does not keep the circuit open after an outage either: %s', async (_, page) => {
    const bed = await introspectionBed()
    bed.issuer.fail('introspection', 'reset')
    for (let failure = 0; failure < 5; failure += 1) await bed.answer(bed.opaque())
    expect(bed.health().remote?.breaker).toBe('open')
    filterBefore(bed, page)
    bed.pass(5)
    // The single trial call is for an unusual token.
    expect((await bed.answer(oddToken(1))).status).toBe(503)
    expect(await bed.outcome('valid-1')).toBe('accepted')
    expect(bed.issuerEvents.map(({ kind }) => kind)).toEqual(['remote_failing', 'remote_recovered'])
  })

  it('is not cached, not even for this token', async () => {
    const bed = await introspectionBed()
    const { tokens } = filterBefore(bed, htmlPage)
    await bed.outcome(oddToken(1))
    await bed.outcome(oddToken(1))
    expect(tokens.filter((token) => token === oddToken(1))).toHaveLength(2)
  })

  it('of 64 at the same time: at most one probe is in flight, each with a different token', async () => {
    const bed = await introspectionBed()
    const asked = filterBefore(bed, htmlPage)
    const outcomes = await concurrently(64, (index) => bed.outcome(oddToken(index)))
    expect(new Set(outcomes)).toEqual(new Set(['issuer_unavailable']))
    const probes = asked.tokens.filter((token) => !token.includes('passwd'))
    expect(asked.mostProbes).toBe(1)
    expect(new Set(probes).size).toBe(probes.length)
    expect(bed.health().remote).toMatchObject({ status: 'ok', breaker: 'closed' })
  })
})

describe('an issuer that fails for every token opens the circuit', () => {
  it.each<[string, Fault]>([
    ['a page for every token', htmlPage],
    ['a 500 for every token', 500],
    ['a 502 for every token', 502],
    ['nothing readable', says(200, 'null')],
  ])('%s', async (_, how) => {
    const { issuer, opaque, answer, health, issuerEvents } = await introspectionBed()
    issuer.fail('introspection', how)
    for (let failure = 1; failure <= 5; failure += 1) {
      expect(health().remote?.breaker).toBe('closed')
      await answer(opaque())
    }
    expect(health().remote).toMatchObject({ status: 'down', breaker: 'open' })
    expect(issuerEvents.map(({ kind }) => kind)).toEqual(['remote_failing'])
    const { introspection } = issuer.calls
    await concurrently(100, () => answer(opaque()))
    expect(issuer.calls.introspection).toBe(introspection)
  })

  it.each<[string, Fault, string, number]>([
    ['no response', 'reset', 'issuer_unavailable', 1],
    ['a 429 without Retry-After', 429, 'issuer_overloaded', 0],
    ['rejected credentials', 401, 'issuer_refused_us', 1],
  ])('%s: five in a row open it, after at most one probe', async (_, how, reason, probes) => {
    const { issuer, opaque, answer, health } = await introspectionBed({ retries: 0 })
    issuer.fail('introspection', how)
    for (let failure = 1; failure <= 5; failure += 1) {
      expect(await answer(opaque())).toMatchObject({ status: 503, reason })
      expect(issuer.calls.introspection).toBe(failure === 5 ? 5 + probes : failure)
    }
    expect(health().remote?.breaker).toBe('open')
  })

  it('64 at the same time without a response: one probe for all of them', async () => {
    const { issuer, opaque, answer, health } = await introspectionBed({ retries: 0 })
    issuer.fail('introspection', 'reset')
    await concurrently(64, () => answer(opaque()))
    expect(issuer.calls.introspection).toBe(64 + 1)
    expect(health().remote?.breaker).toBe('open')
  })

  it.each([
    ['429', 'issuer_overloaded', 'without a probe', 1],
    ['503', 'issuer_unavailable', 'after one probe', 2],
  ])('a %s with Retry-After opens it immediately: %s, %s', async (status, reason, _, calls) => {
    const { issuer, opaque, answer, health } = await introspectionBed()
    issuer.fail('introspection', { status: Number(status), headers: { 'retry-after': '9' } })
    expect(await answer(opaque())).toMatchObject({ status: 503, reason, retryAfter: 9 })
    expect(health().remote?.breaker).toBe('open')
    expect(issuer.calls.introspection).toBe(calls)
  })
})
