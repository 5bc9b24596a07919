/**
 * Calls an observer and ignores its errors and rejected promises, and errors of `createEvent`. Otherwise a bug in an
 * observer could end the process or change the decision on a request.
 */
export function observe<E>(observer: (event: E) => unknown, createEvent: () => E): void {
  try {
    const outcome = observer(createEvent())
    if (outcome instanceof Promise) outcome.catch(() => undefined)
  } catch {
    // Ignored: see above.
  }
}
