import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { createClock } from '../../src/options/clock.js'
import type { Entry } from '../../src/revocation/entry.js'
import { LocalRevocations } from '../../src/revocation/local-revocations.js'
import { LogReader } from '../../src/revocation/log-reader.js'
import type { LogRecord, RevocationLog } from '../../src/revocation/log.js'
import { PolledStore } from '../../src/revocation/polled-store.js'
import { NOW, START } from '../support/clock.js'
import { passDeadlines } from '../support/setup/deadlines.js'
import { nextTurn } from '../support/until.js'

const PROCESSES = 10_000
const STEP = 0.02

const REVOKED: Entry = {
  kind: 'client',
  issuer: 'https://auth.example.com',
  value: 'billing',
  limit: NOW,
  at: NOW,
  reason: undefined,
  clientId: undefined,
  issuedAt: undefined,
}

/** Log in memory that counts the commands that a log in Redis would send. */
class CountingLog implements RevocationLog {
  commands = 0
  readonly #records: LogRecord[] = []

  append = (entries: readonly Entry[]): ReturnType<RevocationLog['append']> => {
    for (const entry of entries) this.#records.push({ n: this.#records.length + 1, tag: 'tag', entry })
    return Promise.resolve(this.#last())
  }
  confirm = (): Promise<number> => Promise.resolve(0)
  head = (): ReturnType<RevocationLog['head']> => {
    this.commands += 2
    return Promise.resolve({ ...this.#last(), isDamaged: false })
  }
  since = (n: number): Promise<readonly LogRecord[]> => {
    this.commands += 1
    return Promise.resolve(this.#records.filter((record) => record.n >= n))
  }
  snapshot = (): ReturnType<RevocationLog['snapshot']> => {
    this.commands += 1
    return Promise.resolve({ entries: this.#records.map(({ entry }) => entry), next: undefined })
  }
  probe = (): Promise<void> => Promise.resolve()

  #last(): { readonly epoch: string; readonly n: number; readonly tag: string } {
    return { epoch: 'epoch', n: this.#records.length, tag: 'tag' }
  }
}

it('10,000 processes send as many commands, and know a revocation as soon, as docs/guide/fleet.md states', async () => {
  const clock = createClock(() => START)
  const log = new CountingLog()
  const fleet = Array.from({ length: PROCESSES }, () => {
    const local = new LocalRevocations({
      maxEntries: 1000,
      clock,
      systemClock: clock,
      observer: () => undefined,
    })
    const settings = { interval: 1, maxStaleness: 30, acceptsStale: false, watch: undefined }
    const store = new PolledStore(local, new LogReader(log, local), settings)
    return { local, store }
  })
  const pass = async (seconds: number, each: () => void = () => undefined): Promise<void> => {
    for (let passed = 0; passed < seconds - STEP / 2; passed += STEP) {
      passDeadlines(STEP)
      // A reading is a few promises.
      for (let turn = 0; turn < 3; turn += 1) await nextTurn()
      each()
    }
  }
  await log.append([{ ...REVOKED, value: 'earlier' }])
  // Processes start at different times.
  const waiting = [...fleet]
  await pass(1, () => {
    for (const { store } of waiting.splice(0, PROCESSES * STEP)) store.start()
  })
  await pass(1)

  const before = log.commands
  await pass(5)
  const perSecond = (log.commands - before) / 5
  const stated = (2 * PROCESSES) / 0.95
  expect(perSecond / stated).toBeGreaterThan(0.95)
  expect(perSecond / stated).toBeLessThan(1.05)

  await log.append([REVOKED])
  const known: number[] = []
  await pass(1, () => {
    known.push(fleet.filter(({ local }) => local.covers([REVOKED])).length)
  })
  // Half of the processes after half an interval, and all of them after one.
  expect(known[Math.round(0.5 / STEP) - 1]).toBeGreaterThan(PROCESSES * 0.45)
  expect(known.at(-1)).toBe(PROCESSES)

  for (const { store } of fleet) store.stop()
  const page = readFileSync(new URL('../../docs/guide/fleet.md', import.meta.url), 'utf8')
  expect(page).toContain(`${Math.round(stated / 1000)},000 commands a second`)
})
