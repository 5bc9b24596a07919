import { describe, expect, it } from 'vitest'
import { sharedAnswers } from '../../../src/index.js'
import { manualClock } from '../../support/clock.js'
import { passDeadlines } from '../../support/setup/deadlines.js'
import { SECRET } from '../../support/shared-store.js'
import { nextTurn, until } from '../../support/until.js'
import { answersIn, isSettled, pair } from './support.js'

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
