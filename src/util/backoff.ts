/** Bounds of an exponential backoff, in seconds. */
export interface Backoff {
  /** Backoff after the first failure. Each further failure doubles it. */
  readonly first: number
  /** Maximum backoff. */
  readonly longest: number
}

const JITTER = 0.1

/** Returns a random value from `value - by` to `value + by`, so that many processes do not act at the same time. */
export function jittered(value: number, by: number): number {
  return value + (Math.random() * 2 - 1) * by
}

/** Returns the backoff after a number of consecutive failures, without jitter. */
export function backoff(failures: number, { first, longest }: Backoff): number {
  // The exponent is bounded, because `2 ** failures` becomes infinite, and 0 times infinity is NaN.
  return Math.min(longest, first * 2 ** Math.min(failures - 1, 30))
}

/**
 * Returns the backoff after a number of consecutive failures, with jitter. Jitter only shortens it, so that the
 * documented maximum is an upper bound. A longer `Retry-After` of the server is obeyed, up to `longestRetryAfter`.
 */
export function backoffWithJitter(
  failures: number,
  settings: Backoff & { readonly retryAfter: number | undefined; readonly longestRetryAfter: number },
): number {
  const { retryAfter = 0, longestRetryAfter } = settings
  const pause = backoff(failures, settings) * (1 - Math.random() * JITTER)
  return Math.max(pause, Math.min(retryAfter, longestRetryAfter))
}
