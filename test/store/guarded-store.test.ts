import { describe, expect, it } from 'vitest'
import { GuardedStore, UNAVAILABLE } from '../../src/store/guarded-store.js'
import { passDeadlines, runningDeadlines } from '../support/setup/deadlines.js'
import { memoryStore } from '../support/shared-store.js'
import { nextTurn, until } from '../support/until.js'

const never = (): Promise<never> => new Promise(() => undefined)

function guarded(): {
  readonly store: ReturnType<typeof memoryStore>
  readonly get: () => Promise<unknown>
  readonly changes: string[]
  readonly guard: GuardedStore
} {
  const store = memoryStore()
  const changes: string[] = []
  const guard = new GuardedStore(store, 0.005, 'trial')
  const tell = (change: string, detail: string): void => void changes.push(`${change}: ${detail}`)
  return { store, changes, guard, get: () => guard.run((used) => used.get('a'), tell) }
}

it('a slow store costs the deadline once, and then nothing', async () => {
  const { store, get, changes, guard } = guarded()
  store.before = never
  const first = get()
  await nextTurn()
  // A timer may be late by a millisecond, and the deadline is a maximum.
  expect(runningDeadlines().map((left) => Math.round(left * 1000))).toEqual([4])
  passDeadlines(0.005)
  expect(await first).toBe(UNAVAILABLE)
  expect(guard.health()).toEqual({ status: 'degraded', failure: 'no response within 5 ms' })
  for (let times = 0; times < 100; times += 1) expect(await get()).toBe(UNAVAILABLE)
  expect(store.operations).toEqual(['get'])
  expect(changes).toEqual(['failing: no response within 5 ms'])
})

it('a trial for which no caller waits finds out that the store responds again', async () => {
  const { store, get, changes, guard } = guarded()
  store.before = () => Promise.reject(new Error('READONLY'))
  expect(await get()).toBe(UNAVAILABLE)
  passDeadlines(1)
  // The trial writes, because a store that can only be read is of no use.
  expect(await get()).toBe(UNAVAILABLE)
  await nextTurn()
  expect(store.operations).toEqual(['get', 'set'])
  // Longer after each failure.
  passDeadlines(1)
  await get()
  expect(store.operations).toHaveLength(2)
  passDeadlines(1)
  store.before = () => Promise.resolve()
  await get()
  await until(() => guard.health().status === 'ok')
  expect(await get()).toBeUndefined()
  expect(changes).toEqual(['failing: READONLY', 'recovered: the store responds again'])
})

it('a trial that hangs is not repeated until its deadline has passed', async () => {
  const { store, get } = guarded()
  store.before = () => Promise.reject(new Error('closed'))
  await get()
  store.before = never
  passDeadlines(1)
  for (let times = 0; times < 10; times += 1) await get()
  expect(store.operations).toEqual(['get', 'set'])
})

describe('a store is not slow because this process is busy', () => {
  /** A reading whose response comes when the test says so. */
  function reading(): { readonly result: Promise<unknown>; readonly respond: () => void } {
    const { store, get } = guarded()
    let respond = (): void => undefined
    store.before = () => new Promise((resolve) => (respond = resolve))
    const result = get()
    return { result, respond: () => respond() }
  }

  it('a response that is there when the deadline passes counts', async () => {
    const { result, respond } = reading()
    await nextTurn()
    passDeadlines(0.005)
    respond()
    expect(await result).toBeUndefined()
  })

  it('the deadline starts when the turn of the event loop that sends the operation has ended', async () => {
    const { result, respond } = reading()
    passDeadlines(0.05)
    await nextTurn()
    passDeadlines(0.003)
    await nextTurn()
    respond()
    expect(await result).toBeUndefined()
  })

  it('the deadline starts again if the event loop is late', async () => {
    const { result, respond } = reading()
    await nextTurn()
    passDeadlines(0.02)
    await nextTurn()
    passDeadlines(0.003)
    await nextTurn()
    respond()
    expect(await result).toBeUndefined()
  })

  it('a store that does not respond is slow also if the event loop is always late', async () => {
    const { result } = reading()
    await nextTurn()
    for (let times = 0; times < 5; times += 1) passDeadlines(0.02)
    expect(await result).toBe(UNAVAILABLE)
  })
})
