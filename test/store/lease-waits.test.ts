import { beforeEach, expect, it } from 'vitest'
import { LeaseWaits, MAX_FRUITLESS, WAIT_PAUSE } from '../../src/store/lease-waits.js'
import { passDeadlines } from '../support/setup/deadlines.js'

let waits: LeaseWaits
beforeEach(() => {
  waits = new LeaseWaits()
})

it('after a wait without a result, no caller waits for the same key for 30 s', () => {
  expect(waits.fail('a')).toBe(false)
  expect([waits.mayWait('a'), waits.mayWait('b')]).toEqual([false, true])
  passDeadlines(WAIT_PAUSE)
  expect(waits.mayWait('a')).toBe(true)
  waits.fail('a')
  waits.succeed('a')
  expect(waits.mayWait('a')).toBe(true)
})

it('after several waits without a result, no caller waits for any key, and then one at a time', () => {
  for (let index = 1; index < MAX_FRUITLESS; index += 1) expect(waits.fail(`key-${index}`)).toBe(false)
  expect(waits.mayWait('a')).toBe(true)
  // Reported once, although several waits may end at the same time.
  expect([waits.fail('b'), waits.fail('c')]).toEqual([true, false])
  expect(waits.mayWait('a')).toBe(false)
  passDeadlines(WAIT_PAUSE)
  expect([waits.mayWait('a'), waits.mayWait('d')]).toEqual([true, false])
  waits.fail('a')
  expect(waits.mayWait('d')).toBe(false)
  passDeadlines(WAIT_PAUSE)
  expect(waits.mayWait('d')).toBe(true)
  waits.succeed('d')
  expect([waits.mayWait('e'), waits.mayWait('f')]).toEqual([true, true])
})

it('results in between keep the waits going', () => {
  for (let index = 0; index < 10 * MAX_FRUITLESS; index += 1) {
    waits.fail(`key-${index}`)
    if (index % 2 === 1) waits.succeed('a')
  }
  expect(waits.mayWait('b')).toBe(true)
})
