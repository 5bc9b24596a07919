import { Suspension, type Clock } from '../util/clock.js'
import { ConfigurationError } from './configuration-error.js'
import { custom, type Reader } from './reader.js'
import { func } from './readers.js'

/**
 * The system's clocks, or both of them driven by one injected function (milliseconds since the epoch).
 *
 * @throws ConfigurationError, here and whenever it is read, if the function gives no finite number.
 */
export function createClock(injected?: () => number): Clock {
  if (injected === undefined) return systemClock()
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
