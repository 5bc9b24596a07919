import { describe, expect, it } from 'vitest'
import { authlete, clerk, oauth, type Issuer } from '../../src/index.js'
import type { Endpoint, Fault, TestIssuer } from '../../src/testing/index.js'
import { hang, hangHalfway } from '../support/servers/misbehaviours.js'
import { bearer, jwksBed, testBed, type TestBed } from '../support/test-bed.js'

interface Target {
  readonly endpoint: Endpoint
  readonly reason: string
  readonly issuer: (by: TestIssuer) => Issuer
  readonly mint: (bed: TestBed) => string
}

const targets: readonly Target[] = [
  {
    endpoint: 'discovery',
    reason: 'keys_unavailable',
    issuer: (by) => oauth(by.oauth()),
    mint: ({ jwt }) => jwt(),
  },
  {
    endpoint: 'jwks',
    reason: 'keys_unavailable',
    issuer: (by) => oauth(by.oauth({ jwksUri: `${by.url}/jwks` })),
    mint: ({ jwt }) => jwt(),
  },
  {
    endpoint: 'introspection',
    reason: 'issuer_unavailable',
    issuer: (by) => {
      const introspection = { ...by.oauth().introspection!, endpoint: `${by.url}/introspect` }
      return oauth(by.oauth({ introspection }))
    },
    mint: ({ issuer }) => issuer.mintOpaque(),
  },
  {
    endpoint: 'clerkVerify',
    reason: 'issuer_unavailable',
    issuer: (by) => clerk(by.clerk()),
    mint: ({ issuer }) => issuer.mintOpaque({ provider: 'clerk' }),
  },
  {
    endpoint: 'authleteIntrospection',
    reason: 'issuer_unavailable',
    issuer: (by) => authlete(by.authlete()),
    mint: ({ issuer }) => issuer.mintOpaque({ provider: 'authlete' }),
  },
]

const REFUSED_US = [400, 401, 403]
const faults: readonly [string, Fault][] = [
  ...[...REFUSED_US, 404, 408, 410, 429, 500, 501, 502, 503, 504].map((status): [string, Fault] => [
    `status ${status}`,
    status,
  ]),
  ['status 201', { status: 201 }],
  ['status 202', { status: 202 }],
  ['a connection that is reset', 'reset'],
  ['a connection that is refused', 'refuse'],
  ['an empty body', 'empty'],
  ['a login page', 'html'],
  ['half of the response', 'truncated'],
  ['a redirect to the correct response', 'redirect'],
  ['null', { body: 'null' }],
  ['a list', { body: [] }],
  ['a string', { body: '"active"' }],
  ['an empty object', { body: {} }],
  ['bytes that are not UTF-8', (_request, response) => response.end(Buffer.from([0x7b, 0xff, 0xfe, 0x7d]))],
  ['more than we read', { body: JSON.stringify({ active: true, padding: 'x'.repeat(300 * 1024) }) }],
]
const hangs: readonly [string, Fault][] = [
  ['no response', hang],
  ['a response that stops half-way', hangHalfway('{"active":true}')],
]

async function expectUndecidable(bed: TestBed, token: string, reasons: readonly string[]): Promise<void> {
  const decision = await bed.verifier.authorize(bearer(token))
  expect(decision.outcome).toBe('undecidable')
  if (decision.outcome === 'accepted') return
  const { reason, status, headers } = decision.refusal
  expect(reasons).toContain(reason)
  expect(status).toBe(503)
  expect(Number(headers['Retry-After'])).toBeGreaterThanOrEqual(1)
  expect(headers).not.toHaveProperty('WWW-Authenticate')
}

describe.each(targets)('$endpoint fails: 503, Retry-After, no challenge, and no cached result', (target) => {
  const { endpoint, reason } = target

  it.each(faults)('%s', async (_, how) => {
    const bed = await testBed({ issuers: (by) => [target.issuer(by)] })
    const token = target.mint(bed)
    bed.issuer.fail(endpoint, how)
    const isIntrospection = reason === 'issuer_unavailable'
    const isOurs = isIntrospection && REFUSED_US.includes(how as number)
    const otherwise = isIntrospection && how === 429 ? 'issuer_overloaded' : reason
    await expectUndecidable(bed, token, [isOurs ? 'issuer_refused_us' : otherwise])
    bed.issuer.heal()
    bed.pass(60)
    expect(await bed.outcome(token)).toBe('accepted')
  })

  it.each(hangs)('%s, after the deadline', async (_, how) => {
    const bed = await testBed({ issuers: (by) => [target.issuer(by)] })
    bed.issuer.fail(endpoint, how)
    await expectUndecidable(bed, target.mint(bed), [reason])
  })
})

describe('a redirect is not followed', () => {
  it.each(targets)('$endpoint', async (target) => {
    const bed = await testBed({ issuers: (by) => [target.issuer(by)] })
    bed.issuer.fail(target.endpoint, 'redirect')
    await bed.outcome(target.mint(bed))
    // An unreadable response about a token is followed by a probe. A discovery document may be at a second URL.
    const calls = target.endpoint === 'jwks' ? 1 : 2
    expect(bed.issuer.calls[target.endpoint]).toBe(calls)
  })
})

