import { randomBytes } from 'node:crypto'
import { expiryOf, keyOf, parseEntry, serializeEntry, type Entry } from '../../src/revocation/entry.js'
import type {
  LogHead,
  LogRecord,
  RevocationLog,
  SnapshotPage,
  SnapshotPosition,
} from '../../src/revocation/log.js'
import { APPEND_SCRIPT } from './append-script.js'
import type { RedisConnection } from './connection.js'
import { integerOf, listOf, textOf } from './replies.js'

/** Number of log entries that Redis keeps at least. A reader that is further behind reads the whole set. */
const LOG_LENGTH = 10_000

/** Number of entries that one command reads or writes, so that Redis is never blocked for long. */
const PAGE = 1000

/** Maximum calls of the script for the same entries, of which each is for those that another program has replaced meanwhile. */
const MAX_CALLS = 5

/** Milliseconds for which a revocation waits for the confirmation of a replica. */
const REPLICA_MILLISECONDS = '100'

/** Returns the channel of the messages that say that there are changes. */
export function channelOf(prefix: string): string {
  return `{${prefix}}:revocations:changed`
}

/** Creates the log of revocations in Redis. All keys have one hash tag, so that a cluster keeps them in one slot. */
export function createRedisLog(
  { send, sendTogether }: Pick<RedisConnection, 'send' | 'sendTogether'>,
  prefix: string,
): RevocationLog {
  const key = (name: string): string => `{${prefix}}:revocations:${name}`
  const [meta, log, live] = [key('meta'), key('log'), key('live')]
  const keys = [meta, log, live, key('keys'), key('expiry')]

  async function append(entries: readonly Entry[], now: number): Promise<LogHead> {
    const tag = randomBytes(8).toString('hex')
    const epoch = randomBytes(8).toString('hex')
    let head: LogHead | undefined
    // One call even without entries: it creates the epoch.
    const fixed = [epoch, tag, String(LOG_LENGTH), String(Math.floor(now)), channelOf(prefix)]
    for (let start = 0; start === 0 || start < entries.length; start += PAGE)
      head = await appendPage(fixed, entries.slice(start, start + PAGE))
    if (head === undefined) throw new Error(UNREADABLE_REPLY)
    return head
  }

  async function appendPage(
    fixed: readonly string[],
    entries: readonly Entry[],
  ): Promise<LogHead | undefined> {
    let additions: readonly Addition[] = entries.map((entry) => ({ entry, unreadable: '' }))
    for (let call = 0; call < MAX_CALLS; call += 1) {
      const reply = listOf(await runScript([...fixed, ...additions.flatMap(argumentsOf)]))
      additions = unreachedOf(additions, listOf(reply[3]))
      if (additions.length === 0) return headOf(reply)
    }
    throw new Error('another program keeps replacing the entries')
  }

  async function runScript(args: readonly string[]): Promise<unknown> {
    const count = String(keys.length)
    try {
      return await send('EVALSHA', APPEND_SCRIPT.sha, count, ...keys, ...args)
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
      return send('EVAL', APPEND_SCRIPT.source, count, ...keys, ...args)
    }
  }

  return {
    append,
    async probe() {
      await runScript([''])
    },
    async confirm(appended) {
      // `WAIT` without replicas would block the connection for the whole time.
      const replicas = await sendTogether(meta, [['ZCARD', live], ['ROLE']]).then(
        ([, role]) => listOf(listOf(role)[2]).length,
        // The command may be forbidden.
        () => 1,
      )
      if (replicas === 0) return 0
      // `WAIT` is about the last write of its connection, which need not be that of the script.
      const [, confirmed, state, records] = await sendTogether(meta, [
        ['HSET', meta, 'confirmed', '1'],
        ['WAIT', '1', REPLICA_MILLISECONDS],
        // Afterwards, because the connection may be to a server that has taken over since, and lacks the change.
        ['HMGET', meta, 'epoch', 'n', 'head'],
        ['XRANGE', log, `${appended.n}-0`, `${appended.n}-0`],
      ])
      return hasChange(headOf(listOf(state)), listOf(records), appended) ? (integerOf(confirmed) ?? 0) : 0
    },
    async head() {
      let last: LogHead | undefined
      for (;;) {
        // Sent together, in one round trip, but not executed as one: an entry may be appended in between.
        const [state, count] = await Promise.all([
          send('HMGET', meta, 'epoch', 'n', 'head', 'count'),
          send('ZCARD', live),
        ])
        const values = listOf(state)
        const head = headOf(values)
        // Entries without a state are what is left after the key of the state was evicted or deleted.
        if (head === undefined) return integerOf(count) === 0 ? undefined : DAMAGED
        // Keys that were evicted or deleted one by one leave another number of entries than the script has counted.
        if (integerOf(values[3]) === integerOf(count)) return { ...head, isDamaged: false }
        if (last?.n === head.n && last.epoch === head.epoch) return { ...head, isDamaged: true }
        last = head
      }
    },
    async since(n) {
      const records = listOf(
        await send('XRANGE', log, n === 0 ? '-' : `${n}-0`, '+', 'COUNT', String(PAGE + 1)),
      )
      return records.map(recordOf)
    },
    async snapshot(position = WHOLE_SET) {
      const [from = '', to = '', offset = ''] = position
      const reply = listOf(
        await send('ZRANGEBYSCORE', live, from, to, 'WITHSCORES', 'LIMIT', offset, String(PAGE)),
      )
      return pageOf(reply, position)
    },
  }
}

