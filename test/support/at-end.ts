/** Registers a cleanup: Vitest's `onTestFinished`, or the end of all tests that share a bed. */
export type AtEnd = (cleanup: () => void | Promise<void>) => void
