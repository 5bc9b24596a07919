import { observe } from './observe.js'

interface Entry<F> {
  /** `undefined` once the observer was removed. */
  observer: F | undefined
}

/** Observers of one kind of event. Observers may be added and removed while an event is delivered. */
export class ObserverList<E> {
  #entries: readonly Entry<(event: E) => unknown>[] = []

  get isEmpty(): boolean {
    return this.#entries.length === 0
  }

  /** Adds an observer. Returns a function that removes it, which may be called repeatedly. */
  add(observer: (event: E) => unknown): () => void {
    const entry: Entry<(event: E) => unknown> = { observer }
    // A new list each time, so that an event in delivery is not affected.
    this.#entries = [...this.#entries, entry]
    return () => {
      entry.observer = undefined
      this.#entries = this.#entries.filter((other) => other !== entry)
    }
  }

  /** Calls each observer with the event, in the order in which they were added. */
  notify(event: E): void {
    for (const { observer } of this.#entries) if (observer !== undefined) observe(observer, () => event)
  }
}
