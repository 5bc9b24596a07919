import { hasExpired, keyOf, type Entry } from './entry.js'
import type { LocalRevocations } from './local-revocations.js'
import type { LogHead, LogRecord, RevocationLog, SnapshotPosition } from './log.js'
import { messageOf } from './store-failure.js'

type Head = Awaited<ReturnType<RevocationLog['head']>>

/** Maximum attempts of one reading to reach the last change. */
const MAX_ATTEMPTS = 5

/** Maximum number of own changes that are compared with what is read. */
const MAX_EXPECTED = 1000

/** Number of readings after which it is found out again whether a log can be written that could not. */
const READINGS_PER_PROBE = 10

/**
 * Keeps the revocations of this process and a log equal: reads its changes, and writes back what the log has lost. Because
 * sets only grow, any process that knows an entry can repair the log, whatever was lost.
 */
export class LogReader {
  readonly #log: RevocationLog
  readonly #local: LocalRevocations
  /** The last change that was read; `undefined` before the first reading and for an empty log. */
  #cursor: LogHead | undefined
  /** Own changes that were acknowledged and not yet read. */
  #expected: LogHead[] = []
  /** How often there were too many own changes to compare, so that the whole set must be compared. */
  #overflows = 0
  /** How many of these times are followed by a reading of the whole set. */
  #coveredOverflows = 0
  /** Keys of the entries that are being written, with the number of their writings. */
  readonly #inFlight = new Map<string, number>()
  /** Entries that could not be written. */
  readonly #unsent = new Map<string, Entry>()
  #writeFailure: unknown
  /** The error of finding out whether the log can be written. */
  #probeFailure: unknown
  #isWritable = false
  #readings = 0
  /** Number of entries that could not be read and were reported. */
  #skipped = 0

  constructor(log: RevocationLog, local: LocalRevocations) {
    this.#log = log
    this.#local = local
  }

  /** Why entries are not written, or could not be. */
  get writeFailure(): unknown {
    return this.#unsent.size === 0 ? this.#probeFailure : this.#writeFailure
  }

