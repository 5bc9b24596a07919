/** How pauses between failed attempts grow, in seconds. */
export interface Backoff {
  /** The pause after the first failure. Each further failure doubles it. */
  readonly first: number
  /** The longest pause. */
  readonly longest: number
}

const JITTER = 0.1

/** The pause after so many failures in a row, without jitter. */
export function backoff(failures: number, { first, longest }: Backoff): number {
  // Bounded, because `2 ** failures` becomes infinite, and 0 times infinity is not a number.
  return Math.min(longest, first * 2 ** Math.min(failures - 1, 30))
}

/**
 * The pause after so many failures in a row, with jitter. It only shortens the pause, so that the documented longest
 * pause is an upper bound. A longer `Retry-After` of the server is obeyed, up to `longestRetryAfter`.
 */
export function backoffWithJitter(
  failures: number,
  settings: Backoff & { readonly retryAfter: number | undefined; readonly longestRetryAfter: number },
): number {
  const { retryAfter = 0, longestRetryAfter } = settings
  const pause = backoff(failures, settings) * (1 - Math.random() * JITTER)
  return Math.max(pause, Math.min(retryAfter, longestRetryAfter))
}
