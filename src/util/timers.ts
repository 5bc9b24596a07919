import { setTimeout as pause } from 'node:timers/promises'
import { Suspension } from './clock.js'

/**
 * The timers of every deadline and every pause between attempts. They run on elapsed time, never on an injected clock:
 * an injected clock may stand still, and a request must end all the same. Tests replace these methods.
 */
export const timers = {
  /**
   * Seconds elapsed since some fixed moment; never runs backwards. For deadlines: as with the timers below, the time in
   * which the machine was suspended does not count.
   */
  elapsed(): number {
    return performance.now() / 1000
  },

  /** Calls back after so many seconds, unless the returned function is called before. Never keeps the process alive. */
  after(seconds: number, callback: () => void): () => void {
    const timer = setTimeout(callback, Math.ceil(seconds * 1000)).unref()
    return () => {
      clearTimeout(timer)
    }
  },

  /** Waits between two attempts. Keeps the process alive: nothing else may, while no request is in flight. */
  pause(seconds: number, signal?: AbortSignal): Promise<void> {
    return pause(seconds * 1000, undefined, { signal })
  },
}

const suspension = new Suspension(performance.now() / 1000, Date.now() / 1000)

/** Seconds elapsed since some fixed moment, suspensions included: for the lifetime of what is kept without a `Clock`. */
export function elapsedLifetime(): number {
  return timers.elapsed() + suspension.seconds(performance.now() / 1000, Date.now() / 1000)
}
