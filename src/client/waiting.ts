/** Waits for shared work, or gives up alone as soon as the signal is aborted: the work goes on for the others. */
export function waitFor<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  return new Promise<T>((resolve, reject) => {
    const giveUp = (): void => {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the caller's own reason
      reject(signal.reason)
    }
    if (signal.aborted) {
      work.catch(() => undefined)
      giveUp()
      return
    }
    signal.addEventListener('abort', giveUp, { once: true })
    work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', giveUp)
    })
  })
}

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