describe('cached keys stay in use while fetches fail', () => {
  it.each([...faults, ...hangs])('%s', async (_, how) => {
    const { issuer, jwt, outcome, pass, verifier } = await jwksBed()
    const [known, unseen] = [jwt(), jwt()]
    expect(await outcome(known)).toBe('accepted')
    issuer.fail('jwks', how)
    pass(600)
    expect(await outcome(known)).toBe('accepted')
    expect(await outcome(unseen)).toBe('accepted')
    expect(verifier.health().status).toBe('degraded')
  })
})

describe('stale keys', () => {
  it.each([
    ['an hour', undefined, 3600],
    ['as configured', '2h', 7200],
  ])('serve for %s after the last success, and not a millisecond longer', async (_, stale, seconds) => {
    const { issuer, jwt, outcome, pass } = await jwksBed(stale === undefined ? {} : { keys: { stale } })
    const [known, unseen] = [jwt(), jwt()]
    await outcome(known)
    issuer.fail('jwks', 500)
    pass(seconds - 0.001)
    expect(await outcome(known)).toBe('accepted')
    expect(await outcome(unseen)).toBe('accepted')
    pass(0.001)
    expect(await outcome(known)).toBe('keys_unavailable')
    expect(await outcome(unseen)).toBe('keys_unavailable')
    issuer.heal()
    pass(60)
    expect(await outcome(known)).toBe('accepted')
  })
})

describe('after a failed fetch', () => {
  const pauses = [1, 2, 4, 8, 16, 32, 60, 60]

  it.each<[string, (bed: TestBed) => Promise<void>]>([
    ['on a cold start', () => Promise.resolve()],
    [
      'once the keys are too old',
      async ({ jwt, outcome, pass }) => {
        await outcome(jwt())
        pass(3600)
      },
    ],
  ])('%s the backoff doubles up to a minute, and no request fetches or waits during it', async (_, warm) => {
    const bed = await jwksBed()
    const { issuer, jwt, outcome, pass } = bed
    const token = jwt()
    await warm(bed)
    issuer.fail('jwks', 500)
    issuer.resetCalls()
    expect(await outcome(token)).toBe('keys_unavailable')
    for (const [index, pause] of pauses.entries()) {
      // The jitter shortens the backoff by a tenth at most.
      pass(pause * 0.9 - 0.001)
      expect(await outcome(token)).toBe('keys_unavailable')
      expect(await outcome(jwt({ header: { kid: 'junk' } }))).toBe('keys_unavailable')
      expect(issuer.calls.jwks).toBe(index + 1)
      pass(pause * 0.1 + 0.001)
      expect(await outcome(token)).toBe('keys_unavailable')
      expect(issuer.calls.jwks).toBe(index + 2)
    }
  })

  it('Retry-After is the remaining time of the backoff', async () => {
    const { issuer, jwt, verifier, pass } = await jwksBed()
    issuer.fail('jwks', 500)
    const retryAfter = async () => {
      const decision = await verifier.authorize(bearer(jwt()))
      return decision.outcome === 'accepted' ? undefined : Number(decision.refusal.headers['Retry-After'])
    }
    for (const pause of pauses.slice(0, 5)) {
      const left = await retryAfter()
      expect(left).toBeLessThanOrEqual(pause)
      expect(left).toBeGreaterThanOrEqual(Math.floor(pause * 0.9))
      pass(pause)
    }
  })

  it('a success ends the backoff and resets the failure count', async () => {
    const { issuer, jwt, outcome, pass } = await jwksBed()
    issuer.fail('jwks', 500)
    for (const pause of [1, 2, 4]) {
      await outcome(jwt())
      pass(pause)
    }
    issuer.heal()
    expect(await outcome(jwt())).toBe('accepted')
    issuer.fail('jwks', 500)
    pass(3600)
    await outcome(jwt())
    const calls = issuer.calls.jwks
    pass(1)
    await outcome(jwt())
    expect(issuer.calls.jwks).toBe(calls + 1)
  })

  it('stale keys are used during the backoff without a fetch', async () => {
    const { issuer, jwt, outcome, pass } = await jwksBed()
    const token = jwt()
    await outcome(token)
    issuer.fail('jwks', 500)
    pass(600)
    await outcome(token)
    const calls = issuer.calls.jwks
    pass(0.899)
    for (let request = 0; request < 10; request += 1) expect(await outcome(token)).toBe('accepted')
    expect(issuer.calls.jwks).toBe(calls)
  })
})

describe('two issuers, one of which fails', () => {
  it('the tokens of the other issuer are unaffected', async () => {
    const { issuer, jwt, outcome } = await testBed({
      issuers: (by) => [oauth(by.oauth()), clerk(by.clerk({ jwksUri: 'http://127.0.0.1:1/jwks' }))],
    })
    expect(await outcome(issuer.mintJwt({ provider: 'clerk' }))).toBe('keys_unavailable')
    expect(await outcome(jwt())).toBe('accepted')
    expect(await outcome(issuer.mintOpaque({ provider: 'clerk' }))).toBe('accepted')
  })
})
