import { describe, expect, it } from 'vitest'
import { ConfigurationError, createVerifier, oauth, sharedAnswers, type Answers } from '../../src/index.js'
import { manualClock } from '../support/clock.js'
import { passDeadlines } from '../support/setup/deadlines.js'
import { says } from '../support/servers/misbehaviours.js'
import { memoryStore, SECRET, type MemoryStore } from '../support/shared-store.js'
import { fleetOf, type Fleet, type Sharer } from '../support/sharing.js'
import { nextTurn, until } from '../support/until.js'

const isAnswer = (key: string): boolean => !key.endsWith(':lease') && !key.endsWith(':trial')
const answersIn = ({ values }: MemoryStore): readonly string[] => [...values.keys()].filter(isAnswer)
const isSettled =
  ({ values }: MemoryStore) =>
  (): boolean =>
    [...values.keys()].every(isAnswer)

/** Lets pauses end until work is done. */
async function waitingFor<T>(work: Promise<T>): Promise<T> {
  let isDone = false
  const done = work.finally(() => (isDone = true))
  while (!isDone) {
    passDeadlines(0.02)
    await nextTurn()
  }
  return done
}

/** Two processes that share results through one store. */
async function pair(): Promise<{
  readonly fleet: Fleet
  readonly store: MemoryStore
  readonly answers: () => Answers
  readonly one: Sharer
  readonly two: Sharer
  /** Lets one process introspect a token and share the result. */
  readonly share: (token: string) => Promise<void>
}> {
  const [fleet, store] = [await fleetOf(), memoryStore()]
  const answers = (): Answers => sharedAnswers({ store, secret: SECRET, deadline: '5s' })
  const [one, two] = [fleet.join(answers()), fleet.join(answers())]
  const share = async (token: string): Promise<void> => {
    await one.outcome(token)
    await until(isSettled(store))
  }
  return { fleet, store, answers, one, two, share }
}

describe('a fleet introspects a token once', () => {
  it('another process uses the result, as a cached one', async () => {
    const { fleet, one, two } = await pair()
    const token = fleet.bed.opaque({ scopes: 'a' })
    expect(await one.outcome(token, { scopes: 'a' })).toBe('accepted')
    expect(one.source()).toBe('remote')
    expect(await two.outcome(token, { scopes: 'a' })).toBe('accepted')
    expect(two.source()).toBe('cache')
    // Its own policy is evaluated.
    expect(await two.outcome(token, { scopes: 'b' })).toBe('scope_insufficient')
    expect(fleet.calls()).toBe(1)
  })

  it('while one process calls the issuer, the others wait for its result', async () => {
    const { fleet, answers, store } = await pair()
    const members = Array.from({ length: 4 }, () => fleet.join(answers()))
    const gate = fleet.bed.issuer.gate('introspection')
    const token = fleet.bed.opaque()
    const outcomes = members.map(({ outcome }) => outcome(token))
    await gate.waiting
    passDeadlines(0.03)
    await nextTurn()
    gate.release()
    await Promise.race(outcomes)
    await until(isSettled(store))
    expect(await waitingFor(Promise.all(outcomes))).toEqual(Array(4).fill('accepted'))
    expect(fleet.calls()).toBe(1)
  })

  it('a process that waits in vain calls the issuer itself, after maxWait', async () => {
    const { fleet, one, two } = await pair()
    const gate = fleet.bed.issuer.gate('introspection')
    const token = fleet.bed.opaque()
    const outcomes = [one.outcome(token), two.outcome(token)]
    await gate.waiting
    while (fleet.calls() < 2) {
      passDeadlines(0.1)
      await nextTurn()
    }
    gate.release()
    expect(await Promise.all(outcomes)).toEqual(['accepted', 'accepted'])
    expect(fleet.calls()).toBe(2)
  })

  it('after a failed call the next process calls the issuer, and failures are never shared', async () => {
    const { fleet, one, two, store } = await pair()
    fleet.bed.issuer.fail('introspection', 400)
    const token = fleet.bed.opaque()
    expect(await one.outcome(token)).toBe('issuer_refused_us')
    await until(isSettled(store))
    expect(answersIn(store)).toEqual([])
    fleet.bed.issuer.heal()
    expect(await two.outcome(token)).toBe('accepted')
  })

  it.each([
    ['429', 429],
    ['500', 500],
    ['an HTML page', 'html'],
  ] as const)('%s is not shared', async (_, how) => {
    const { fleet, one, store } = await pair()
    fleet.bed.issuer.fail('introspection', how)
    await one.outcome(fleet.bed.opaque())
    await until(isSettled(store))
    expect(answersIn(store)).toEqual([])
  })
})

