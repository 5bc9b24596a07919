import { timers } from '../util/timers.js'

/** Seconds by which the timer is set earlier, because timers may be late by a millisecond and the deadline is a maximum. */
const TIMER_INACCURACY = 0.001

/** Part of a deadline by which its timer must be late for the deadline to start again. */
const LATE = 0.5

/** Number of times that a deadline starts again, so that an event loop that is always late does not wait forever. */
const MOST_RESTARTS = 4

/**
 * Calls back when a deadline for a response has passed, unless the returned function is called first. It measures who
 * responds, and not a process that is busy itself:
 *
 * - It starts when the current turn of the event loop has ended, because a client sends what it was given in that turn.
 * - If its timer is late, this process could not run. The deadline then starts again.
 * - A response that has arrived counts, because it is read in the turn in which the timer fires.
 */
export function afterResponseDeadline(seconds: number, callback: () => void): () => void {
  const wait = Math.max(TIMER_INACCURACY, seconds - TIMER_INACCURACY)
  let cancelTimer = (): void => undefined
  const start = (restarts: number): void => {
    const due = timers.elapsed() + wait
    cancelTimer = timers.after(wait, () => {
      const isLate = timers.elapsed() - due >= seconds * LATE
      if (isLate && restarts > 0) start(restarts - 1)
      else setImmediate(callback)
    })
  }
  const starting = setImmediate(start, MOST_RESTARTS)
  return () => {
    clearImmediate(starting)
    cancelTimer()
  }
}
