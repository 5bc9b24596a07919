import { waitFor } from '../util/abort.js'
import { timers } from '../util/timers.js'
import { UnreadableResponseError } from './exchange-error.js'
import type { HttpResponse } from './transport/messages.js'

/** How often and how long one request is tried. */
export interface RetrySettings {
  /** Bounds all attempts and the pauses between them. */
  readonly deadlineSeconds: number
  /** Further attempts after a temporary failure. */
  readonly retries: number
  /** The shortest and the longest pause before a further attempt, in seconds; chosen at random between them. */
  readonly pauses: readonly [shortest: number, longest: number]
  /** Ends a pause. */
  readonly signal?: AbortSignal | undefined
}

/** A load balancer may route the next attempt to a healthy server. */
const TEMPORARY_STATUSES = [502, 503, 504]

/**
 * Makes an attempt, and further ones after a network error or a 502, 503 or 504 without `Retry-After`, while the
 * deadline allows. Returns the last outcome, whatever it is.
 *
 * @param attempt gets what is left of the deadline, in seconds.
 * @throws The reason of `signal`, if it is aborted in a pause, and whatever `attempt` throws.
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
    // The timer gets the signal so that it ends as well; its own error would hide the reason of the signal.
    await waitFor(timers.pause(pause, signal), signal)
  }
}

/** An unreadable response would come again. */
function isTemporary(outcome: HttpResponse | Error): boolean {
  if (outcome instanceof Error) return !(outcome instanceof UnreadableResponseError)
  return TEMPORARY_STATUSES.includes(outcome.status) && !outcome.headers.has('retry-after')
}
