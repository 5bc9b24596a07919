import { Suspension, type Clock } from '../util/clock.js'
import { ConfigurationError } from './configuration-error.js'
import { custom, type Reader } from './reader.js'
import { func } from './readers.js'

/**
 * Creates a clock from the system's clocks, or from one injected function that returns milliseconds since the epoch.
 *
 * @throws ConfigurationError here and at every reading if the function does not return a finite number.
 */
export function createClock(injected?: () => number): Clock {
  if (injected === undefined) return systemClock()
  const read = (): number => {
    const milliseconds: unknown = injected()
    // NaN is refused, because every comparison with it is false, so that no token would ever expire.
    if (typeof milliseconds === 'number' && Number.isFinite(milliseconds)) return milliseconds
    throw new ConfigurationError('clock', 'must return the time as a number of milliseconds since the epoch')
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

function systemClock(): Clock {
  const now = (): number => Date.now() / 1000
  const monotonic = (): number => performance.now() / 1000
  const suspension = new Suspension(monotonic(), now())
  return {
    now,
    elapsed(read = now()) {
      const seconds = monotonic()
      return seconds + suspension.seconds(seconds, read)
    },
  }
}

const milliseconds = func<() => number>()

/** Reads the `clock` option: the time in milliseconds since the epoch. */
export const clock: Reader<Clock> = custom({ type: '() => number', isOptional: true }, (option, value) =>
  createClock(value === undefined ? undefined : milliseconds.read(option, value)),
)

/** Reads the `clock` option where an absent clock has another default than the system's clocks. */
export const optionalClock: Reader<Clock | undefined> = custom(
  { type: '() => number', isOptional: true },
  (option, value) => (value === undefined ? undefined : createClock(milliseconds.read(option, value))),
)
