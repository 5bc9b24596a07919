import { waitFor } from './abort.js'

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
  const timer = setTimeout(
    () => {
      controller.abort(late())
    },
    Math.ceil(seconds * 1000),
  )
  // Nothing of ours keeps the process alive.
  timer.unref()
  const close = (): void => {
    controller.abort(closing.reason)
  }
  closing.addEventListener('abort', close, { once: true })
  try {
    return await waitFor(work(controller.signal), controller.signal)
  } finally {
    clearTimeout(timer)
    closing.removeEventListener('abort', close)
  }
}