it.each([1, 4, 16])(
  '%i processes with frequent requests call the issuer 1.12 times per lifetime of a result at most, all together',
  async (count) => {
    const { fleet, answers, store } = await pair()
    const members = Array.from({ length: count }, () => fleet.join(answers()))
    const token = fleet.bed.opaque()
    const lifetimes = 27
    for (let second = 0; second < lifetimes * 30; second += 1) {
      const outcomes = members.map(({ outcome }) => outcome(token))
      await waitingFor(Promise.all(outcomes))
      await until(isSettled(store))
      fleet.bed.pass(1)
    }
    expect(fleet.calls() / lifetimes).toBeLessThanOrEqual(1.12)
  },
)

describe('a shared result is as old as the request of the process that called the issuer', () => {
  it('it is not used beyond the lifetime of a cached result', async () => {
    const { fleet, two, share, answers } = await pair()
    const token = fleet.bed.opaque()
    await share(token)
    fleet.bed.pass(29)
    expect(await two.outcome(token)).toBe('accepted')
    expect(fleet.calls()).toBe(1)
    fleet.bed.pass(2)
    // The copy of the second process has expired at the same time.
    expect(await two.outcome(token)).toBe('accepted')
    expect(fleet.calls()).toBe(2)
    expect(await fleet.join(answers()).outcome(token)).toBe('accepted')
    expect(fleet.calls()).toBe(2)
  })

  it('an inactive result is shared for 5 s', async () => {
    const { fleet, two, share, answers } = await pair()
    const token = fleet.bed.opaque()
    fleet.bed.issuer.revoke(token)
    await share(token)
    fleet.bed.pass(4)
    expect(await two.outcome(token)).toBe('token_inactive')
    expect(two.source()).toBe('cache')
    expect(fleet.calls()).toBe(1)
    fleet.bed.pass(1)
    expect(await two.outcome(token)).toBe('token_inactive')
    expect(fleet.calls()).toBe(2)
    fleet.bed.pass(6)
    expect(await fleet.join(answers()).outcome(token)).toBe('token_inactive')
    expect(fleet.calls()).toBe(3)
  })

  it('a result older than confirmAfter does not confirm', async () => {
    const { fleet, two, share } = await pair()
    const token = fleet.bed.opaque()
    await share(token)
    fleet.bed.pass(10)
    expect(await two.outcome(token, { confirmAfter: '20s' })).toBe('accepted')
    expect(fleet.calls()).toBe(1)
    fleet.bed.issuer.revoke(token)
    expect(await two.outcome(token, { confirmAfter: '5s' })).toBe('token_inactive')
    expect(fleet.calls()).toBe(2)
  })

  it('with confirmAfter 0 every request calls the issuer', async () => {
    const { fleet, two, share, store } = await pair()
    const token = fleet.bed.opaque()
    await share(token)
    const operations = store.operations.length
    expect(await two.outcome(token, { confirmAfter: 0 })).toBe('accepted')
    expect(fleet.calls()).toBe(2)
    // Nothing was read.
    expect(store.operations.slice(operations)).not.toContain('get')
  })

  it('a request with a short confirmAfter that joins another one calls the issuer', async () => {
    const { fleet, two, share } = await pair()
    const token = fleet.bed.opaque()
    await share(token)
    fleet.bed.pass(10)
    fleet.bed.issuer.revoke(token)
    const lax = two.outcome(token)
    const strict = two.outcome(token, { confirmAfter: '5s' })
    expect([await lax, await strict]).toEqual(['accepted', 'token_inactive'])
  })

  it('a JWT that its issuer has confirmed to another process is confirmed', async () => {
    const { fleet, one, two, store } = await pair()
    const token = fleet.bed.jwt({ age: '10m' })
    expect(await one.outcome(token, { confirmAfter: '1m' })).toBe('accepted')
    await until(isSettled(store))
    fleet.bed.pass(40)
    expect(await two.outcome(token, { confirmAfter: '1m' })).toBe('accepted')
    expect(fleet.calls()).toBe(1)
    fleet.bed.pass(21)
    expect(await two.outcome(token, { confirmAfter: '1m' })).toBe('accepted')
    expect(fleet.calls()).toBe(2)
  })

  it('the wall clock of another process does not extend it, whichever clock is wrong', async () => {
    for (const skew of [-20, 20]) {
      const { fleet, answers, share } = await pair()
      const clock = manualClock()
      clock.pass(skew)
      const skewed = fleet.join(answers(), { clock })
      const token = fleet.bed.opaque({ age: '10m' })
      await share(token)
      // The store says that 15 s have passed.
      fleet.bed.pass(15)
      clock.pass(15)
      expect(await skewed.outcome(token)).toBe('accepted')
      // A clock that is ahead makes the result older than it is. One that is behind is corrected by the clock of the store,
      // which stands still in this test.
      const expected = skew > 0 ? 2 : 1
      expect(fleet.calls()).toBe(expected)
    }
  })

  it('it is not kept beyond the expiry of the token', async () => {
    const { fleet, share, store } = await pair()
    let lifetime: number | undefined
    const spied = { ...store }
    const token = fleet.bed.opaque({ expiresIn: '12s' })
    const answers = sharedAnswers({
      store: {
        ...spied,
        set: (key, value, milliseconds) => {
          lifetime = milliseconds
          return store.set(key, value, milliseconds)
        },
      },
      secret: SECRET,
      deadline: '5s',
    })
    await fleet.join(answers).outcome(token)
    await until(() => lifetime !== undefined)
    expect(lifetime).toBe(12_000)
    await share(token)
  })

  it('staleIfError counts from the request of the process that called the issuer', async () => {
    const { fleet, two, share } = await pair()
    const token = fleet.bed.opaque()
    await share(token)
    fleet.bed.pass(20)
    expect(await two.outcome(token, { staleIfError: '10s' })).toBe('accepted')
    expect(fleet.calls()).toBe(1)
    fleet.bed.issuer.fail('introspection', 'reset')
    fleet.bed.pass(15)
    expect(await two.outcome(token, { staleIfError: '10s' })).toBe('accepted')
    fleet.bed.pass(6)
    expect(await two.outcome(token, { staleIfError: '10s' })).toBe('issuer_unavailable')
  })
})

