import { timers } from './timers.js'

/** Waits for a shared promise. An aborted signal rejects only this caller; the work continues for the others. */
export function waitFor<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the reason of an aborted signal may be any value
      reject(signal.reason)
    }
    if (signal.aborted) {
      work.catch(() => undefined)
      abort()
      return
    }
    signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', abort)
    })
  })
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
export async function within<T>(
  limit: { readonly seconds: number; readonly signal: AbortSignal | undefined; readonly late: () => Error },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { seconds, signal, late } = limit
  signal?.throwIfAborted()
  const controller = new AbortController()
  const cancelTimer = timers.after(seconds, () => {
    controller.abort(late())
  })
  const abort = (): void => {
    controller.abort(signal?.reason)
  }
  signal?.addEventListener('abort', abort, { once: true })
  try {
    return await waitFor(work(controller.signal), controller.signal)
  } finally {
    cancelTimer()
    signal?.removeEventListener('abort', abort)
  }
}
