import { onTestFinished, vi } from 'vitest'

/** Both clocks of the system, which a test sets. */
export interface SystemClocks {
  /** Advances both clocks. */
  readonly pass: (seconds: number) => void
  /** Suspends the machine or sets the wall clock: the monotonic clock does not advance. */
  readonly suspend: (seconds: number) => void
  /** Number of readings of both clocks. */
  readonly reads: () => number
}

/** Stops both clocks of the system until the test ends. */
export function systemClocks(): SystemClocks {
  const start = { monotonic: performance.now(), now: Date.now() }
  const added = { monotonic: 0, now: 0 }
  const spies = [
    vi.spyOn(performance, 'now').mockImplementation(() => start.monotonic + added.monotonic * 1000),
    vi.spyOn(Date, 'now').mockImplementation(() => start.now + added.now * 1000),
  ]
  onTestFinished(() => {
    for (const spy of spies) spy.mockRestore()
  })
  return {
    pass(seconds) {
      added.monotonic += seconds
      added.now += seconds
    },
    suspend(seconds) {
      added.now += seconds
    },
    reads: () => spies.reduce((sum, { mock }) => sum + mock.calls.length, 0),
  }
}