describe('forget()', () => {
  it('deletes the shared result, so that the next request of any process calls the issuer', async () => {
    const { fleet, one, two, share, store } = await pair()
    const token = fleet.bed.opaque()
    await share(token)
    fleet.bed.issuer.revoke(token)
    one.verifier.forget(token)
    await until(() => answersIn(store).length === 0)
    expect(await two.outcome(token)).toBe('token_inactive')
    expect(fleet.calls()).toBe(2)
  })

  it('no earlier result is used by this process, also if the store cannot delete', async () => {
    const { fleet, two, share, store } = await pair()
    const token = fleet.bed.opaque()
    await share(token)
    expect(await two.outcome(token)).toBe('accepted')
    fleet.bed.issuer.revoke(token)
    store.before = (operation) =>
      operation === 'delete' ? Promise.reject(new Error('READONLY')) : Promise.resolve()
    two.verifier.forget(token)
    await nextTurn()
    expect(two.verifier.health().answers).toEqual({ status: 'degraded', failure: 'READONLY' })
    // The store is used again.
    passDeadlines(1)
    await two.outcome(fleet.bed.opaque())
    await until(() => two.verifier.health().answers?.status === 'ok')
    fleet.bed.pass(1)
    expect(answersIn(store).length).toBeGreaterThan(0)
    expect(await two.outcome(token)).toBe('token_inactive')
  })

  it('the result of a call that began before is not shared', async () => {
    const { fleet, one, store } = await pair()
    const gate = fleet.bed.issuer.gate('introspection')
    const token = fleet.bed.opaque()
    const outcome = one.outcome(token)
    await gate.waiting
    one.verifier.forget(token)
    gate.release()
    expect(await outcome).toBe('accepted')
    await until(isSettled(store))
    expect(answersIn(store)).toEqual([])
  })
})