  /**
   * Reads everything that was appended before the call. After the first reading it is known whether the log can be written.
   *
   * @param onProgress - called after each response, because reading a large set takes many of them.
   */
  async read(onProgress: () => void = () => undefined): Promise<void> {
    await this.#readAll(onProgress)
    if (!this.#isWritable && this.#readings % READINGS_PER_PROBE === 0) await this.#probe()
    this.#readings += 1
  }

  async #readAll(onProgress: () => void): Promise<void> {
    // Further ones are for the next reading, as all that happens meanwhile.
    const overflows = this.#overflows
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      // Read first, because a change of this process may be acknowledged while the head is on its way.
      const expected = [...this.#expected]
      const head = await this.#log.head()
      onProgress()
      // Changes that are appended meanwhile are for the next reading. Otherwise a steady stream of them would let none succeed.
      const isComparable = this.#coveredOverflows >= overflows
      if (isComparable && (this.#isCurrent(head, expected) || (await this.#follow(head, expected)))) {
        if (this.#unsent.size === 0) return
        if ((await this.#write([...this.#unsent.values()])) === undefined) return
      } else if (!(await this.#synchronize(head, onProgress))) return
    }
    throw new Error('the store keeps changing')
  }

  /**
   * Writes entries.
   *
   * @returns the number of replicas that have confirmed them.
   */
  async append(entries: readonly Entry[]): Promise<number> {
    const head = await this.#write(entries)
    if (head === undefined) throw this.#writeFailure
    try {
      return await this.#log.confirm(head)
    } catch {
      // The entries are stored. How durable they are is unknown.
      return 0
    }
  }

  /** Whether the last change was read, and all own changes are part of the log. */
  #isCurrent(head: Head, expected: readonly LogHead[]): boolean {
    const cursor = this.#cursor
    if (head === undefined) return cursor === undefined && expected.length === 0 && this.#local.set.size === 0
    if (cursor === undefined || head.isDamaged) return false
    const isSame = head.epoch === cursor.epoch && head.n === cursor.n && head.tag === cursor.tag
    // A change of this process after the last one was lost, because it was acknowledged before the head was read.
    return isSame && !expected.some(({ n }) => n > head.n)
  }

  /** Reads the changes since the last reading. Returns `false` if they are not complete. */
  async #follow(head: Head, expected: readonly LogHead[]): Promise<boolean> {
    let cursor = this.#cursor
    if (head === undefined || head.isDamaged || cursor?.epoch !== head.epoch) return false
    if (cursor.n >= head.n || expected.some(({ n }) => n > head.n)) return false
    while (cursor.n < head.n) {
      const records = await this.#log.since(cursor.n)
      const changes = changesAfter(cursor, records)
      const last = changes?.at(-1)
      if (changes === undefined || last === undefined || !this.#matchesOwn(changes, head.epoch)) return false
      this.#reportSkipped(this.#skipped + this.#apply(changes.map(({ entry }) => entry)))
      cursor = { epoch: head.epoch, n: last.n, tag: last.tag }
      this.#cursor = cursor
    }
    return cursor.n > head.n || cursor.tag === head.tag
  }

  /** Compares changes with own ones. Returns `false` if the log has another change in place of one of this process. */
  #matchesOwn(changes: readonly LogRecord[], epoch: string): boolean {
    const last = changes.at(-1)?.n ?? 0
    const tags = new Map(changes.map(({ n, tag }) => [n, tag]))
    const reached = this.#expected.filter((own) => own.epoch === epoch && own.n <= last)
    if (reached.some(({ n, tag }) => tags.has(n) && tags.get(n) !== tag)) return false
    this.#expected = this.#expected.filter((own) => !reached.includes(own))
    return true
  }

  /**
   * Reads the whole set, and writes what it lacks. Returns `false` if that could not be written.
   */
  async #synchronize(head: Head, onProgress: () => void): Promise<boolean> {
    const now = this.#local.clock.now()
    const missing = new Map<string, Entry>()
    for (const entry of this.#local.set.entries())
      if (!hasExpired(entry, now)) missing.set(keyOf(entry), entry)
    // What is not yet written is not lost.
    const inFlight = new Set(this.#inFlight.keys())
    const expected = new Set(this.#expected)
    const overflows = this.#overflows
    let skipped = 0
    let position: SnapshotPosition | undefined
    do {
      const page = await this.#log.snapshot(position)
      onProgress()
      skipped += this.#apply(page.entries)
      for (const entry of page.entries) {
        if (entry === undefined) continue
        const key = keyOf(entry)
        const own = missing.get(key)
        if (own !== undefined && own.limit <= entry.limit) missing.delete(key)
      }
      position = page.next
    } while (position !== undefined)
    this.#reportSkipped(skipped)
    this.#cursor = head
    this.#coveredOverflows = overflows
    this.#expected = this.#expected.filter((own) => !expected.has(own))
    if (missing.size === 0 && head?.isDamaged !== true) return head !== undefined
    const entries = [...missing.values()]
    const lost = entries.filter((entry) => !this.#unsent.has(keyOf(entry)) && !inFlight.has(keyOf(entry)))
    const isWritten = (await this.#write(entries)) !== undefined
    if (isWritten && lost.length > 0) {
      const what =
        lost.length === 1 ? 'entry that the store had lost was' : 'entries that the store had lost were'
      const detail = `${lost.length} ${what} written back`
      this.#local.tell('store_repaired', detail, lost)
    }
    return isWritten
  }

  /** Finds out whether the log can be written, so that this is known before a revocation needs it. */
  async #probe(): Promise<void> {
    try {
      await this.#log.probe()
      this.#setWritable()
    } catch (error) {
      if (this.#probeFailure === undefined)
        this.#local.tell('store_failing', `the revocations cannot be written: ${messageOf(error)}`, [])
      this.#probeFailure = error
    }
  }

  #setWritable(): void {
    if (this.#probeFailure !== undefined)
      this.#local.tell('store_recovered', 'the revocations can be written again', [])
    this.#probeFailure = undefined
    this.#isWritable = true
  }

  /** Writes entries. Returns the last change, or `undefined` if they could not be written. */
  async #write(entries: readonly Entry[]): Promise<LogHead | undefined> {
    this.#countInFlight(entries, 1)
    try {
      const head = await this.#log.append(entries, this.#local.clock.now())
      for (const entry of entries) this.#unsent.delete(keyOf(entry))
      this.#setWritable()
      this.#expect(head)
      return head
    } catch (error) {
      for (const entry of entries) this.#unsent.set(keyOf(entry), entry)
      this.#writeFailure = error
      return undefined
    } finally {
      this.#countInFlight(entries, -1)
    }
  }

  #countInFlight(entries: readonly Entry[], change: 1 | -1): void {
    for (const entry of entries) {
      const key = keyOf(entry)
      const count = (this.#inFlight.get(key) ?? 0) + change
      if (count === 0) this.#inFlight.delete(key)
      else this.#inFlight.set(key, count)
    }
  }

  #expect(head: LogHead): void {
    const cursor = this.#cursor
    if (cursor?.epoch === head.epoch && cursor.n >= head.n) return
    this.#expected.push(head)
    if (this.#expected.length <= MAX_EXPECTED) return
    // Too many to compare: the whole set is compared instead.
    this.#expected = []
    this.#overflows += 1
  }

  /** Adds entries to those of this process. Returns the number of entries that cannot be read. */
  #apply(entries: readonly (Entry | undefined)[]): number {
    const valid = entries.filter((entry) => entry !== undefined)
    if (valid.length > 0) this.#local.apply(valid)
    return entries.length - valid.length
  }

  /** Reports unreadable entries once, although every reading of the whole set finds them. */
  #reportSkipped(count: number): void {
    if (count > this.#skipped) {
      const what = count === 1 ? 'entry of the store is' : 'entries of the store are'
      const detail = `${count} ${what} not readable: another version, or written by another program`
      this.#local.tell('entry_skipped', detail, [])
    }
    this.#skipped = count
  }
}

/** Returns the changes after a cursor; `undefined` if there is a gap, or if the log has another history. */
function changesAfter({ n, tag }: LogHead, records: readonly LogRecord[]): readonly LogRecord[] | undefined {
  const [first] = records
  if (n > 0 && (first?.n !== n || first.tag !== tag)) return undefined
  const changes = n > 0 ? records.slice(1) : records
  return changes.every((record, index) => record.n === n + 1 + index) ? changes : undefined
}
