import { onAbort } from '../../util/abort.js'

interface Waiter<T> {
  readonly resolve: (value: T) => void
  readonly reject: (error: Error) => void
}

/**
 * Result that many callers wait for. An aborted caller is removed, whereas a shared promise keeps the reactions of all
 * callers until it settles.
 */
export class SharedResult<T> {
  readonly #waiters = new Set<Waiter<T>>()

  /** Number of waiting callers. */
  get waiting(): number {
    return this.#waiters.size
  }

  /**
   * Waits for the result.
   *
   * @throws The reason of `signal` if it is aborted.
   */
  wait(signal: AbortSignal): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const stop = onAbort(signal, () => {
        this.#waiters.delete(waiter)
        reject(signal.reason as Error)
      })
      const waiter: Waiter<T> = {
        resolve: (value) => {
          stop()
          resolve(value)
        },
        reject: (error) => {
          stop()
          reject(error)
        },
      }
      this.#waiters.add(waiter)
    })
  }

  /** Resolves all waiting callers with the value. */
  resolve(value: T): void {
    for (const waiter of this.#take()) waiter.resolve(value)
  }

  /** Rejects all waiting callers with the error. */
  reject(error: Error): void {
    for (const waiter of this.#take()) waiter.reject(error)
  }

  #take(): readonly Waiter<T>[] {
    const waiters = [...this.#waiters]
    this.#waiters.clear()
    return waiters
  }
}
