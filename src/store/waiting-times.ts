import { backoff, jittered } from '../util/backoff.js'
import { timers } from '../util/timers.js'

/** Seconds between two readings while another process works, before jitter. */
const PAUSES = { first: 0.02, longest: 0.15 }
const JITTER = 0.25

/** Returns the pauses between the attempts of a caller that waits for another process, at most `maxWait` seconds in all. */
export function* waitingTimes(maxWait: number): Generator<number, void> {
  const end = timers.elapsed() + maxWait
  for (let attempts = 1; ; attempts += 1) {
    const left = end - timers.elapsed()
    if (left <= 0) return
    // Jitter, so that the waiting processes do not read at the same time.
    yield Math.min(left, backoff(attempts, PAUSES) * jittered(1, JITTER))
  }
}
