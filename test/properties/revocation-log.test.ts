import fc from 'fast-check'
import { expect, test } from 'vitest'
import { keyOf, type Entry } from '../../src/revocation/entry.js'
import { LocalRevocations } from '../../src/revocation/local-revocations.js'
import { LogReader } from '../../src/revocation/log-reader.js'
import type { LogRecord, RevocationLog } from '../../src/revocation/log.js'
import { NOW, START } from '../support/clock.js'
import { createClock } from '../../src/options/clock.js'
import { runs } from './support.js'

/** State of one server. */
interface State {
  epoch: string | undefined
  n: number
  head: string
  records: LogRecord[]
  /** Entries by key, with the number of their last change. */
  live: Map<string, { readonly entry: Entry; readonly n: number }>
  count: number
}

/** Log in memory with the same rules as the script in Redis, whose server may lose what it likes. */
class LossyLog implements RevocationLog {
  state: State = emptyState()
  #made = 0
  #replica: State = emptyState()
  isReadOnly = false

  append = (entries: readonly Entry[]): ReturnType<RevocationLog['append']> => {
    if (this.isReadOnly) return Promise.reject(new Error('READONLY'))
    const { state } = this
    if (state.epoch === undefined || state.count !== state.live.size) {
      state.epoch = this.#next()
      state.n = Math.max(state.n, ...[...state.live.values()].map(({ n }) => n))
      state.head = ''
      state.records = []
    }
    const tag = this.#next()
    for (const entry of entries) {
      const key = keyOf(entry)
      const present = state.live.get(key)
      if (present !== undefined && present.entry.limit >= entry.limit) continue
      state.n += 1
      state.head = tag
      state.live.set(key, { entry, n: state.n })
      state.records.push({ n: state.n, tag, entry })
    }
    state.count = state.live.size
    return Promise.resolve({ epoch: state.epoch, n: state.n, tag: state.head })
  }

  confirm = (): Promise<number> => Promise.resolve(0)

  head = (): ReturnType<RevocationLog['head']> => {
    const { epoch, n, head, live, count } = this.state
    if (epoch === undefined && live.size === 0) return Promise.resolve(undefined)
    return Promise.resolve({
      epoch: epoch ?? '',
      n,
      tag: head,
      isDamaged: epoch === undefined || live.size !== count,
    })
  }

  since = (n: number): Promise<readonly LogRecord[]> =>
    Promise.resolve(this.state.records.filter((record) => record.n >= n).slice(0, 3))

  snapshot: RevocationLog['snapshot'] = ([text = '0'] = []) => {
    const after = Number(text)
    const sorted = [...this.state.live.values()].filter(({ n }) => n > after).sort((a, b) => a.n - b.n)
    const page = sorted.slice(0, 2)
    return Promise.resolve({
      entries: page.map(({ entry }) => entry),
      next: page.length === sorted.length ? undefined : [String(page.at(-1)?.n)],
    })
  }

  probe = (): Promise<void> => (this.isReadOnly ? Promise.reject(new Error('READONLY')) : Promise.resolve())

  /** The replica has everything up to now. */
  replicate(): void {
    this.#replica = copyOf(this.state)
  }

  /** The replica takes over, without what it did not have. */
  failOver(): void {
    this.state = copyOf(this.#replica)
  }

  flush(): void {
    this.state = emptyState()
  }

  trim(): void {
    this.state.records = this.state.records.slice(-1)
  }

  /** One key is evicted or deleted. */
  evict(which: 'meta' | 'log' | 'live'): void {
    if (which === 'meta') this.state.epoch = undefined
    else if (which === 'log') this.state.records = []
    else this.state.live.clear()
  }

  #next(): string {
    this.#made += 1
    return `made-${this.#made}`
  }
}

const emptyState = (): State => ({ epoch: undefined, n: 0, head: '', records: [], live: new Map(), count: 0 })
const copyOf = (state: State): State => ({ ...state, records: [...state.records], live: new Map(state.live) })

type Step =
  | { readonly do: 'revoke'; readonly by: number; readonly entry: Entry }
  | { readonly do: 'read'; readonly by: number }
  | { readonly do: 'replicate' | 'failOver' | 'flush' | 'trim' | 'refuseWrites' | 'allowWrites' }
  | { readonly do: 'evict'; readonly which: 'meta' | 'log' | 'live' }

const PROCESSES = 3
const by = fc.nat(PROCESSES - 1)
const entry: fc.Arbitrary<Entry> = fc
  .record({
    kind: fc.constantFrom('client' as const, 'token' as const),
    value: fc.constantFrom('a', 'b', 'c'),
    limit: fc.integer({ min: NOW, max: NOW + 3 }),
  })
  .map((members) => ({
    ...members,
    issuer: 'iss',
    at: NOW,
    reason: undefined,
    clientId: undefined,
    issuedAt: undefined,
  }))

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('revoke' as const), by, entry }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('read' as const), by }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom('replicate' as const, 'failOver' as const, 'trim' as const) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('flush' as const, 'refuseWrites' as const, 'allowWrites' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('evict' as const),
      which: fc.constantFrom('meta' as const, 'log' as const, 'live' as const),
    }),
  },
)

interface Process {
  readonly local: LocalRevocations
  readonly reader: LogReader
}

async function run(one: Step, log: LossyLog, processes: readonly Process[]): Promise<void> {
  switch (one.do) {
    case 'revoke': {
      const { local, reader } = processes[one.by]!
      local.apply([one.entry])
      await reader.append([one.entry]).catch(() => undefined)
      return
    }
    case 'read':
      await processes[one.by]!.reader.read()
      return
    case 'evict':
      log.evict(one.which)
      return
    case 'refuseWrites':
    case 'allowWrites':
      log.isReadOnly = one.do === 'refuseWrites'
      return
    default:
      log[one.do]()
  }
}

test('any history of revocations, losses and readings never un-revokes, and then every process knows everything', async () => {
  const clock = createClock(() => START)
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (history) => {
      const log = new LossyLog()
      const processes = Array.from({ length: PROCESSES }, (): Process => {
        const local = new LocalRevocations({
          maxEntries: 1000,
          clock,
          systemClock: clock,
          observer: () => undefined,
        })
        return { local, reader: new LogReader(log, local) }
      })
      const known: Entry[][] = processes.map(() => [])
      for (const one of history) {
        await run(one, log, processes)
        if (one.do === 'revoke') known[one.by]!.push(one.entry)
        processes.forEach(({ local }, index) => {
          for (const each of known[index]!) expect(local.set.covers(each, NOW)).toBe(true)
          known[index] = [...known[index]!, ...local.set.entries()]
        })
      }
      log.isReadOnly = false
      for (let round = 0; round < 2; round += 1) for (const { reader } of processes) await reader.read()
      const everything = known.flat()
      for (const { local } of processes)
        for (const each of everything) expect(local.set.covers(each, NOW)).toBe(true)
      // A process that starts now knows everything too.
      const local = new LocalRevocations({
        maxEntries: 1000,
        clock,
        systemClock: clock,
        observer: () => undefined,
      })
      await new LogReader(log, local).read()
      for (const each of everything) expect(local.set.covers(each, NOW)).toBe(true)
    }),
    runs(300),
  )
})
