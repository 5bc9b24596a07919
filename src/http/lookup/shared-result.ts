interface Waiter<T> {
  readonly resolve: (value: T) => void
  readonly reject: (error: Error) => void
}

/** A result that many callers wait for. A caller that gives up leaves nothing behind, unlike with a shared promise. */
export class SharedResult<T> {
  readonly #waiters = new Set<Waiter<T>>()

  get waiting(): number {
    return this.#waiters.size
  }

  /** @throws The reason of `signal`, once it is aborted. */
  wait(signal: AbortSignal): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const abort = (): void => {
        this.#waiters.delete(waiter)
        reject(signal.reason as Error)
      }
      const stop = (): void => {
        signal.removeEventListener('abort', abort)
      }
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
      signal.addEventListener('abort', abort, { once: true })
    })
  }

  /** Gives the value to everyone who waits now. */
  resolve(value: T): void {
    for (const waiter of this.#take()) waiter.resolve(value)
  }

  /** Gives the error to everyone who waits now. */
  reject(error: Error): void {
    for (const waiter of this.#take()) waiter.reject(error)
  }

  #take(): readonly Waiter<T>[] {
    const waiters = [...this.#waiters]
    this.#waiters.clear()
    return waiters
  }
}
