import { randomBytes } from 'node:crypto'
import { expiryOf, keyOf, parseEntry, serializeEntry, type Entry } from '../../src/revocation/entry.js'
import type { LogHead, LogRecord, RevocationLog, SnapshotPage } from '../../src/revocation/log.js'
import { APPEND_SCRIPT } from './append-script.js'
import type { RedisConnection } from './connection.js'
import { integerOf, listOf, textOf } from './replies.js'

/** Number of log entries that Redis keeps at least. A reader that is further behind reads the whole set. */
const LOG_LENGTH = 10_000

/** Number of entries that one command reads or writes, so that Redis is never blocked for long. */
const PAGE = 1000

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
    for (let start = 0; start === 0 || start < entries.length; start += PAGE) {
      const values = entries.slice(start, start + PAGE).flatMap(argumentsOf)
      const fixed = [epoch, tag, String(LOG_LENGTH), String(Math.floor(now)), channelOf(prefix)]
      head = headOf(listOf(await runScript([...keys, ...fixed, ...values])))
    }
    if (head === undefined) throw new Error('Redis returned an unreadable reply to the script')
    return head
  }

  async function runScript(args: readonly string[]): Promise<unknown> {
    const count = String(keys.length)
    try {
      return await send('EVALSHA', APPEND_SCRIPT.sha, count, ...args)
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
      return send('EVAL', APPEND_SCRIPT.source, count, ...args)
    }
  }

  return {
    append,
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
    async snapshot(after): Promise<SnapshotPage> {
      const reply = listOf(
        await send('ZRANGEBYSCORE', live, `(${after}`, '+inf', 'WITHSCORES', 'LIMIT', '0', String(PAGE)),
      )
      return pageOf(reply)
    },
  }
}

/** State of a log whose state is lost. It is never that of a log. */
const DAMAGED = { epoch: '', n: 0, tag: '', isDamaged: true } as const

function argumentsOf(entry: Entry): readonly string[] {
  const expiry = expiryOf(entry)
  return [
    keyOf(entry),
    String(entry.limit),
    serializeEntry(entry),
    expiry === undefined ? '' : String(Math.ceil(expiry)),
  ]
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
function pageOf(reply: readonly unknown[]): SnapshotPage {
  const flat = reply.flatMap((item) => (Array.isArray(item) ? (item as unknown[]) : [item]))
  const entries: (Entry | undefined)[] = []
  let last = 0
  for (let index = 0; index + 1 < flat.length; index += 2) {
    entries.push(parseStored(textOf(flat[index]) ?? ''))
    last = Math.max(last, Number(textOf(flat[index + 1]) ?? 0))
  }
  return { entries, last, isLast: entries.length < PAGE }
}

/** Reads the stored form: the limit, which the script compares, and the entry. */
function parseStored(stored: string): Entry | undefined {
  return parseEntry(stored.slice(stored.indexOf(' ') + 1))
}
