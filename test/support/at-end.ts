/** Registers a cleanup: Vitest's `onTestFinished`, or the end of all tests that share a bed. */
export type AtEnd = (cleanup: () => void | Promise<void>) => void

/** Runs work outside of Vitest, and then its cleanups, the last one first. */
export async function withCleanups<T>(work: (atEnd: AtEnd) => Promise<T>): Promise<T> {
  const cleanups: (() => void | Promise<void>)[] = []
  try {
    return await work((cleanup) => void cleanups.unshift(cleanup))
  } finally {
    for (const cleanup of cleanups) await cleanup()
  }
}
