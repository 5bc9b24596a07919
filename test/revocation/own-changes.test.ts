import { expect, it } from 'vitest'
import type { RevocationEvent } from '../../src/model/revocation.js'
import { createClock } from '../../src/options/clock.js'
import type { Entry } from '../../src/revocation/entry.js'
import { LocalRevocations } from '../../src/revocation/local-revocations.js'
import { LogReader } from '../../src/revocation/log-reader.js'
import type { LogRecord, RevocationLog } from '../../src/revocation/log.js'
import { NOW, START } from '../support/clock.js'

/** More own changes than are compared one by one. */
const MANY = 1001

/** Log in memory. A test may do something before it responds. */
class ObservableLog implements RevocationLog {
  readonly records: LogRecord[] = []
  snapshots = 0
  before: { append?: () => Promise<void>; since?: () => Promise<void>; snapshot?: () => Promise<void> } = {}

  append = async (entries: readonly Entry[]): ReturnType<RevocationLog['append']> => {
    await this.before.append?.()
    for (const entry of entries) this.records.push({ n: this.records.length + 1, tag: 'tag', entry })
    return this.#last()
  }
  confirm = (): Promise<number> => Promise.resolve(0)
  head = (): ReturnType<RevocationLog['head']> => Promise.resolve({ ...this.#last(), isDamaged: false })
  since = async (n: number): Promise<readonly LogRecord[]> => {
    await this.before.since?.()
    return this.records.filter((record) => record.n >= n)
  }
  probe = (): Promise<void> => Promise.resolve()
  snapshot = async (): ReturnType<RevocationLog['snapshot']> => {
    this.snapshots += 1
    const entries = this.records.map(({ entry }) => entry)
    await this.before.snapshot?.()
    return { entries, next: undefined }
  }

  #last(): { readonly epoch: string; readonly n: number; readonly tag: string } {
    return { epoch: 'epoch', n: this.records.length, tag: 'tag' }
  }
}

function start() {
  const log = new ObservableLog()
  const clock = createClock(() => START)
  const events: RevocationEvent[] = []
  const observer = (event: RevocationEvent) => void events.push(event)
  const local = new LocalRevocations({ maxEntries: 100_000, clock, systemClock: clock, observer })
  const reader = new LogReader(log, local)
  let revoked = 0
  const revoke = (count: number): Promise<unknown> =>
    Promise.all(
      Array.from({ length: count }, () => {
        revoked += 1
        const entry = entryOf(`own-${revoked}`)
        local.apply([entry])
        return reader.append([entry])
      }),
    )
  return { log, local, reader, revoke, events }
}

const entryOf = (value: string): Entry => ({
  kind: 'client',
  issuer: 'https://auth.example.com',
  value,
  limit: NOW,
  at: NOW,
  reason: undefined,
  clientId: undefined,
  issuedAt: undefined,
})

it('many own changes while changes are read do not make the reading fail, and the next one reads the whole set', async () => {
  const { log, local, reader, revoke, events } = start()
  await log.append([entryOf('first')])
  await reader.read()
  await log.append([entryOf('second')])
  const { snapshots } = log
  log.before.since = async () => {
    log.before = {}
    await revoke(MANY)
  }
  await reader.read()
  expect(local.covers([entryOf('second')])).toBe(true)
  expect(log.snapshots).toBe(snapshots)
  await reader.read()
  expect(log.snapshots).toBe(snapshots + 1)
  await reader.read()
  expect(log.snapshots).toBe(snapshots + 1)
  expect(events).toEqual([])
})

it('many own changes while the whole set is read are compared by the next reading', async () => {
  const { log, reader, revoke, events } = start()
  await log.append([entryOf('first')])
  log.before.snapshot = async () => {
    log.before = {}
    await revoke(MANY)
    // A failover loses them, and another process then makes as many changes.
    log.records.forEach(({ n }, at) => (log.records[at] = { n, tag: 'tag', entry: entryOf(`foreign-${n}`) }))
  }
  await reader.read()
  await reader.read()
  expect(log.snapshots).toBe(2)
  expect(events.map(({ kind, entries }) => [kind, entries.length])).toEqual([['store_repaired', MANY + 1]])
})

it('entries that are still being written do not count as lost', async () => {
  const { log, reader, revoke, events } = start()
  await log.append([entryOf('first')])
  let finish = (): void => undefined
  const isWriting = new Promise<void>((resolve) => (finish = resolve))
  log.before.append = () => isWriting
  const revoking = revoke(3)
  log.before = {}
  await reader.read()
  finish()
  await revoking
  await reader.read()
  expect(events).toEqual([])
})
