import { createSocket } from 'node:dgram'

/** A name server on the loopback interface. */
export interface NameServer {
  /** Number of ignored queries for a name. */
  readonly swallowed: (name: string) => number
  /** Number of queries for a name that wait for a reply. */
  readonly held: (name: string) => number
  /** Replies to the waiting queries. */
  readonly reply: () => void
  readonly close: () => void
}

const TYPE_A = 1
const TYPES: Readonly<Record<number, QueryType>> = { 1: 'A', 28: 'AAAA' }
const [NO_ERROR, NAME_ERROR] = [0, 3]

/** Handling of a query: a reply, no reply, or a reply when {@link NameServer.reply} is called. */
export type Treatment = 'answer' | 'swallow' | 'hold'

/** The type of a query (RFC 1035 section 3.2.2, RFC 3596 section 2.1). */
export type QueryType = 'A' | 'AAAA' | 'other'

/**
 * Replies to queries at port 53 of 127.0.0.1, the only port that `resolv.conf` can name: names below `idp.test` with
 * 127.0.0.1, and all the rest with "no such name".
 */
export async function startNameServer(
  treat: (name: string, type: QueryType) => Treatment,
): Promise<NameServer> {
  const swallowed = new Map<string, number>()
  let held: { readonly name: string; readonly send: () => void }[] = []
  const socket = createSocket('udp4')
  socket.on('message', (query, { port, address }) => {
    const { name, type, end } = readQuestion(query)
    const send = (): void => {
      socket.send(replyTo(query, end, { type, isKnown: name.endsWith('.idp.test') }), port, address)
    }
    const treatment = treat(name, TYPES[type] ?? 'other')
    if (treatment === 'swallow') swallowed.set(name, (swallowed.get(name) ?? 0) + 1)
    else if (treatment === 'hold') held.push({ name, send })
    else send()
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.bind(53, '127.0.0.1', resolve)
  })
  return {
    swallowed: (name) => swallowed.get(name) ?? 0,
    held: (wanted) => held.filter(({ name }) => name === wanted).length,
    reply: () => {
      for (const { send } of held) send()
      held = []
    },
    close: () => {
      socket.close()
    },
  }
}

/** Reads the question section of a query (RFC 1035 section 4.1.2), and where it ends. */
function readQuestion(query: Buffer): { readonly name: string; readonly type: number; readonly end: number } {
  const labels: string[] = []
  let at = 12
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 }
}

function replyTo(
  query: Buffer,
  end: number,
  { type, isKnown }: { readonly type: number; readonly isKnown: boolean },
): Buffer {
  const hasAddress = isKnown && type === TYPE_A
  const header = Buffer.from(query.subarray(0, 12))
  header.writeUInt16BE(0x8180 | (isKnown ? NO_ERROR : NAME_ERROR), 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(hasAddress ? 1 : 0, 6)
  header.writeUInt32BE(0, 8)
  const question = query.subarray(12, end)
  // A pointer to the name in the question, type A, class IN, one second to live, four bytes.
  const answer = Buffer.from([0xc0, 12, 0, TYPE_A, 0, 1, 0, 0, 0, 1, 0, 4, 127, 0, 0, 1])
  return Buffer.concat(hasAddress ? [header, question, answer] : [header, question])
}
