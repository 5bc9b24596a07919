import { describe, expect, it } from 'vitest'
import { authlete, clerk, createVerifier, oauth, type Secret, type Verifier } from '../../src/index.js'
import { manualClock, type TestClock } from '../support/clock.js'
import { controlDeadlines, passDeadlines, runningDeadlines } from '../support/setup/deadlines.js'
import { outcomeOf, refusalOf } from '../support/outcomes.js'
import { concurrently } from '../support/test-bed.js'
import { nextTurn } from '../support/until.js'

/** An issuer that accepts one secret, and counts. */
interface Store {
  accepted: string
  /** What the function of the secret returns, throws or waits for. */
  next: () => unknown
  reads: number
  calls: number
  rejected: number
  status: number
}

interface Rotation extends Store, TestClock {
  readonly verifier: Verifier
}

const ACTIVE = { active: true, sub: 'orders', token_type: 'Bearer' }

/** A verifier whose client secret is a function. */
function bed(): Rotation {
  const clock = manualClock()
  const store: Store = { accepted: 's1', next: () => 's1', reads: 0, calls: 0, rejected: 0, status: 401 }
  const answer: typeof fetch = async (_, init) => {
    store.calls += 1
    // Responses arrive after all requests of a burst have been sent.
    await new Promise((resolve) => setImmediate(resolve))
    const authorization = new Headers(init?.headers).get('authorization') ?? ''
    const [, secret] = Buffer.from(authorization.replace('Basic ', ''), 'base64').toString().split(':')
    if (secret === store.accepted) return Response.json(ACTIVE)
    store.rejected += 1
    return Response.json({ error: 'invalid_client' }, { status: store.status })
  }
  const verifier = createVerifier({
    issuers: [
      oauth({
        issuer: 'orders issuer',
        audience: null,
        keys: false,
        introspection: {
          endpoint: 'https://issuer.test/introspect',
          clientId: 'guard',
          clientSecret: (() => {
            store.reads += 1
            return store.next()
          }) as Secret,
        },
        fetch: answer,
      }),
    ],
    clock: clock.read,
  })
  return Object.assign(store, clock, { verifier })
}

const verify = ({ verifier }: Rotation, token: string): Promise<string> => outcomeOf(verifier.verify(token))

describe('a secret as a function', () => {
  it('is called on first use, and its result is cached', async () => {
    const stage = bed()
    expect(stage.reads).toBe(0)
    expect(await concurrently(8, (index) => verify(stage, `a${index}`))).toEqual(Array(8).fill('accepted'))
    stage.pass(3600)
    expect(await verify(stage, 'b')).toBe('accepted')
    expect(stage.reads).toBe(1)
  })

  it.each([400, 401, 403])(
    'is called once when the issuer rejects the old secret with %i, and a rotation under 64 concurrent requests loses none',
    async (status) => {
      const stage = bed()
      stage.status = status
      expect(await verify(stage, 'first')).toBe('accepted')
      stage.accepted = 's2'
      stage.next = () => Promise.resolve('s2')
      const outcomes = await concurrently(64, (index) => verify(stage, `token-${index}`))
      expect(outcomes).toEqual(Array(64).fill('accepted'))
      expect(stage).toMatchObject({ reads: 2, rejected: 64, calls: 1 + 2 * 64 })
      expect(stage.verifier.health().issuers[0]?.remote).toMatchObject({ status: 'ok', breaker: 'closed' })
    },
  )

  it('is called at most once per breakerPause while the issuer rejects every secret', async () => {
    const stage = bed()
    stage.accepted = 'none of them'
    let count = 0
    stage.next = () => `s${(count += 1)}`
    for (let second = 0; second < 20; second += 1) {
      await concurrently(4, (index) => verify(stage, `${second}-${index}`))
      stage.pass(1)
    }
    // The first use, and at most one per 5 s.
    expect(stage.reads).toBeLessThanOrEqual(1 + 4)
    expect(stage.reads).toBeGreaterThan(1)
  })

  it('does not repeat the request if the function returns the rejected secret again', async () => {
    const stage = bed()
    stage.accepted = 's2'
    expect(await verify(stage, 'a')).toBe('issuer_refused_us')
    expect(stage).toMatchObject({ reads: 2, calls: 1 })
  })

  it.each<[string, () => unknown, RegExp]>([
    ['throws', () => fail(), /introspection\.clientSecret: the function or promise failed/],
    ['rejects', () => Promise.reject(new Error('s3cret')), /the function or promise failed/],
    ['returns a number', () => 7, /clientSecret: must be a non-empty string/],
    ['returns an empty string', () => '', /clientSecret: must be a non-empty string/],
    ['returns a padded value', () => 's3cret ', /clientSecret: must not begin or end with white space/],
  ])('that %s causes 503 with a cause, no call, and one read per breakerPause', async (_, next, cause) => {
    const stage = bed()
    stage.next = next
    const refusal = await refusalOf(stage.verifier.verify('a'))
    expect(refusal).toMatchObject({ reason: 'issuer_refused_us', status: 503 })
    expect((refusal.cause as Error).message).toMatch(cause)
    expect(`${(refusal.cause as Error).message}${JSON.stringify(stage.verifier.health())}`).not.toContain(
      's3cret',
    )
    expect(await verify(stage, 'b')).toBe('issuer_refused_us')
    expect(stage).toMatchObject({ reads: 1, calls: 0 })
    stage.next = () => 's1'
    stage.pass(6)
    expect(await verify(stage, 'c')).toBe('accepted')
  })

  it('that never returns causes 503 after the deadline, with a cause', async () => {
    controlDeadlines()
    const stage = bed()
    stage.next = () => new Promise(() => undefined)
    const verifying = refusalOf(stage.verifier.verify('a'))
    while (runningDeadlines().length === 0) await nextTurn()
    passDeadlines(3)
    const refusal = await verifying
    expect(refusal).toMatchObject({ reason: 'issuer_refused_us', status: 503 })
    expect((refusal.cause as Error).message).toMatch(/did not return within the deadline/)
    expect(stage).toMatchObject({ reads: 1, calls: 0 })
  })

  it('that fails during a rotation keeps the cached secret for the time after', async () => {
    const stage = bed()
    expect(await verify(stage, 'a')).toBe('accepted')
    stage.accepted = 's2'
    stage.next = fail
    const refusal = await refusalOf(stage.verifier.verify('b'))
    expect(refusal).toMatchObject({ reason: 'issuer_refused_us', status: 503 })
    stage.accepted = 's1'
    expect(await verify(stage, 'c')).toBe('accepted')
  })
})

