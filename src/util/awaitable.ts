/** A value, or a promise of it. */
export type Awaitable<T> = T | Promise<T>

/**
 * Continues with a value once its promise is fulfilled. Callers handle a value that is already there themselves:
 *
 * ```ts
 * return found instanceof Promise ? afterwards(found, this.#next, request) : this.#next(found, request)
 * ```
 *
 * so that a cached token needs no promise, and no step exists in a synchronous and an asynchronous version. The
 * arguments are passed on instead of being captured: a closure would make V8 allocate the captured variables on every
 * call, also when nothing is awaited.
 */
export async function afterwards<T, A extends readonly unknown[], R>(
  promise: Promise<T>,
  next: (value: T, ...args: A) => Awaitable<R>,
  ...args: A
): Promise<R> {
  return next(await promise, ...args)
}

/** Replaces the rejection of a promise by a result, as `try` and `catch` do for a value that is already there. */
export async function recovered<T, A extends readonly unknown[]>(
  promise: Promise<T>,
  onError: (error: unknown, ...args: A) => T,
  ...args: A
): Promise<T> {
  try {
    return await promise
  } catch (error) {
    return onError(error, ...args)
  }
}
