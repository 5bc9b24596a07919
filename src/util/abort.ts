/** Waits for shared work, or gives up alone as soon as the signal is aborted: the work goes on for the others. */
export function waitFor<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  return new Promise<T>((resolve, reject) => {
    const giveUp = (): void => {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the reason is whatever the owner of the signal gave, and goes back to them as it is
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
