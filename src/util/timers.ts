import { setTimeout as pause } from 'node:timers/promises'

/**
 * The timers of every deadline and every pause between attempts. They run on elapsed time, never on an injected clock:
 * an injected clock may stand still, and a request must end all the same. Tests replace these methods.
 */
export const timers = {
  /** Seconds elapsed since some fixed moment; never runs backwards. */
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
