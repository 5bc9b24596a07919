import type { KeyFault } from './faults.js'
import { mint, oldKey, startKeyServer } from './key-server.js'
import type { Guarded, Peer } from './peers.mjs'

/** One line of the table. */
export interface Row {
  readonly fault: string
  readonly phase: string
  readonly package: string
  readonly answer: string
  readonly reason: string
  readonly calls: string
  readonly recovery: string
}

/** What came back for one request. */
interface Reply {
  readonly status: number
  readonly reason: string
}

export const LONGEST_WAIT_MS = 15_000
const POLL_MS = 100

/** Sends one token and reads what the guard says about it. */
export async function send({ url }: Guarded, token: string): Promise<Reply> {
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
  const text = await response.text()
  if (response.ok) return { status: response.status, reason: '' }
  return { status: response.status, reason: reasonOf(text, response.headers.get('www-authenticate')) }
}

const LONGEST_REASON = 60

function reasonOf(text: string, challenge: string | null): string {
  const described = /error="([^"]*)"/.exec(challenge ?? '')?.[1]
  const sentence = messageOf(text) ?? /<pre>([^<\n]*)/.exec(text)?.[1] ?? text.split('\n')[0] ?? ''
  const reason = [described, sentence].filter((part) => part !== undefined && part !== '').join(': ')
  // Ports differ from run to run, and a table cell has one line.
  const plain = reason
    .replace(/\d{4,5}/g, 'N')
    .replaceAll('|', '/')
    .replaceAll('&quot;', '"')
  return plain.length > LONGEST_REASON ? `${plain.slice(0, LONGEST_REASON - 1)}…` : plain
}

function messageOf(text: string): string | undefined {
  try {
    const body = JSON.parse(text) as Record<string, unknown>
    const found = body['error_description'] ?? body['message'] ?? body['error']
    return typeof found === 'string' ? found : undefined
  } catch {
    return undefined
  }
}

/** `503`, or how often each status came. */
export function statuses(replies: readonly Reply[]): string {
  const counts = new Map<number, number>()
  for (const { status } of replies) counts.set(status, (counts.get(status) ?? 0) + 1)
  const parts = [...counts].map(([status, count]) =>
    counts.size === 1 ? `${status}` : `${status} × ${count}`,
  )
  return parts.join(', ')
}

export function reasons(replies: readonly Reply[]): string {
  return [...new Set(replies.map(({ reason }) => reason))].filter((reason) => reason !== '').join('; ')
}

/** How long until something holds, asked again and again. */
export async function recovery(holds: () => Promise<boolean>): Promise<string> {
  const started = performance.now()
  for (let tries = 0; performance.now() - started < LONGEST_WAIT_MS; tries += 1) {
    if (await holds())
      return tries === 0 ? 'at once' : `${((performance.now() - started) / 1000).toFixed(1)} s`
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
  return `not within ${LONGEST_WAIT_MS / 1000} s`
}

/** One package meets one fault. */
export async function meet(peer: Peer, fault: KeyFault): Promise<Row> {
  const keys = await startKeyServer()
  const guarded = await peer.start(keys)
  try {
    if (fault.phase === 'warm') await send(guarded, mint(keys.issuer, oldKey))
    keys.resetCalls()
    fault.inject(keys)
    const { atOnce, inRow } = fault.tokens(keys)
    const replies = await Promise.all(atOnce.map((token) => send(guarded, token)))
    const inRowReplies: Reply[] = []
    for (const token of inRow) inRowReplies.push(await send(guarded, token))
    const calls = keys.calls()
    const isMixed = fault.withdrawn !== undefined || fault.noise !== undefined
    const told = isMixed ? inRowReplies : [...replies, ...inRowReplies]
    fault.heal(keys)
    const { honest, withdrawn, noise } = fault
    const back = await recovery(async () => {
      if (noise !== undefined) await Promise.all(Array.from({ length: 5 }, () => send(guarded, noise(keys))))
      if (honest !== undefined) return (await send(guarded, honest(keys))).status === 200
      return withdrawn === undefined || (await send(guarded, withdrawn(keys))).status !== 200
    })
    return {
      fault: fault.name,
      phase: fault.phase,
      package: peer.name,
      answer: statuses(told),
      reason: reasons(told),
      calls: `${calls}`,
      recovery: back,
    }
  } finally {
    guarded.close()
    keys.close()
  }
}
