import { describe, expect, it } from 'vitest'
import { passDeadlines } from '../../support/setup/deadlines.js'
import { nextTurn, until } from '../../support/until.js'
import { answersIn, isSettled, pair } from './support.js'

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
    // Past maxWait, which is 1 s, and not past the deadline of the call in flight.
    for (let passed = 0; passed < 11; passed += 1) {
      passDeadlines(0.1)
      await nextTurn()
    }
    await until(() => fleet.calls() === 2)
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
