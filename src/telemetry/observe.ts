/**
 * Calls an observer. What it returns or throws changes nothing, nor does an error in `createEvent`: a promise that
 * rejects must not end the process, and a bug in an observer must not decide about a request.
 */
export function observe<E>(observer: (event: E) => unknown, createEvent: () => E): void {
  try {
    const outcome = observer(createEvent())
    if (outcome instanceof Promise) outcome.catch(() => undefined)
  } catch {
    // Errors thrown by an observer are ignored.
  }
}
