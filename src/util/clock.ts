import { ConfigurationError } from '../options/read-options.js'

/**
 * The two clocks a guard needs. What a token says about itself (`exp`, `iat`) is compared with the time
 * of day; what we decide ourselves (lifetimes of remembered answers, pauses) runs on elapsed time, so
 * that a time of day that jumps back prolongs nothing.
 */
export interface Clock {
  /** The time of day, in seconds since the epoch, with fractions. */
  now(): number
  /** Seconds elapsed since some fixed moment; never runs backwards. */
  elapsed(): number
}

/**
 * The system's clocks, or both of them driven by one injected function (milliseconds since the epoch).
 *
 * @throws ConfigurationError, here and whenever it is read, if the function gives no finite number.
 */
export function createClock(injected?: () => number): Clock {
  if (injected === undefined) {
    return { now: () => Date.now() / 1000, elapsed: () => performance.now() / 1000 }
  }
  const read = (): number => {
    const milliseconds: unknown = injected()
    // Compared with NaN, nothing is ever too old.
    if (typeof milliseconds === 'number' && Number.isFinite(milliseconds)) return milliseconds
    throw new ConfigurationError('clock', 'must give the time, in milliseconds since the epoch')
  }
  let last = read()
  let elapsed = 0
  return {
    now: () => read() / 1000,
    elapsed: () => {
      const current = read()
      if (current > last) elapsed += current - last
      last = current
      return elapsed / 1000
    },
  }
}
