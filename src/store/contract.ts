/** A value of a {@link SharedStore}. */
export interface StoredValue {
  /** The value as it was stored. */
  readonly value: string
  /** Milliseconds until the store drops the value, by the clock of the store; `undefined` if it never does. */
  readonly millisecondsLeft: number | undefined
}

/**
 * Key-value store that the processes of a service share, such as Redis. It gets sealed values only: neither keys nor values
 * contain a token, and a value that was changed or moved to another key is noticed.
 *
 * A store must promise: `add` is atomic among all processes; a value is gone once its milliseconds are over; a value that
 * was stored is read by every process, except after a failure of the store. It need not be durable. A store that breaks
 * these promises causes more calls to issuers, and no wrong decision. Each operation rejects if it fails. It need not limit
 * its time, because its caller stops waiting.
 *
 * Operations that are called one after the other without waiting must be executed in that order, for the same key.
 */
export interface SharedStore {
  /** Reads a value; `undefined` if the key has none. `millisecondsLeft` must not be later than the time when the value is read. */
  readonly get: (key: string) => Promise<StoredValue | undefined>
  /** Stores a value for a number of milliseconds, at least 1, in place of any earlier one. */
  readonly set: (key: string, value: string, milliseconds: number) => Promise<void>
  /** Stores a value like {@link SharedStore.set} if the key has none. Returns whether it was stored. */
  readonly add: (key: string, value: string, milliseconds: number) => Promise<boolean>
  /** Deletes a key, if it exists. */
  readonly delete: (key: string) => Promise<void>
  /** Deletes a key if it has exactly this value, in one atomic step. */
  readonly deleteIf: (key: string, value: string) => Promise<void>
}
