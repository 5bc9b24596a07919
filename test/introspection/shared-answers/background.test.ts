import { describe, expect, it } from 'vitest'
import { sharedAnswers } from '../../../src/index.js'
import { passDeadlines } from '../../support/setup/deadlines.js'
import { SECRET, type MemoryStore } from '../../support/shared-store.js'
import type { Fleet, Sharer } from '../../support/sharing.js'
import { nextTurn, until } from '../../support/until.js'
import { isSettled, pair } from './support.js'

interface Setup {
  readonly fleet: Fleet
  readonly store: MemoryStore
  /** A process with the default deadline of 5 ms, in which the result of the token is in use. */
  readonly member: Sharer
  readonly token: string
  /** From now on, operations of a kind do not respond until the returned function is called. */
  readonly stall: (operation?: string) => () => void
}

async function setup(): Promise<Setup> {
  const { fleet, store } = await pair()
  const member = fleet.join(sharedAnswers({ store, secret: SECRET }))
  const token = fleet.bed.opaque()
  for (let times = 0; times < 4; times += 1) await member.outcome(token)
  await until(isSettled(store))
  const stall = (stalled?: string): (() => void) => {
    const waiting: (() => void)[] = []
    store.before = (operation) =>
      stalled === undefined || operation === stalled
        ? new Promise((resolve) => waiting.push(resolve))
        : Promise.resolve()
    return () => {
      store.before = () => Promise.resolve()
      for (const resolve of waiting) resolve()
    }
  }
  return { fleet, store, member, token, stall }
}

/** Lets time pass in steps that make no timer late. */
async function passEvenly(seconds: number): Promise<void> {
  for (let passed = 0; passed < seconds; passed += 0.002) {
    passDeadlines(0.002)
    await nextTurn()
  }
}

describe('an operation of the store for which no request waits may take longer than the deadline', () => {
  it('when a result is refreshed ahead of time', async () => {
    const { fleet, store, member, token, stall } = await setup()
    fleet.bed.pass(27.5)
    const operations = store.operations.length
    const respond = stall()
    expect(await member.outcome(token)).toBe('accepted')
    await until(() => store.operations.length > operations)
    await passEvenly(0.1)
    respond()
    await until(() => fleet.calls() === 2)
    await until(isSettled(store))
    expect(member.issuerEvents).toEqual([])
  })

  it('when a result is stored', async () => {
    const { fleet, store, member, stall } = await setup()
    const operations = store.operations.length
    const respond = stall('set')
    expect(await member.outcome(fleet.bed.opaque())).toBe('accepted')
    await until(() => store.operations.slice(operations).includes('set'))
    await passEvenly(0.1)
    respond()
    await until(isSettled(store))
    expect(member.issuerEvents).toEqual([])
  })
})

it('a request that waits for the call of another process waits as long for the store as between two attempts', async () => {
  const { fleet, store, stall } = await setup()
  const members = [SECRET, SECRET].map((secret) => fleet.join(sharedAnswers({ store, secret })))
  const token = fleet.bed.opaque()
  const calls = fleet.calls()
  const operations = store.operations.length
  const gate = fleet.bed.issuer.gate('introspection')
  const outcomes = Promise.all(members.map(({ outcome }) => outcome(token)))
  await gate.waiting
  await until(() => store.operations.slice(operations).filter((name) => name === 'add').length === 2)
  await passEvenly(0.002)
  const before = store.operations.length
  const respond = stall()
  while (store.operations.length === before) await passEvenly(0.002)
  await passEvenly(0.01)
  respond()
  gate.release()
  let isDone = false
  void outcomes.then(() => (isDone = true))
  while (!isDone) await passEvenly(0.002)
  expect(await outcomes).toEqual(['accepted', 'accepted'])
  expect(fleet.calls()).toBe(calls + 1)
  for (const { issuerEvents } of members) expect(issuerEvents).toEqual([])
})

it('a request that joins a refresh does not wait for the store', async () => {
  const { fleet, store, member, token, stall } = await setup()
  fleet.bed.pass(29.9)
  const operations = store.operations.length
  stall()
  expect(await member.outcome(token)).toBe('accepted')
  await until(() => store.operations.length > operations)
  await passEvenly(0.11)
  // The result that was in use has expired now.
  fleet.bed.pass(0.1)
  expect(await member.outcome(token)).toBe('accepted')
  expect(fleet.calls()).toBe(2)
  expect(member.issuerEvents).toMatchObject([
    { kind: 'answers_failing', detail: 'no response within 100 ms' },
  ])
})