describe('what another process has read is evaluated with the configuration of this one', () => {
  it('another audience refuses', async () => {
    const { fleet, share, answers } = await pair()
    const token = fleet.bed.opaque()
    await share(token)
    const other = fleet.join(answers(), { oauth: { audience: 'https://other.internal' } })
    expect(await other.outcome(token)).toBe('audience_mismatch')
    expect(fleet.calls()).toBe(1)
  })

  it('other scope claims read other scopes', async () => {
    const { fleet, share, answers } = await pair()
    const token = fleet.bed.opaque({ scopes: 'a', claims: { permissions: ['b'] } })
    await share(token)
    const other = fleet.join(answers(), { oauth: { scopeClaims: ['permissions'] } })
    expect(await other.outcome(token, { scopes: 'b' })).toBe('accepted')
    expect(await other.outcome(token, { scopes: 'a' })).toBe('scope_insufficient')
    expect(fleet.calls()).toBe(1)
  })

  it.each([
    ['another endpoint', { endpoint: '?tenant=1' }],
    ['another client id', { clientId: 'another' }],
  ])('%s gets its own result', async (_, change) => {
    const { fleet, share, answers } = await pair()
    const token = fleet.bed.opaque()
    await share(token)
    const { issuer } = fleet.bed
    const introspection = {
      clientId: issuer.client.clientId,
      clientSecret: issuer.client.clientSecret,
      endpoint: `${issuer.url}/introspect${'endpoint' in change ? change.endpoint : ''}`,
      ...('clientId' in change ? { clientId: change.clientId } : {}),
    }
    await fleet.join(answers(), { oauth: { introspection } }).outcome(token)
    expect(fleet.calls()).toBe(2)
  })

  it('a response with duplicate members is not shared, because another process could not notice them', async () => {
    const { fleet, one, store, answers } = await pair()
    const body = `{"active":true,"scope":"a","scope":"b","iss":"https://other.example.com"}`
    fleet.bed.issuer.fail('introspection', says(200, body))
    const token = fleet.bed.opaque()
    expect(await one.outcome(token)).toBe('claim_invalid')
    await until(isSettled(store))
    expect(answersIn(store)).toEqual([])
    expect(await fleet.join(answers()).outcome(token)).toBe('claim_invalid')
    expect(fleet.calls()).toBe(2)
  })
})