describe('secrets of vendors as functions', () => {
  it.each<[string, (secret: Secret, fetch: typeof globalThis.fetch) => Verifier, string]>([
    [
      'clerk: machineSecretKey',
      (machineSecretKey, custom) =>
        createVerifier({ issuers: [clerk({ machineSecretKey, jwtAccess: 'remote', fetch: custom })] }),
      'ak_',
    ],
    [
      'authlete: serviceAccessToken',
      (serviceAccessToken, custom) =>
        createVerifier({
          issuers: [
            authlete({ serviceId: '1', serviceAccessToken, apiUrl: 'https://a.test', fetch: custom }),
          ],
        }),
      '',
    ],
  ])('%s: a rejected one is read again, and the request is repeated', async (_, make, prefix) => {
    const sent: (string | null)[] = []
    let reads = 0
    const verifier = make(
      () => `${prefix}${(reads += 1)}`,
      (_url, init) => {
        sent.push(new Headers(init?.headers).get('authorization'))
        const status = sent.length === 1 ? 401 : 404
        return Promise.resolve(Response.json({ errors: [] }, { status }))
      },
    )
    await outcomeOf(verifier.verify('mt_1'))
    expect(sent).toEqual([`Bearer ${prefix}1`, `Bearer ${prefix}2`])
  })

  it('clerk: an instance key from the function is refused as at start', async () => {
    const options = { jwtAccess: 'remote', fetch: () => Promise.reject(new Error('called')) } as const
    const verifier = createVerifier({ issuers: [clerk({ machineSecretKey: () => 'sk_live_1', ...options })] })
    const refusal = await refusalOf(verifier.verify('mt_1'))
    expect(refusal.reason).toBe('issuer_refused_us')
    expect((refusal.cause as Error).message).toMatch(/must not be an instance key/)
  })

  it('clerk: secretKey is read for every fetch of the keys', async () => {
    const sent: (string | null)[] = []
    const verifier = createVerifier({
      issuers: [
        clerk({
          machineSecretKey: 'ak_1',
          jwtAccess: 'any-machine',
          secretKey: () => Promise.resolve('sk_live_1'),
          fetch: (_url, init) => {
            sent.push(new Headers(init?.headers).get('authorization'))
            return Promise.resolve(new Response('{}', { status: 500 }))
          },
        }),
      ],
    })
    await expect(verifier.ready()).rejects.toThrow(/status 500/)
    expect(sent).toEqual(['Bearer sk_live_1'])
  })
})

function fail(): never {
  throw new Error('s3cret')
}
