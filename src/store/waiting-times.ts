import { timers } from '../util/timers.js'

/** Seconds between two readings while another process works: doubled from the first to the last, with jitter. */
const SHORTEST = 0.02
const LONGEST = 0.15

/** Returns the pauses between the attempts of a caller that waits for another process, at most `maxWait` seconds in all. */
export function* waitingTimes(maxWait: number): Generator<number, void> {
  const end = timers.elapsed() + maxWait
  for (let pause = SHORTEST; ; pause = Math.min(LONGEST, 2 * pause)) {
    const left = end - timers.elapsed()
    if (left <= 0) return
    // Jitter, so that the waiting processes do not read at the same time.
    yield Math.min(left, pause * (0.75 + Math.random() / 2))
  }
}
