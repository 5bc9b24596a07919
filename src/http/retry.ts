import { waitFor } from '../util/abort.js'
import { timers } from '../util/timers.js'
import { Deadline } from './deadline.js'
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

/**
 * Makes an attempt, and retries it after a temporary failure while the deadline has not passed.
 *
 * @param attempt - called with the remaining seconds of the deadline.
 * @returns the outcome of the last attempt.
 * @throws The reason of `signal` if it is aborted during a pause, and every error that `attempt` throws.
 */
export async function retry<T>(
  { deadlineSeconds, retries, pauses, signal }: RetrySettings,
  attempt: (deadlineSeconds: number) => Promise<T>,
  isTemporary: (outcome: T) => boolean,
): Promise<T> {
  const deadline = new Deadline(deadlineSeconds)
  const [shortest, longest] = pauses
  for (let left = retries; ; left -= 1) {
    const outcome = await attempt(deadline.remaining())
    if (left === 0 || !isTemporary(outcome)) return outcome
    const pause = shortest + Math.random() * (longest - shortest)
    if (deadline.remaining() <= pause) return outcome
    // The signal also stops the timer. `waitFor` rejects with the signal's reason, which the timer's error would hide.
    await waitFor(timers.pause(pause, signal), signal)
  }
}

/** Whether a retry may help after a network error or a response. An unreadable response would be the same again. */
export function isTemporaryOutcome(outcome: HttpResponse | Error): boolean {
  if (outcome instanceof Error) return !(outcome instanceof UnreadableResponseError)
  return isTemporaryStatus(outcome.status) && !outcome.headers.has('retry-after')
}

/** Whether a status is that of a load balancer, which may route the next attempt to a healthy server. */
export function isTemporaryStatus(status: number): boolean {
  return status === 502 || status === 503 || status === 504
}