describe('what the store has', () => {
  it('no token, no part of one, and nothing that a guess could be compared with', async () => {
    const { fleet, share, store } = await pair()
    const token = fleet.bed.opaque({ scopes: 'orders:read' })
    await share(token)
    const dump = JSON.stringify([...store.values])
    for (const text of [token, token.slice(0, 12), 'orders:read', 'active']) expect(dump).not.toContain(text)
    const { createHash } = await import('node:crypto')
    for (const encoding of ['hex', 'base64', 'base64url'] as const)
      expect(dump).not.toContain(createHash('sha256').update(token).digest(encoding))
  })

  it.each<[string, (store: MemoryStore, key: string, other: string) => string]>([
    ['of another program', () => 'hello'],
    ['empty', () => ''],
    ['of another version', (store, key) => `Ag${store.values.get(key)!.slice(2)}`],
    ['of another token', (store, _, other) => store.values.get(other)!],
    ['that was changed', (store, key) => `${store.values.get(key)!.slice(0, -8)}AAAAAAAA`],
  ])('an entry %s is skipped and reported, and replaced', async (_, forge) => {
    const { fleet, share, store, answers } = await pair()
    const [inactive, active] = [fleet.bed.opaque(), fleet.bed.opaque()]
    fleet.bed.issuer.revoke(inactive)
    await share(inactive)
    const [key = ''] = answersIn(store)
    await share(active)
    const other = answersIn(store).find((name) => name !== key)!
    store.values.set(key, forge(store, key, other))
    const three = fleet.join(answers())
    expect(await three.outcome(inactive)).toBe('token_inactive')
    expect(fleet.calls()).toBe(3)
    expect(three.issuerEvents).toMatchObject([{ kind: 'answer_skipped' }])
    await until(isSettled(store))
    expect(await fleet.join(answers()).outcome(inactive)).toBe('token_inactive')
    expect(fleet.calls()).toBe(3)
  })

  it('entries of another secret are not found; a list of secrets finds those of each', async () => {
    const { fleet, share, store } = await pair()
    const token = fleet.bed.opaque()
    await share(token)
    const NEW = `${SECRET} and another one`
    const withSecret = (secret: string | string[]): Sharer =>
      fleet.join(sharedAnswers({ store, secret, deadline: '5s' }))
    const other = withSecret(NEW)
    expect(await withSecret([NEW, SECRET]).outcome(token)).toBe('accepted')
    expect(fleet.calls()).toBe(1)
    expect(await other.outcome(token)).toBe('accepted')
    expect(other.issuerEvents).toEqual([])
    expect(fleet.calls()).toBe(2)
    const rotated = fleet.bed.opaque()
    await withSecret([NEW, SECRET]).outcome(rotated)
    await until(isSettled(store))
    expect(await withSecret([SECRET, NEW]).outcome(rotated)).toBe('accepted')
    expect(fleet.calls()).toBe(3)
  })
})

describe('a store that fails costs nothing but the sharing', () => {
  it('a slow one costs the deadline once', async () => {
    const { fleet, store } = await pair()
    const slow = fleet.join(sharedAnswers({ store, secret: SECRET }))
    store.before = () => new Promise(() => undefined)
    const outcome = slow.outcome(fleet.bed.opaque())
    await until(() => store.operations.length === 1)
    passDeadlines(0.005)
    expect(await outcome).toBe('accepted')
    const operations = store.operations.length
    for (let times = 0; times < 20; times += 1)
      expect(await slow.outcome(fleet.bed.opaque())).toBe('accepted')
    expect(store.operations).toHaveLength(operations)
    expect(slow.issuerEvents).toMatchObject([{ kind: 'answers_failing', detail: 'no response within 5 ms' }])
    expect(slow.verifier.health()).toMatchObject({
      status: 'degraded',
      answers: { status: 'degraded', failure: 'no response within 5 ms' },
    })
  })

  it('one that throws or rejects never reaches the request', async () => {
    const { fleet, store } = await pair()
    for (const broken of [
      () => {
        throw new Error('synchronous')
      },
      () => Promise.reject(new Error('asynchronous')),
    ]) {
      const answers = sharedAnswers({ store: { ...store, get: broken, add: broken }, secret: SECRET })
      const member = fleet.join(answers)
      expect(await member.outcome(fleet.bed.opaque())).toBe('accepted')
      expect(member.verifier.health().answers?.failure).toMatch(/synchronous/)
    }
  })

  it('cached tokens are accepted without an operation of the store', async () => {
    const { fleet, store, share, one } = await pair()
    const token = fleet.bed.opaque()
    await share(token)
    const operations = store.operations.length
    for (let times = 0; times < 5; times += 1) expect(await one.outcome(token)).toBe('accepted')
    expect(store.operations).toHaveLength(operations)
  })
})

it.each<[string, object, RegExp]>([
  ['an object of another kind', { answers: {} }, /^answers: must be the result of redisAnswers/],
  [
    'a verifier without a cache',
    { answers: sharedAnswers({ store: memoryStore(), secret: SECRET }), cache: false },
    /^answers: requires the token cache/,
  ],
])('%s is a ConfigurationError', (_, options, message) => {
  const create = (): unknown =>
    createVerifier({ issuers: [oauth({ issuer: 'https://a.example', audience: null })], ...options })
  expect(create).toThrow(ConfigurationError)
  expect(create).toThrow(message)
})
