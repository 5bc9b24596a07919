import { waitFor } from './abort.js'
import { timers } from './timers.js'

/**
 * Does work within a time. Whatever does not listen to its signal, such as a function of the user's, is left behind
 * when the time is up, or when `closing` is aborted.
 *
 * @throws What `late` makes, or the reason of `closing`.
 */
export async function within<T>(
  limit: { readonly seconds: number; readonly closing: AbortSignal; readonly late: () => Error },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { seconds, closing, late } = limit
  closing.throwIfAborted()
  const controller = new AbortController()
  const cancelTimer = timers.after(seconds, () => {
    controller.abort(late())
  })
  const close = (): void => {
    controller.abort(closing.reason)
  }
  closing.addEventListener('abort', close, { once: true })
  try {
    return await waitFor(work(controller.signal), controller.signal)
  } finally {
    cancelTimer()
    closing.removeEventListener('abort', close)
  }
}
