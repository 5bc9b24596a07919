/** A value that is there, or will be. */
export type Awaitable<T> = T | Promise<T>

/**
 * Goes on with a value: at once where it is there, later where it has to be awaited. Nothing about a
 * remembered token has to be awaited, and a promise costs as much as the rest of its way.
 */
export function andThen<T, U>(value: Awaitable<T>, next: (value: T) => Awaitable<U>): Awaitable<U> {
  return value instanceof Promise ? value.then(next) : next(value)
}
