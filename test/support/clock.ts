import { vi } from 'vitest'
import type { AtEnd } from './at-end.js'

/** A whole second, so that the times in minted tokens are exact. In milliseconds since the epoch. */
export const START = Date.UTC(2026, 10, 21, 8)

/** {@link START} in seconds, the unit of claims. */
export const NOW = START / 1000

/** A clock that moves only when a test calls `pass`. */
export interface TestClock {
  /** Milliseconds since the epoch: the `clock` option of verifiers and test issuers. */
  readonly read: () => number
  /** Seconds since the epoch, the unit of claims. */
  readonly now: () => number
  readonly pass: (seconds: number) => void
}

/** A clock that starts at {@link START}. */
export function manualClock(): TestClock {
  let milliseconds = START
  return {
    read: () => milliseconds,
    now: () => milliseconds / 1000,
    pass(seconds) {
      milliseconds += Math.round(seconds * 1000)
    },
  }
}

/** The real time, for code that takes no clock. It cannot be moved. */
export const systemClock: TestClock = {
  read: () => Date.now(),
  now: () => Date.now() / 1000,
  pass() {
    throw new Error('the system clock cannot be moved')
  },
}

/** Sets `Date` to {@link START} and stops it, because the vendors' own clients take no clock. */
export function dateClock(atEnd: AtEnd): TestClock {
  vi.useFakeTimers({ toFake: ['Date'], now: START })
  atEnd(() => {
    vi.useRealTimers()
  })
  return {
    read: () => Date.now(),
    now: () => Date.now() / 1000,
    pass(seconds) {
      vi.setSystemTime(Date.now() + seconds * 1000)
    },
  }
}
