import { timers } from './timers.js'

/** Waits for shared work. An aborted signal rejects only this caller: the work goes on for the others. */
export function waitFor<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the owner of the signal gets back the reason they gave, whatever it is
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
 * Does work within a time limit. Work that ignores its signal, such as a custom function, is left behind when the time
 * is up, or when the caller's `signal` is aborted. The timer and the listener end with the work: those of
 * `AbortSignal.timeout` and `AbortSignal.any` would stay until their time, thousands at once under load.
 *
 * @throws The error that `late` creates, or the reason of `signal`.
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
