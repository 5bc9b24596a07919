import type { Entry } from './entry.js'

/** State of a log: its last change. */
export interface LogHead {
  /** Identifies the log since it was last empty. */
  readonly epoch: string
  /** Number of the last change. */
  readonly n: number
  /** Random tag of the last change. Another history of the same log has another tag at the same number. */
  readonly tag: string
}

/** A change in the log. */
export interface LogRecord {
  readonly n: number
  readonly tag: string
  /** `undefined` if it cannot be read, such as one of another version. */
  readonly entry: Entry | undefined
}

/** Where a page of a snapshot begins. Its strings have a meaning for the log only. */
export type SnapshotPosition = readonly string[]

/** Part of a snapshot, in the order of the last changes. */
export interface SnapshotPage {
  readonly entries: readonly (Entry | undefined)[]
  /** Where the next page begins; `undefined` after the last one. */
  readonly next: SnapshotPosition | undefined
}

/**
 * A set of entries with a numbered log of its changes, shared by several processes. It may lose changes, such as in a
 * failover, and it may be emptied.
 */
export interface RevocationLog {
  /**
   * Adds entries. Those that are present change nothing.
   *
   * @param now - wall-clock time, in seconds since the epoch.
   * @returns the last change, at or after those of the entries.
   */
  append(entries: readonly Entry[], now: number): Promise<LogHead>
  /**
   * Waits briefly until replicas have confirmed what was appended.
   *
   * @param head - what appending has returned. A server that took over and lacks this change confirms nothing.
   * @returns the number of replicas.
   */
  confirm(head: LogHead): Promise<number>
  /**
   * Returns the last change; `undefined` for an empty log. `isDamaged` means that the set has lost entries, although its last
   * change is known.
   */
  head(): Promise<(LogHead & { readonly isDamaged: boolean }) | undefined>
  /** Returns changes from a number on, including that one. Old ones may be missing. */
  since(n: number): Promise<readonly LogRecord[]>
  /**
   * Returns a page of all entries.
   *
   * @param position - `next` of the page before; absent for the first one.
   */
  snapshot(position?: SnapshotPosition): Promise<SnapshotPage>
  /** Rejects if entries cannot be added. Changes nothing. */
  probe(): Promise<void>
}
