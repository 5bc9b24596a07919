import { waitFor } from '../util/abort.js'
import { timers } from '../util/timers.js'
import { UnreadableResponseError } from './exchange-error.js'
import type { HttpResponse } from './transport/messages.js'

/** Limits of the attempts for one request. */
export interface RetrySettings {
  /** Maximum seconds of all attempts and the pauses between them. */
  readonly deadlineSeconds: number
  /** Maximum number of further attempts after a temporary failure. */
  readonly retries: number
  /** Minimum and maximum seconds before a further attempt. The pause is a random value between them. */
  readonly pauses: readonly [shortest: number, longest: number]
  /** Aborts a pause. */
  readonly signal?: AbortSignal | undefined
}

/** A load balancer may route the next attempt to a healthy server. */
const TEMPORARY_STATUSES = [502, 503, 504]

/**
 * Makes an attempt, and retries it after a network error or a 502, 503 or 504 without `Retry-After` while the deadline
 * has not passed.
 *
 * @param attempt - called with the remaining seconds of the deadline.
 * @returns the outcome of the last attempt.
 * @throws The reason of `signal` if it is aborted during a pause, and every error that `attempt` throws.
 */
export async function retry<T extends HttpResponse | Error>(
  { deadlineSeconds, retries, pauses, signal }: RetrySettings,
  attempt: (deadlineSeconds: number) => Promise<T>,
): Promise<T> {
  const started = timers.elapsed()
  const [shortest, longest] = pauses
  for (let left = retries, remaining = deadlineSeconds; ; left -= 1) {
    const outcome = await attempt(remaining)
    if (left === 0 || !isTemporary(outcome)) return outcome
    const pause = shortest + Math.random() * (longest - shortest)
    remaining = deadlineSeconds - (timers.elapsed() - started + pause)
    if (remaining <= 0) return outcome
    // The signal also stops the timer. `waitFor` rejects with the signal's reason, which the timer's error would hide.
    await waitFor(timers.pause(pause, signal), signal)
  }
}

/** Whether a retry may help. An unreadable response would be the same again. */
function isTemporary(outcome: HttpResponse | Error): boolean {
  if (outcome instanceof Error) return !(outcome instanceof UnreadableResponseError)
  return TEMPORARY_STATUSES.includes(outcome.status) && !outcome.headers.has('retry-after')
}
