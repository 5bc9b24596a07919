import { describe, expect, it } from 'vitest'
import { SignatureScheduler } from '../../src/jwt/signature-scheduler.js'

const ONE = { cost: 1, characters: 800 }

const nextTurn = () => new Promise((resolve) => setImmediate(resolve))

it('single verifications run inline, one after the other', async () => {
  const pace = new SignatureScheduler()
  for (let count = 0; count < 5; count += 1) {
    expect(pace.shouldRunInline(false)).toBe(true)
    pace.recordInline(0.01, false)
    await Promise.resolve()
  }
})

it('only the first verification of a burst runs inline', async () => {
  const pace = new SignatureScheduler()
  expect(pace.shouldRunInline(false)).toBe(true)
  pace.recordInline(0.01, false)
  expect(pace.shouldRunInline(false)).toBe(false)
  await Promise.resolve()
  expect(pace.shouldRunInline(false)).toBe(true)
})

it('further verifications run in the pool until the last one there has completed', () => {
  const pace = new SignatureScheduler()
  pace.dispatch(ONE)
  pace.dispatch(ONE)
  expect(pace.shouldRunInline(false)).toBe(false)
  pace.recordCompleted(ONE)
  expect(pace.shouldRunInline(false)).toBe(false)
  pace.recordCompleted(ONE)
  expect(pace.shouldRunInline(false)).toBe(true)
})

it('each turn of the event loop has a budget of two milliseconds', async () => {
  const pace = new SignatureScheduler()
  for (const spent of [0.8, 0.8, 0.8]) {
    expect(pace.shouldRunInline(false)).toBe(true)
    pace.recordInline(spent, false)
    await Promise.resolve()
  }
  expect(pace.shouldRunInline(false)).toBe(false)
  await nextTurn()
  expect(pace.shouldRunInline(false)).toBe(true)
})

it('with a quick key, all verifications of a burst run inline until the budget of the turn is spent', () => {
  const pace = new SignatureScheduler()
  pace.dispatch(ONE)
  for (let count = 0; count < 4; count += 1) {
    expect(pace.shouldRunInline(true)).toBe(true)
    pace.recordInline(0.5, true)
  }
  expect(pace.shouldRunInline(true)).toBe(false)
})

it('small amounts spent in many turns do not add up', async () => {
  const pace = new SignatureScheduler()
  for (let turn = 0; turn < 200; turn += 1) {
    expect(pace.shouldRunInline(false)).toBe(true)
    pace.recordInline(0.05, false)
    await nextTurn()
  }
})

describe('the queue of the thread pool holds at most what two cores verify in 0.3 s', () => {
  it.each([
    ['of P-256 keys', { cost: 1, characters: 800 }, 2000],
    ['of P-384 keys', { cost: 8, characters: 800 }, 250],
    ['of P-521 keys', { cost: 24, characters: 800 }, 83],
    ['of the longest tokens', { cost: 1, characters: 8192 }, 256],
    ['of keys that take longer than 0.3 s', { cost: 12_800, characters: 800 }, 1],
  ])('%s: %j', (_, signature, most) => {
    const pace = new SignatureScheduler()
    for (let count = 0; count < most; count += 1) expect(pace.dispatch(signature)).toBeUndefined()
    expect(pace.dispatch(signature)).toMatchObject({ reason: 'issuer_overloaded', status: 503 })
    pace.recordCompleted(signature)
    expect(pace.dispatch(signature)).toBeUndefined()
    expect(pace.dispatch(signature)).toMatchObject({ reason: 'issuer_overloaded' })
  })
})
