import { expect, it } from 'vitest'
import { Pace } from '../../src/jwt/pace.js'

const nextTurn = () => new Promise((resolve) => setImmediate(resolve))

it('a check that comes alone stays here, and so does the one after it', async () => {
  const pace = new Pace()
  for (let count = 0; count < 5; count += 1) {
    expect(pace.mayStayHere()).toBe(true)
    pace.spent(0.01)
    await Promise.resolve()
  }
})

it('of checks that come in one go, only the first stays here', async () => {
  const pace = new Pace()
  expect(pace.mayStayHere()).toBe(true)
  pace.spent(0.01)
  expect(pace.mayStayHere()).toBe(false)
  await Promise.resolve()
  expect(pace.mayStayHere()).toBe(true)
})

it('while others are in the pool, a further one goes there, until the last is back', async () => {
  const pace = new Pace()
  const { promise, resolve } = (() => {
    let resolve: (value: boolean) => void = () => undefined
    return { promise: new Promise<boolean>((done) => (resolve = done)), resolve: (v: boolean) => resolve(v) }
  })()
  const check = pace.elsewhere(() => promise)
  expect(pace.mayStayHere()).toBe(false)
  resolve(true)
  expect(await check).toBe(true)
  expect(pace.mayStayHere()).toBe(true)
})

it('a check in the pool that fails is over as well', async () => {
  const pace = new Pace()
  await expect(pace.elsewhere(() => Promise.reject(new Error('no thread')))).rejects.toThrow('no thread')
  expect(pace.mayStayHere()).toBe(true)
})

it('a turn of the event loop gives a millisecond, and the next one as much again', async () => {
  const pace = new Pace()
  for (const spent of [0.4, 0.4, 0.4]) {
    expect(pace.mayStayHere()).toBe(true)
    pace.spent(spent)
    await Promise.resolve()
  }
  expect(pace.mayStayHere()).toBe(false)
  await nextTurn()
  expect(pace.mayStayHere()).toBe(true)
})
