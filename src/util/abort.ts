import { defaultMaxListeners, getMaxListeners, setMaxListeners } from 'node:events'
import { timers } from './timers.js'

/**
 * Calls `abort` when the signal is aborted. Many calls may wait with one signal, such as that of a shutdown, and each listener is
 * removed when its call ends. So Node must not warn of more than 10, unless the application has set a limit itself.
 *
 * @returns a function that removes the listener.
 */
export function onAbort(signal: AbortSignal, abort: () => void): () => void {
  try {
    if (getMaxListeners(signal) === defaultMaxListeners) setMaxListeners(0, signal)
  } catch {
    // A signal that is not an EventTarget of Node, which has no limit.
  }
  signal.addEventListener('abort', abort, { once: true })
  return () => {
    signal.removeEventListener('abort', abort)
  }
}

/** Waits for a shared promise. An aborted signal rejects only this caller; the work continues for the others. */
export function waitFor<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => {
      // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- the reason of an aborted signal may be any value
      reject(signal.reason)
    }
    if (signal.aborted) {
      work.catch(() => undefined)
      abort()
      return
    }
    const stop = onAbort(signal, abort)
    work.then(resolve, reject).finally(stop)
  })
}

/** Limits of {@link within}. */
export interface TimeLimit {
  readonly seconds: number
  readonly signal?: AbortSignal | undefined
  /** Creates the error when the limit passes. */
  readonly late: () => Error
  /**
   * Starts the timer, and returns a function that cancels it.
   *
   * @defaultValue `timers.after`
   */
  readonly startTimer?: (seconds: number, expire: () => void) => () => void
}

/**
 * Runs work within a time limit. If the limit passes or `signal` is aborted, the result of the work is ignored, because
 * a custom function may not react to its signal.
 *
 * The timer and the listener are removed when the work ends. Those of `AbortSignal.timeout` and `AbortSignal.any` stay
 * until the timeout, which are thousands under load.
 *
 * @throws the error that `late` creates, or the reason of `signal`.
 */
export async function within<T>(limit: TimeLimit, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { seconds, signal, late, startTimer } = limit
  signal?.throwIfAborted()
  const controller = new AbortController()
  const expire = (): void => {
    controller.abort(late())
  }
  const cancelTimer = startTimer === undefined ? timers.after(seconds, expire) : startTimer(seconds, expire)
  const stop =
    signal &&
    onAbort(signal, () => {
      controller.abort(signal.reason)
    })
  try {
    return await waitFor(work(controller.signal), controller.signal)
  } finally {
    cancelTimer()
    stop?.()
  }
}
