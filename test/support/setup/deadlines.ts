import type { TestIssuer } from '../../../src/testing/index.js'
import { timers } from '../../../src/util/timers.js'
import { nextTurn } from '../until.js'

interface Timer {
  /** Microseconds. */
  readonly due: number
  readonly callback: () => void
}

const pending = new Set<Timer>()
/** Microseconds, which are added without rounding errors: a test file does not begin at 0, because files share a process. */
let passed = 0
const MICROSECONDS = 1e6
const inMicroseconds = (seconds: number): number => Math.round(seconds * MICROSECONDS)

/**
 * From now on the deadlines of the library pass when a test says so, and never because the machine is slow. A pause
 * between two attempts ends in the next turn of the event loop, and no time passes.
 *
 * @param replaced - the timers of a build of the library. By default, those of the sources.
 */
export function controlDeadlines(replaced: typeof timers = timers): void {
  const controlled: typeof timers = {
    elapsed: () => passed / MICROSECONDS,
    after(delay, callback) {
      const timer = { due: passed + inMicroseconds(delay), callback }
      pending.add(timer)
      return () => {
        pending.delete(timer)
      }
    },
    keepAlive: () => () => undefined,
    async pause(_, signal) {
      await nextTurn()
      signal?.throwIfAborted()
    },
  }
  Object.assign(replaced, controlled)
}

/** Drops all deadlines. They never pass. */
export function dropDeadlines(): void {
  pending.clear()
}

/** Lets seconds pass for deadlines, in one step: those that are over end their requests. */
export function passDeadlines(by: number): void {
  passed += inMicroseconds(by)
  for (const timer of [...pending]) {
    if (timer.due > passed || !pending.delete(timer)) continue
    timer.callback()
  }
}

/** Lets every deadline pass that runs now. None is longer than a minute. */
export function expireDeadlines(): void {
  passDeadlines(60)
}

/** How many seconds are left of each deadline that runs now. */
export function runningDeadlines(): readonly number[] {
  return [...pending].map(({ due }) => (due - passed) / MICROSECONDS)
}

/** Waits for work whose calls an issuer never responds to: when a call has arrived, every deadline passes. */
export async function withoutAnswer<T>(
  issuer: TestIssuer,
  endpoint: keyof TestIssuer['calls'],
  work: PromiseLike<T>,
): Promise<T> {
  let isSettled = false
  const settled = (): void => {
    isSettled = true
  }
  work.then(settled, settled)
  for (let seen = issuer.calls[endpoint]; !isSettled; await nextTurn()) {
    if (issuer.calls[endpoint] === seen) continue
    seen = issuer.calls[endpoint]
    expireDeadlines()
  }
  return work
}
