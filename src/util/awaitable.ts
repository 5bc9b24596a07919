/** A value, or a promise of it. */
export type Awaitable<T> = T | Promise<T>

/**
 * Calls a function with the value of a promise. Callers handle a synchronous value themselves:
 *
 * ```ts
 * return found instanceof Promise ? afterwards(found, this.#next, request) : this.#next(found, request)
 * ```
 *
 * Therefore a cached token needs no promise, and no step has both a synchronous and an asynchronous version. The
 * arguments are passed instead of captured, because a closure makes V8 allocate the captured variables on every call,
 * even if nothing is awaited.
 */
export async function afterwards<T, A extends readonly unknown[], R>(
  promise: Promise<T>,
  next: (value: T, ...args: A) => Awaitable<R>,
  ...args: A
): Promise<R> {
  return next(await promise, ...args)
}

/** Replaces the rejection of a promise by a result, as `try` and `catch` do for synchronous code. */
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