const UNREADABLE_REPLY = 'Redis returned an unreadable reply to the script'

/** The first position: lowest and highest score, and number of members to skip. */
const WHOLE_SET: SnapshotPosition = ['-inf', '+inf', '0']

/** State of a log whose state is lost. It is never that of a log. */
const DAMAGED = { epoch: '', n: 0, tag: '', isDamaged: true } as const

/** An entry to add, and the SHA-1 of what is stored in its place and cannot be read. */
interface Addition {
  readonly entry: Entry
  readonly unreadable: string
}

function argumentsOf({ entry, unreadable }: Addition): readonly string[] {
  const expiry = expiryOf(entry)
  return [
    keyOf(entry),
    String(entry.limit),
    serializeEntry(entry),
    expiry === undefined ? '' : String(Math.ceil(expiry)),
    unreadable,
  ]
}

/** Returns what the script did not add because of something that readers do not accept in place of it. */
function unreachedOf(additions: readonly Addition[], found: readonly unknown[]): readonly Addition[] {
  const unreached: Addition[] = []
  for (let index = 0; index + 2 < found.length; index += 3) {
    const entry = additions[integerOf(found[index]) ?? -1]?.entry
    if (entry === undefined) throw new Error(UNREADABLE_REPLY)
    const present = parseStored(textOf(found[index + 1]) ?? '')
    if (present === undefined || keyOf(present) !== keyOf(entry) || present.limit < entry.limit)
      unreached.push({ entry, unreadable: textOf(found[index + 2]) ?? '' })
  }
  return unreached
}

/** Whether a server has a change. One without a tag has only begun the epoch. */
function hasChange(head: LogHead | undefined, records: readonly unknown[], { epoch, tag }: LogHead): boolean {
  if (head?.epoch !== epoch) return false
  return tag === '' || records.map(recordOf).some((record) => record.tag === tag)
}

function headOf([epoch, n, tag]: readonly unknown[]): LogHead | undefined {
  const [epochText, number] = [textOf(epoch), integerOf(n)]
  return epochText === undefined || number === undefined
    ? undefined
    : { epoch: epochText, n: number, tag: textOf(tag) ?? '' }
}

function recordOf(record: unknown): LogRecord {
  const [id, fields] = listOf(record)
  const values = listOf(fields).map(textOf)
  const fieldOf = (name: string): string => {
    const at = values.findIndex((value, index) => index % 2 === 0 && value === name)
    return at === -1 ? '' : (values[at + 1] ?? '')
  }
  return {
    n: Number.parseInt(textOf(id) ?? '', 10),
    tag: fieldOf('t'),
    entry: parseStored(fieldOf('e')),
  }
}

/** Reads members and their scores. RESP3 returns pairs, RESP2 a flat list. */
function pageOf(reply: readonly unknown[], [from = '', to = '', offset]: SnapshotPosition): SnapshotPage {
  const flat = reply.flatMap((item) => (Array.isArray(item) ? (item as unknown[]) : [item]))
  const members = flat.filter((_, index) => index % 2 === 0)
  const scores = flat.filter((_, index) => index % 2 === 1).map((score) => textOf(score) ?? '')
  const [first = '', last = ''] = [scores[0], scores.at(-1)]
  const entriesOf = (values: readonly unknown[]): readonly (Entry | undefined)[] =>
    values.map((value) => parseStored(textOf(value) ?? ''))
  if (members.length < PAGE)
    return { entries: entriesOf(members), next: to === WHOLE_SET[1] ? undefined : [`(${from}`, '+inf', '0'] }
  // More members with this score than a page has, which this package does not create.
  if (first === last)
    return {
      entries: entriesOf(members),
      next: [last, last, String((to === last ? Number(offset) : 0) + PAGE)],
    }
  // There may be more members with the last score, which the next page begins with.
  return { entries: entriesOf(members.slice(0, scores.indexOf(last))), next: [last, '+inf', '0'] }
}

/** Reads the stored form: the limit, which the script compares, and the entry. */
function parseStored(stored: string): Entry | undefined {
  return parseEntry(stored.slice(stored.indexOf(' ') + 1))
}
