import { setTimeout as pause } from 'node:timers/promises'
import { Suspension } from './clock.js'

/**
 * Timers of every deadline and of every backoff. They never use an injected clock, because an injected clock may stop,
 * and a request must end nevertheless. Tests replace these methods.
 */
export const timers = {
  /**
   * Returns the seconds elapsed since a fixed moment. It never decreases. For deadlines: as with the timers below, time
   * for which the machine was suspended does not count.
   */
  elapsed(): number {
    return performance.now() / 1000
  },

  /**
   * Calls back after a number of seconds, unless the returned function is called first. Never keeps the process
   * alive.
   */
  after(seconds: number, callback: () => void): () => void {
    const timer = setTimeout(callback, Math.ceil(seconds * 1000)).unref()
    return () => {
      clearTimeout(timer)
    }
  },

  /**
   * Keeps the process alive until the returned function is called: for a caller that waits for work whose timers and
   * connections do not.
   */
  keepAlive(): () => void {
    const timer = setInterval(() => undefined, 2 ** 30)
    return () => {
      clearInterval(timer)
    }
  },

  /** Waits between two attempts. Keeps the process alive, because no open connection may do so between requests. */
  pause(seconds: number, signal?: AbortSignal): Promise<void> {
    return pause(seconds * 1000, undefined, { signal })
  },
}

const suspension = new Suspension(performance.now() / 1000, Date.now() / 1000)

/** Returns the seconds elapsed since a fixed moment, including suspensions: for caches that have no `Clock`. */
export function elapsedLifetime(): number {
  return timers.elapsed() + suspension.seconds(performance.now() / 1000, Date.now() / 1000)
}
